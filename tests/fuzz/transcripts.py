"""Readers of transcripts, scripts, roles and corpora."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from integrations.files.ami.importing import import_release
from integrations.files.ami.release import MEETINGS
from integrations.files.ami.splits import SPLITS
from integrations.files.bench.records import find_seats, read_meetings
from integrations.files.demo import SCRIPT, load_script
from integrations.files.learn.role_plays import playable, write_role_plays
from integrations.files.replayable import prepare
from integrations.files.synth.making import read_timing, write_meetings
from integrations.files.synth.scripts import read_scripts
from integrations.files.transcripts.seglst import write_seglst
from integrations.files.transcripts.writing import WRITERS, told_of
from integrations.livekit.telling.succession import Roles
from moderator.errors import InputError
from moderator.measure.bench.floor_turns import floor_turns
from moderator.synth.placing import place
from moderator.synth.timing import measured
from roles.errors import RoleError
from roles.explain import nearest
from roles.loader import dump_role, examine, library, load_role, role_from_values, role_text
from tests.fuzz.mutations import Form
from tests.fuzz.target import Target
from tests.moderator.synth.scripts import plain, script

RECORD: Final[dict[str, Any]] = {
    "meeting_id": "tried",
    "duration": 30.0,
    "moderator": ["ana"],
    "speakers": {"ana": {"role": "PM", "name": "Ana"}, "ben": {"role": "UI", "global_name": "B1"}},
    "turns": [
        {
            "speaker": "ana",
            "start": 1.0,
            "end": 3.0,
            "text": "Shall we begin?",
            "words": [
                {"w": "Shall", "s": 1.0, "e": 1.4},
                {"w": "we", "s": 1.5, "e": 1.7},
                {"w": "begin?", "s": 1.8, "e": 3.0},
            ],
        },
        {
            "speaker": "ben",
            "start": 4.0,
            "end": 9.0,
            "text": "Five minutes left are enough.",
        },
        {"speaker": "ana", "start": 8.5, "end": 12.0, "text": "Then let us begin with the money."},
    ],
    "dialogue_acts": [
        {"speaker": "ana", "start": 1.0, "end": 3.0, "type": "el.inf", "to": ["ben"]},
        {"speaker": "ben", "start": 4.0, "end": 9.0, "type": "inf", "to": ["ana"]},
    ],
    "topics": [{"start": 8.5, "end": 12.0, "type": "money", "depth": 0}],
}
SEGLST: Final = [
    {
        "session_id": "tried",
        "speaker": who,
        "start_time": at,
        "end_time": str(at + 1.5),
        "words": said,
    }
    for who, at, said in (("ana", 0.5, "Good morning."), ("ben", 2.0, "Hello, all of you."))
]
RTTM: Final = """;; tried
SPKR-INFO tried 1 <NA> <NA> <NA> unknown ana <NA> <NA>
SPEAKER tried 1 0.50 1.50 <NA> <NA> ana <NA> <NA>
SPEAKER tried 1 2.00 2.25 <NA> <NA> Ben%20Lee <NA> <NA>
SPEAKER tried 1 4.00 0.75 <NA> <NA> ana <NA> <NA>
"""
CTM: Final = """;; tried
tried 1 0.50 0.40 Good 0.98
tried 1 0.95 0.60 morning. 0.91
tried 1 2.10 0.30 Hello
tried 1 4.05 0.50 Yes.
"""
CHANNELS: Final = CTM.replace("1 2.10", "2 2.10")


def _coded(value: object) -> bytes:
    return json.dumps(value, indent=1).encode()


def used(inputs: Sequence[Path], folder: Path) -> None:
    """Reads a meeting of words, and writes it in every form."""
    meeting = prepare([str(path) for path in inputs])
    if meeting.words is None:  # a mutation made it begin like a recording
        return
    told = told_of(meeting.words)
    for write in WRITERS.values():
        write(told)
    write_seglst(folder / "out.seglst.json", told.meeting_id, told.words)
    prepare([str(folder / "out.seglst.json")])


def _transcript(ending: str, data: bytes, folder: Path) -> None:
    path = folder / f"tried{ending}"
    path.write_bytes(data)
    used([path], folder)


def _beside(ending: str, other: str, text: str, data: bytes, folder: Path) -> None:
    path, beside = folder / f"tried{ending}", folder / f"tried{other}"
    path.write_bytes(data)
    beside.write_text(text)
    used([path, beside], folder)


def _bench(data: bytes, folder: Path) -> None:
    (folder / "tried.json").write_bytes(data)
    meetings = read_meetings([folder])
    for seat in find_seats(meetings, "moderator[0]"):
        floor_turns(seat.meeting, seat.speaker)


def _role_play(data: bytes, folder: Path) -> None:
    (folder / "tried.json").write_bytes(data)
    for name in ("facilitator", "timekeeper", "observer"):
        out = folder / name
        write_role_plays([folder / "tried.json"], out, playable([name]))
        if any(out.iterdir()):
            read_meetings([out])


def _synth(data: bytes, folder: Path) -> None:
    (folder / "tried.json").write_bytes(data)
    write_meetings(read_scripts([folder / "tried.json"]), folder / "made", measured(), 0)
    read_meetings([folder / "made"])


def _timing(data: bytes, folder: Path) -> None:
    (folder / "timing.json").write_bytes(data)
    place(script(), 0, read_timing(folder / "timing.json"))


def _records(folder: Path) -> Sequence[bytes]:
    plain = {key: RECORD[key] for key in ("meeting_id", "speakers", "turns")}
    return [_coded(RECORD), _coded(plain)]


def _roles(folder: Path) -> Sequence[bytes]:
    names = ("facilitator", "timekeeper", "interviewer")
    written = [role_text(name).encode() for name in names]
    as_json = [_coded(load_role(name).model_dump(mode="json")) for name in names]
    return [*written, *as_json, dump_role(load_role("chair")).encode()]


def _role(data: bytes, folder: Path) -> None:
    path = folder / "role.yaml"
    path.write_bytes(data)
    examined = examine(path)
    if examined.role is None:
        raise RoleError(examined.errors)
    dump_role(examined.role)


def _role_values(data: bytes, folder: Path) -> None:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return
    role_from_values(values)


def _role_told(data: bytes, folder: Path) -> None:
    text = data.decode("utf-8", "replace")
    nearest(text[:200], library())
    Roles().asked(text)


def _script(data: bytes, folder: Path) -> None:
    (folder / "script.yaml").write_bytes(data)
    load_script(folder / "script.yaml")


_XML: Final = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
_SPACE: Final = 'xmlns:nite="http://nite.sourceforge.net/"'
_AMI: Final = {
    MEETINGS: f"""{_XML}<nite:root nite:id="m" {_SPACE}>
