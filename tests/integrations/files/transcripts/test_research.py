"""Forms of researchers: what is read, what comes back, and that others' libraries read it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given

from integrations.files.inputs import open_inputs
from integrations.files.transcripts.audacity import audacity_text, parse_audacity
from integrations.files.transcripts.chat import chat_text, parse_chat
from integrations.files.transcripts.ctm import by_speaker, ctm_text, parse_ctm
from integrations.files.transcripts.eaf import eaf_text, parse_eaf
from integrations.files.transcripts.kaldi import kaldi_texts, parse_kaldi
from integrations.files.transcripts.manifests import (
    lhotse_text,
    nemo_text,
    parse_lhotse,
    parse_nemo,
)
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.stm import parse_stm, stm_text
from integrations.files.transcripts.textgrid import parse_textgrid, textgrid_text
from integrations.files.transcripts.tiers import DECISIONS, Interval, tiers_of
from integrations.files.transcripts.uem import uem_text
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import SAMPLE_RATE
from tests.integrations.files.transcripts.test_cases import lines, opened, read
from tests.integrations.files.transcripts.test_products import ends, told
from tests.integrations.files.transcripts.words import FILE, refused

SAID = [("Ana Lee", "good morning"), ("Ben", "hi all")]
DECIDED = [Interval(16_000, 24_000, 'wait: "floor_held" <b>'), Interval(24_000, 32_000, "speak")]


def files(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [str(folder / name) for name in texts]


# Reading


def test_kaldi(tmp_path: Path) -> None:
    paths = files(
        tmp_path,
        segments="u2 call 3.0 4.0\nu1 call 1.0 2.0\nu3 call 5.0 6.0\n",
        text="u1 good morning\nu2 hi all\nu3\n",
        utt2spk="u1 Ana%20Lee\nu2 Ben\nu3 Ben\n",
    )
    meeting = read(*paths)
    assert meeting.meeting_id == "call"
    assert lines(meeting) == SAID
    assert ends(meeting) == [(1, 2), (3, 4)]
    with pytest.raises(InputError, match="no file 'text' beside it"):
        read(paths[0], paths[2])
    with pytest.raises(InputError, match="does not say who speaks"):
        read(*paths[:2])
    rttm = tmp_path / "call.rttm"
    turns = "SPEAKER c 1 {} 1 <NA> <NA> {} <NA> <NA>\n"
    rttm.write_text(turns.format(1, "A") + turns.format(3, "B"))
    assert lines(read(*paths[:2], str(rttm))) == [("A", SAID[0][1]), ("B", SAID[1][1])]
    (tmp_path / "utt2spk").write_text("u1 Ana\n")
    with pytest.raises(InputError, match="no speaker of 'u2' in utt2spk"):
        read(*paths)


def test_uem_says_what_counts(tmp_path: Path) -> None:
    stm = "m 1 A 0 1 before\nm 1 A 2 3 within\nm 1 B 8 9 after\n"
    meeting = opened(tmp_path, stm=stm, uem="m 1 1.5 7.0\n")
    assert lines(meeting) == [("A", "within")]
    assert "2 words outside the stretches of the UEM left out" in meeting.notes
    with pytest.raises(InputError, match="no word in the stretches"):
        opened(tmp_path, stm=stm, uem="m 1 20 30\n")
    with pytest.raises(InputError, match="ends before it starts"):
        opened(tmp_path, stm=stm, uem="m 1 20 10\n")
    with pytest.raises(InputError, match="no words in it"):
        opened(tmp_path, uem="m 1 20 30\n")


NEMO = [
    {"audio_filepath": "a/call.wav", "offset": 1.0, "duration": 1.0, "text": SAID[0][1]}
    | {"speaker": "Ana Lee"},
    {"audio_filepath": "a/call.wav", "offset": 3.0, "duration": 1.0, "text": SAID[1][1]}
    | {"label": "Ben"},
]
LHOTSE = [
    {"id": "1", "recording_id": "call", "start": 1.0, "duration": 1.0, "channel": 0}
    | {"text": SAID[0][1], "speaker": "Ana Lee"},
    {"id": "2", "recording_id": "call", "start": 3.0, "duration": 1.0, "channel": 0}
    | {"speaker": "Ben", "alignment": {"word": [["hi", 3.0, 0.5, None], ["all", 3.5, 0.5, 0.9]]}},
]


def cut(at: float, *supervisions: dict[str, Any]) -> dict[str, Any]:
    inside = [{**one, "start": one["start"] - at, "alignment": None} for one in supervisions]
    return {"id": "c", "start": at, "duration": 9.0, "supervisions": inside, "type": "MonoCut"}


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, NEMO)),
        "\n".join(map(json.dumps, LHOTSE)),
        json.dumps(LHOTSE),
        json.dumps(cut(0.5, LHOTSE[0], {**LHOTSE[1], "text": "hi all"})),
    ],
    ids=["nemo", "lhotse", "list", "cut"],
)
def test_manifests(tmp_path: Path, text: str) -> None:
    meeting = opened(tmp_path, jsonl=text)
    assert meeting.meeting_id == "call"
    assert lines(meeting) == SAID
    assert ends(meeting) == [(1, 2), (3, 4)]
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    packed = read(str(tmp_path / "in.jsonl.gz"))
    assert packed == meeting


def test_words_aligned_in_lhotse_keep_their_times(tmp_path: Path) -> None:
    meeting = opened(tmp_path, jsonl=json.dumps(LHOTSE))
    assert [w.start / SAMPLE_RATE for w in meeting.words if w.speaker == "Ben"] == [3.0, 3.5]


def test_a_damaged_or_huge_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl.gz"
    for data in (gzip.compress(b"x" * 99)[:-9], b"\x1f\x8bnothing", gzip.compress(b"[" * 2**25)):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"damaged gzip|larger than 3 MiB unpacked"):
            open_inputs([str(path)])


TEXTGRID = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "Ana Lee"
        xmin = 0
        xmax = 5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1
            text = ""
        intervals [2]:
            xmin = 1
            xmax = 2
            text = "good ""morning""" ! a comment "
        intervals [3]:
            xmin = 2
            xmax = 5
            text = ""
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 5
        points: size = 1
        points [1]:
            number = 1.5
            mark = "click"
    item [3]:
        class = "IntervalTier"
        name = "Ben"
        xmin = 0
        xmax = 5
        intervals: size = 1
        intervals [1]:
            xmin = 3
            xmax = 4
            text = "hi
