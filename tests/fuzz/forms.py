"""Readers of transcripts that others wrote: of products, services and researchers."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from integrations.files.transcripts.records import parse_record
from integrations.files.transcripts.tiers import Interval
from integrations.files.transcripts.writing import WRITERS, Told, told_of
from moderator.timeline import to_samples
from tests.fuzz.mutations import Form
from tests.fuzz.target import Target
from tests.fuzz.transcripts import RECORD, RTTM, used
from tests.integrations.files.transcripts.services import test_services as services
from tests.integrations.files.transcripts.test_products import SRT, TEAMS, ZOOM
from tests.integrations.files.transcripts.test_research import LHOTSE, NEMO, cut

OTTER: Final = """Weekly, 3 May

Ana Lee  0:01
Good morning, all of you.

Ben (0:04): Hello.
[00:00:06.5 - 00:00:08] Ana Lee: Shall we begin?
00:01:02
Ben: Yes: let us.
Ana Lee: With the money.
"""
CHAT_OF_ZOOM: Final = """10:01:02 From Ana Lee to Everyone: good morning
10:01:09 From  Ben  to  Ana Lee(Direct Message) : hello
"""
STM: Final = "tried 1 ana 0.5 1.5 <o,f0> good { morning / day / @ }\ntried 1 ben 2 3 hello all\n"
LABELS: Final = (
    "0.5\t1.5\tAna: good morning\n\\\t100\t900\n2.0\t3.0\tBen: hello\n2.5\t2.5\tBen: hm\n"
)
CTM: Final = """a b 1 0.5 0.4 Good 0.98 lex Ana
a b 1 1.0 0 <ALT_BEGIN>
a b 1 1.0 0.4 day
a b 1 1.4 0 <ALT>
a b 1 1.0 0.4 night
a b 1 1.4 0 <ALT_END>
a b 1 2.0 0.4 hello NA lex Ben
"""
SEGMENTS: Final = "u1 tried 0.5 1.5\nu2 tried 2.0 -1\nu3 tried 3.0 4.0\n"
KALDI: Final = {
    "segments": SEGMENTS,
    "text": "u1 good morning\nu2 hello\tall\nu3\n",
    "utt2spk": "u1 Ana%20Lee\nu2 ben\nu3 ben\n",
}
UEM: Final = "tried 1 0.0 1.25\ntried 1 2.0 9.0\n"
CHAT: Final = """@UTF8
@Begin
@Participants:\tANA Ana_Lee Participant, BEN Ben Participant
@Media:\ttried, audio
*ANA:\tgood (.) morning [//] &-uh 0is <all of> you .
\tand so on ? \x15%snd:"tried"_500_1500\x15
%com:\tlaughs
*BEN:\thello (1.5) +... \x152000_3000\x15
@End
"""
PRAAT: Final = """File type = "ooTextFile"
Object class = "TextGrid"

0
9
<exists>
2
"IntervalTier"
"Ana ""A"" Lee"
0
9
2
0
1.5
"good morning"
1.5
9
""
"TextTier"
"bell"
0
9
1
3
"rings"
"""
ELAN: Final = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT FORMAT="3.0"><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="b"/>
<TIME_SLOT TIME_SLOT_ID="c" TIME_VALUE="1500"/></TIME_ORDER>
<TIER TIER_ID="ana" PARTICIPANT="Ana"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="x" TIME_SLOT_REF1="a" TIME_SLOT_REF2="b">
<ANNOTATION_VALUE>good &amp; early</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="words" PARENT_REF="ana"><ANNOTATION>
<REF_ANNOTATION ANNOTATION_ID="y" ANNOTATION_REF="x"><ANNOTATION_VALUE>good</ANNOTATION_VALUE>
</REF_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>
"""
_WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCUMENT: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<w:document xmlns:w="{_WORD}"><w:body>
<w:p><w:r><w:t>Ana Lee</w:t><w:tab/><w:t>0:01</w:t></w:r></w:p>
<w:p><w:r><w:t>good &#109;orning</w:t><w:br/><w:t>all</w:t></w:r></w:p>
<w:p><w:r><w:t>Ben</w:t><w:tab/><w:t>0:04</w:t></w:r></w:p><w:p><w:r><w:t>hello</w:t></w:r></w:p>
</w:body></w:document>"""

OF_SERVICES: Final[Mapping[str, Sequence[Any]]] = {
    "whisper": [services.WHISPERX, services.OPENAI],
    "deepgram": [services.DEEPGRAM],
    "assemblyai": [
        services.ASSEMBLYAI,
        {"audio_url": "x", "words": services.ASSEMBLYAI["utterances"][0]["words"]},
    ],
    "rev": [services.REV],
    "fireflies": [services.FIREFLIES, {"data": {"transcript": services.FIREFLIES}}],
    "recall": [services.RECALL],
}


def _told() -> Told:
    """A meeting as this project writes it, with a decision above."""
    told = told_of(parse_record(json.dumps(RECORD), Path("tried.json")))
    decided = [Interval(to_samples(3.0), to_samples(3.5), "waited: the floor was held")]
    return Told(told.meeting_id, told.duration, told.words, told.voices, told.names, decided)


def _own(form: str) -> bytes:
    (text,) = WRITERS[form](_told()).values()
    return text.encode()


def _written(form: str, *others: str) -> Any:
    return lambda _: [_own(form), *(text.encode() for text in others)]


def _alone(name: str, data: bytes, folder: Path) -> None:
    (folder / name).write_bytes(data)
    used([folder / name], folder)


def _with(others: Mapping[str, str], name: str, data: bytes, folder: Path) -> None:
    (folder / name).write_bytes(data)
    for other, text in others.items():
        if other != name:
            (folder / other).write_text(text)
    used([folder / name, *(folder / other for other in others if other != name)], folder)


def docx(document: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A document of Word that holds this XML."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), "<Types/>")
        member = zipfile.ZipInfo("word/document.xml")
        member.compress_type = method
        archive.writestr(member, document)
    return buffer.getvalue()


def _docx_of(data: bytes, folder: Path) -> None:
    _alone("tried.docx", docx(data, zipfile.ZIP_STORED), folder)


def _lines(values: Sequence[Any]) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def _text(name: str, ending: str, seeds: Any, like: tuple[str, ...] = ()) -> Target:
    return Target(name, Form.TEXT, seeds, partial(_alone, f"tried{ending}"), like=like)


TARGETS: Final = (
    _text("vtt", ".vtt", _written("vtt", TEAMS, ZOOM), (".vtt",)),
    _text("srt", ".srt", _written("srt", SRT), (".srt",)),
    _text("text with times", ".txt", _written("text", OTTER, CHAT_OF_ZOOM), (".txt",)),
    _text("stm", ".stm", _written("stm", STM), (".stm",)),
    _text("ctm with speakers", ".ctm", _written("ctm", CTM)),
    _text("audacity", ".txt", _written("audacity", LABELS)),
    _text("talkbank's chat", ".cha", _written("chat", CHAT), (".cha",)),
    _text("textgrid", ".TextGrid", _written("textgrid", PRAAT), (".TextGrid",)),
    _text("eaf", ".eaf", _written("eaf", ELAN), (".eaf",)),
    Target(
        "captions beside rttm",
        Form.TEXT,
        lambda _: [SRT.replace("Ana Lee: ", "").replace("Ben: ", "").encode()],
        partial(_with, {"tried.rttm": RTTM}, "tried.srt"),
    ),
    Target("uem", Form.TEXT, lambda _: [UEM.encode()], partial(_with, {"t.stm": STM}, "tried.uem")),
    *(
        Target(
            f"kaldi {name}",
            Form.TEXT,
            partial(lambda one, _: [KALDI[one].encode()], name),
            partial(_with, KALDI, name),
        )
        for name in KALDI
    ),
    Target("nemo", Form.LINES, lambda _: [_lines(NEMO)], partial(_alone, "tried.jsonl")),
    Target(
        "lhotse",
        Form.LINES,
        lambda _: [_lines(LHOTSE), _lines([cut(0.5, *LHOTSE)]), json.dumps(LHOTSE).encode()],
        partial(_alone, "tried.jsonl"),
    ),
    Target(
        "gzipped manifest",
        Form.BYTES,
        lambda _: [gzip.compress(_lines(LHOTSE), mtime=0)],
        partial(_alone, "tried.jsonl.gz"),
    ),
    Target(
        "docx",
        Form.BYTES,
        lambda _: [
            docx(DOCUMENT.encode(), method) for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        ],
        partial(_alone, "tried.docx"),
        like=(".docx",),
    ),
    Target("docx's text", Form.TEXT, lambda _: [DOCUMENT.encode()], _docx_of),
    *(
        Target(
            f"json of {name}",
            Form.JSON,
            partial(lambda some, _: [json.dumps(one).encode() for one in some], values),
            partial(_alone, "tried.json"),
        )
        for name, values in OF_SERVICES.items()
    ),
)