<meeting nite:id="m1" observation="ES2003a" type="scenario" duration="40">
<speaker nite:id="s1" channel="0" nxt_agent="A" global_name="FEE005" role="PM"/>
</meeting></nite:root>""",
    "words/ES2003a.A.words.xml": f"""{_XML}<nite:root nite:id="w" {_SPACE}>
<w nite:id="w0" starttime="1.0" endtime="1.5">Right</w>
<w nite:id="w1" starttime="1.5" endtime="1.5" punc="true">,</w>
<vocalsound nite:id="w2" starttime="2.6" endtime="3.1" type="laugh"/>
<w nite:id="w3" starttime="2.9" endtime="3.4" trunc="true">sta</w>
</nite:root>""",
    "dialogueActs/ES2003a.A.dialog-act.xml": f"""{_XML}<nite:root nite:id="d" {_SPACE}>
<dact nite:id="d1" addressee="A,Z"><nite:pointer role="da-aspect" href="t.xml#id(t1)"/>
<nite:child href="ES2003a.A.words.xml#id(w0)..id(w3)"/></dact></nite:root>""",
    "ontologies/da-types.xml": f"""{_XML}<da-type nite:id="t0" name="da" {_SPACE}>
<da-type nite:id="t1" name="inf"/></da-type>""",
    "topics/ES2003a.topic.xml": f"""{_XML}<nite:root nite:id="t" {_SPACE}>
<topic nite:id="t1" other_description="names"><nite:child href="ES2003a.A.words.xml#id(w0)"/>
<topic nite:id="t2"><nite:child href="ES2003a.A.words.xml#id(w3)"/></topic></topic></nite:root>""",
}


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def _whole(changed: str = "", data: bytes = b"") -> bytes:
    files = {name: text.encode("iso-8859-1") for name, text in _AMI.items()}
    return _zip(files | ({changed: data} if changed else {}))


def _import(data: bytes, folder: Path) -> None:
    (folder / "ami.zip").write_bytes(data)
    import_release(folder / "ami.zip", folder / "out", SPLITS)


def _import_with(member: str, data: bytes, folder: Path) -> None:
    _import(_whole(member, data), folder)


_BOTH: Final = (InputError, RoleError)

TARGETS: Final = (
    Target("record", Form.JSON, _records, partial(_transcript, ".json"), like=(".json",)),
    Target("seglst", Form.JSON, lambda _: [_coded(SEGLST)], partial(_transcript, ".seglst.json")),
    Target(
        "rttm",
        Form.TEXT,
        lambda _: [RTTM.encode()],
        partial(_beside, ".rttm", ".ctm", CTM),
        like=(".rttm",),
    ),
    Target(
        "ctm beside rttm",
        Form.TEXT,
        lambda _: [CTM.encode()],
        partial(_beside, ".ctm", ".rttm", RTTM),
        like=(".ctm",),
    ),
    Target(
        "ctm",
        Form.TEXT,
        lambda _: [CHANNELS.encode()],
        partial(_transcript, ".ctm"),
        like=(".ctm", ".stm"),
    ),
    Target("benchmark's records", Form.JSON, _records, _bench),
    Target("role-plays", Form.JSON, _records, _role_play),
    Target("script of a meeting", Form.JSON, lambda _: [_coded(plain())], _synth),
    Target("timing", Form.JSON, lambda _: [measured().model_dump_json().encode()], _timing),
    Target("role", Form.TEXT, _roles, _role, _BOTH, (".yaml",)),
    Target("role as values", Form.JSON, lambda _: _roles(_)[3:6], _role_values, _BOTH),
    Target("role told", Form.TEXT, _roles, _role_told),
    Target("script", Form.TEXT, lambda _: [SCRIPT.read_bytes()], _script),
    Target("ami zip", Form.BYTES, lambda _: [_whole()], _import),
    *(
        Target(
            f"ami {member.split('/')[0]}",
            Form.TEXT,
            partial(lambda one, _: [_AMI[one].encode("iso-8859-1")], member),
            partial(_import_with, member),
        )
        for member in _AMI
    ),
)