all"
'''
SHORT = '''File type = "ooTextFile"
"TextGrid"
0
5
<exists>
2
"IntervalTier" "Ana Lee" 0 5 1
1 2 "good ""morning"""
"IntervalTier" "Ben" 0 5 1
3 4 "hi all"
'''


@pytest.mark.parametrize("text", [TEXTGRID, SHORT], ids=["long", "short"])
def test_textgrid(tmp_path: Path, text: str) -> None:
    meeting = opened(tmp_path, TextGrid=text)
    assert lines(meeting) == [("Ana Lee", 'good "morning"'), ("Ben", "hi all")]
    assert ends(meeting) == [(1, 2), (3, 4)]
    (tmp_path / "wide").write_bytes(text.encode("utf-16"))
    assert lines(read(str(tmp_path / "wide"))) == lines(meeting)


def test_tiers_of_forced_aligners(tmp_path: Path) -> None:
    tiers = [
        ("Ana - words", '2 1 1.4 "good" 1.5 2 "morning"'),
        ("Ana - phones", '1 1 1.1 "g"'),
        ("Ben - words", '1 3 4 "hi"'),
    ]
    text = 'File type = "ooTextFile"\n"TextGrid"\n0 5 <exists> 3\n' + "".join(
        f'"IntervalTier" "{name}" 0 5 {rest}\n' for name, rest in tiers
    )
    meeting = opened(tmp_path, TextGrid=text)
    assert lines(meeting) == [("Ana", "good morning"), ("Ben", "hi")]
    assert meeting.words[1].start == 1.5 * SAMPLE_RATE
    assert "1 tiers that are nobody's speech left out: Ana - phones" in meeting.notes


def test_tiers_that_are_nobodys_speech_are_left_out(tmp_path: Path) -> None:
    names = ("Ana", "words", "gestures")
    text = 'File type = "ooTextFile"\n"TextGrid"\n0 5 <exists> 3\n' + "".join(
        f'"IntervalTier" "{name}" 0 5 1 1 2 "hm"\n' for name in names
    )
    meeting = opened(tmp_path, TextGrid=text)
    assert lines(meeting) == [("Ana", "hm")]
    assert "2 tiers that are nobody's speech left out: words, gestures" in meeting.notes


@pytest.mark.parametrize("at", [60, 200, 400, -20])
def test_a_textgrid_cut_off(at: int) -> None:
    assert "broken or cut off" in refused(parse_textgrid, TEXTGRID[:at])


EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" FORMAT="3.0">
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="3000"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>
</TIME_ORDER>
<TIER TIER_ID="A-utt" PARTICIPANT="Ana Lee">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>good morning</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="Ben">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
<ANNOTATION_VALUE>hi all</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="Ben-de" PARENT_REF="Ben">
<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a2">
<ANNOTATION_VALUE>hallo alle</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>
"""


def test_eaf(tmp_path: Path) -> None:
    meeting = opened(tmp_path, eaf=EAF)
    assert lines(meeting) == SAID
    assert ends(meeting) == [(1, 2), (3, 4)]  # a slot without a time lies between its neighbours
    assert "1 tiers that are nobody's speech left out: Ben-de" in meeting.notes
    for encoding in ("UTF-16", "UTF-99"):
        (tmp_path / "wide").write_bytes(EAF.replace("UTF-8", encoding).encode("utf-16"))
        assert lines(read(str(tmp_path / "wide"))) == SAID


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (EAF[:900], "XML that cannot be read"),
        (EAF.replace('"4000"', '"x"'), "no annotations of ELAN"),
        (EAF.replace('"4000"', '"-5"'), "no annotations of ELAN"),
        (EAF.replace('"4000"', '"2000"'), "ends before it starts"),
        (
            EAF.replace("<ANNOTATION_DOC", "<!DOCTYPE a [<!ENTITY b 'c'>]><ANNOTATION_DOC", 1),
            "ELAN",
        ),
    ],
)
def test_bad_eaf(text: str, expected: str) -> None:
    assert expected in refused(parse_eaf, text)


CHAT = """@UTF8
@Begin
@Participants:\tANA Ana_Lee Investigator, BEN Ben Participant
@Media:\tcall, audio
*ANA:\t&-uh <good> [//] (.) (mor)ning . \x151000_2000\x15
%com:\tsmiles
*BEN:\thi [= laughs]
\tall ? \x153000_4000\x15
*BEN:\tyes .
@End
"""


def test_chat(tmp_path: Path) -> None:
    meeting = opened(tmp_path, cha=CHAT)
    called = {one.id: one.name for one in meeting.participants.values()}
    assert called == {"ANA": "Ana Lee", "BEN": "Ben"}
    assert lines(meeting) == [("ANA", "uh good morning"), ("BEN", "hi all? yes")]
    assert ends(meeting)[:2] == [(1, 2), (3, 4)]
    assert ends(meeting)[2][0] == 4.0
    assert meeting.meeting_id == "call"


def test_labels_of_audacity(tmp_path: Path) -> None:
    text = "1.0\t2.0\tAna Lee: good morning\n\\\t100\t200\n3.000000\t4.0\tBen: hi all\n"
    meeting = opened(tmp_path, txt=text)
    assert lines(meeting) == SAID
    assert ends(meeting) == [(1, 2), (3, 4)]
    with pytest.raises(InputError, match="does not say who speaks"):
        opened(tmp_path, txt="1.0\t2.0\tgood morning\n")


# Writing, and reading it again


def in_tiers(write: Callable[[Any], str], words: list[Word]) -> str:
    return write(tiers_of(words, {}, DECIDED))


def parse_ctm_alone(text: str, path: Path) -> MeetingWords:
    return by_speaker(parse_ctm(text, path), path)


def parse_kaldi_texts(text: str, path: Path) -> MeetingWords:
    return parse_kaldi({name: (part, path) for name, part in json.loads(text).items()})


FORMS: dict[str, tuple[Callable[[list[Word]], str], Callable[[str, Path], MeetingWords]]] = {
    "stm": (partial(stm_text, "a b"), parse_stm),
    "ctm": (partial(ctm_text, "a b"), parse_ctm_alone),
    "nemo": (partial(nemo_text, "a b"), parse_nemo),
    "lhotse": (partial(lhotse_text, "a b"), parse_lhotse),
    "kaldi": (lambda words: json.dumps(kaldi_texts("a b", words)), parse_kaldi_texts),
    "audacity": (audacity_text, parse_audacity),
    "chat": (partial(chat_text, "a b"), parse_chat),
    "textgrid": (partial(in_tiers, lambda tiers: textgrid_text(tiers, 0)), parse_textgrid),
    "eaf": (partial(in_tiers, eaf_text), parse_eaf),
}


@pytest.mark.parametrize("form", FORMS)
@given(words=told())
def test_round_trips(form: str, words: list[Word]) -> None:
    assume(form != "chat" or not {"www", "xxx", "yyy"} & {word.text for word in words})
    write, parse = FORMS[form]
    meeting = parse(write(words), FILE)
    called = {one.id: one.name for one in meeting.participants.values()}
    if form == "ctm":
        heard = sorted((w.speaker, w.text, w.start, w.end) for w in meeting.words)
        assert heard == sorted((w.speaker, w.text, w.start, w.end) for w in words)
        return
    expected = sorted((s.speaker, s.start, s.end) for s in join_words(words))
    assert sorted((called[t.speaker], t.start, t.end) for t in meeting.turns) == expected
    for speaker in {word.speaker for word in words}:
        assert [w.text for w in meeting.words if called[w.speaker] == speaker] == [
            w.text for w in words if w.speaker == speaker
        ]


@given(words=told())
def test_what_is_written_is_what_meeteval_reads(words: list[Word]) -> None:
    io = pytest.importorskip("meeteval.io")
    segments = sorted((s.speaker.replace(" ", "%20"), s.text) for s in join_words(words))
    assert sorted(
        (one.speaker_id, one.transcript) for one in io.STM.parse(stm_text("m", words))
    ) == (segments)
    (uem,) = io.UEM.parse(uem_text("m", 5 * SAMPLE_RATE))
    assert (uem.filename, float(uem.begin_time), float(uem.end_time)) == ("m", 0.0, 5.0)


def test_decisions_stand_in_a_tier_of_their_own() -> None:
    words = [Word("Ana", "hi", 0, 16_000)]
    tiers = tiers_of(words, {"Ana": "Ana Lee"}, DECIDED)
    grid, eaf = textgrid_text(tiers, 5 * SAMPLE_RATE), eaf_text(tiers)
    assert f'name = "{DECISIONS}"' in grid
    assert 'text = "wait: ""floor_held"" <b>"' in grid
    assert "xmax = 5.0" in grid
    assert f'TIER_ID="{DECISIONS}"' in eaf
    assert "wait: &quot;floor_held&quot; &lt;b&gt;" in eaf
    for parse, text in ((parse_textgrid, grid), (parse_eaf, eaf)):
        meeting = parse(text, FILE)
        assert lines(meeting) == [("Ana Lee", "hi")]
        assert "1 tiers that are nobody's speech left out: decisions" in meeting.notes
