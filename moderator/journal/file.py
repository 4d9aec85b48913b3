"""The journal: every arrow of the design as a line of JSON, append-only.

Running a journal's percepts, proposals and commands through the turn keeper again gives the
decisions in it, bit for bit (`rerun`).
"""

from __future__ import annotations

import errno
import io
import json
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO, TypeAlias

from moderator.errors import InputError
from moderator.events import (
    Act,
    Action,
    Command,
    CommandGiven,
    ConnectionChanged,
    ConsentGiven,
    Decision,
    Failure,
    Heard,
    Joined,
    Left,
    Percept,
    Proposal,
    Reason,
    RoleChanged,
    SpeakerActivity,
    TurnEnded,
    TurnStarted,
    Withdrawn,
    Word,
    WordPlayed,
)
from moderator.journal.thinning import QuietPercepts, Thinning
from moderator.timeline import Samples

VERSION = 1
FLUSH_LINES = 50
"""Lines that a crash may lose."""

Line: TypeAlias = dict[str, Any]
Event: TypeAlias = (
    Heard
    | Percept
    | Proposal
    | Withdrawn
    | Decision
    | CommandGiven
    | ConsentGiven
    | ConnectionChanged
    | Joined
    | Left
    | RoleChanged
    | TurnStarted
    | WordPlayed
    | TurnEnded
    | Failure
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The journal's first line: what the meeting is and who is in it."""

    meeting_id: str
    role: Mapping[str, object]
    participants: Mapping[str, Mapping[str, str | None]]
    agent: str
    seat: str | None = None
    settings: Mapping[str, object] | None = None
    models: tuple[str, ...] = ()
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Closed:
    """The journal's last line: how far the meeting came, and why it ended there."""

    at: Samples
    complete: bool
    why: str


def to_line(event: Event | QuietPercepts | Opened | Closed) -> Line:
    """An event as the JSON object that stands for it; empty fields are left out."""
    encode = _ENCODERS.get(type(event))
    if encode is not None:
        return encode(event)
    line: Line = {"kind": _KINDS[type(event)]}
    for entry in fields(event):
        value = getattr(event, entry.name)
        line[entry.name] = value.value if isinstance(value, Enum) else value
    return line


def _heard(event: Heard) -> Line:
    line: Line = {"kind": "heard", "at": event.at}
    if event.speaking:
        line["speaking"] = sorted(event.speaking)
    if event.activities:
        line["activities"] = [[a.speaker, a.start, a.end] for a in event.activities]
    if event.words:
        line["words"] = [[w.speaker, w.text, w.start, w.end] for w in event.words]
    if event.partials:
        line["partials"] = dict(event.partials)
    return line


def _percept(event: Percept) -> Line:
    return {"kind": "percept", "index": event.index, "start": event.start, "end": event.end}


def _quiet_percepts(event: QuietPercepts) -> Line:
    span: Line = {"index": event.index, "start": event.start, "end": event.end}
    return {"kind": "percept", **span, "waits": event.waits}


def _proposal(event: Proposal) -> Line:
    line: Line = {
        "kind": "proposal",
        "at": event.at,
        "mind": event.mind,
        "probability": round(event.probability, 6),
        "act": event.act.value,
    }
    for name in ("addressee", "duty", "answering", "cue", "facts", "thought"):
        value = getattr(event, name)
        if value:
            line[name] = value
    return line


_KINDS: dict[type, str] = {
    Opened: "opened",
    Decision: "decision",
    CommandGiven: "command",
    ConsentGiven: "consent",
    ConnectionChanged: "connection",
    Joined: "joined",
    Left: "left",
    RoleChanged: "role_changed",
    TurnStarted: "turn_started",
    WordPlayed: "word_played",
    TurnEnded: "turn_ended",
    Withdrawn: "withdrawn",
    Failure: "failure",
    Closed: "closed",
}
_ENCODERS: dict[type, Callable[[Any], Line]] = {
    Heard: _heard,
    Percept: _percept,
    QuietPercepts: _quiet_percepts,
    Proposal: _proposal,
}


class Journal:
    """Appends events to a file, or keeps them in memory where no path is given.

    Args:
        path: file to write; it must not exist yet.
        keep_thoughts: write the minds' thoughts (the role's ``thought.journal``).

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(self, path: Path | None = None, *, keep_thoughts: bool = False) -> None:
        self.lines: list[Line] = []
        self._thinning: Thinning[Event | Opened | Closed] = Thinning()
        self._keep_thoughts = keep_thoughts
        self._path = path
        self._unflushed = 0
        self._writing, self._erasing = threading.Lock(), threading.Lock()
        try:
            self._file = path.open("x", encoding="utf-8", newline="\n") if path else None
        except OSError as error:
            raise InputError(
                f"cannot write the journal: {error.strerror}", where=str(path), todo="choose --out"
            ) from error

    def write(self, event: Event | Opened | Closed) -> None:
        """Appends an event's line; percepts without news are one line when the next news come.

        Raises:
            InputError: the disk is full, or the file cannot be written any more.
        """
        for each in self._thinning.take(event):
            self._append(to_line(each))

    def _append(self, line: Line) -> None:
        if not self._keep_thoughts:
            line.pop("thought", None)
        if self._file is None:
            self.lines.append(line)
            return
        try:
            with self._writing:
                self._file.write(_text(line))
                self._unflushed += 1
                if self._unflushed >= FLUSH_LINES:
                    self._file.flush()
                    self._unflushed = 0
        except OSError as error:
            raise self._refused(error) from error

    def erase(self, speakers: Collection[str], before: Samples) -> None:
        """Takes what somebody said before a meeting time out of the lines written so far.

        When they spoke stays, so that decisions come out the same when the journal is run again.
        What minds noted until then goes whoever it was about: it may quote them.

        May be called in a thread while lines are being added, since a long meeting's journal takes
        seconds to copy. When it fails, the journal is as it was and can be added to.

        Raises:
            InputError: the file cannot be written.
        """
        if self._path is None:
            self.lines = [_without(line, speakers, before) for line in self.lines]
            return
        part = self._path.with_name(self._path.name + ".part")
        with self._erasing:
            if self._file is None:
                return
            try:
                with part.open("w", encoding="utf-8", newline="\n") as fresh:
                    self._replace(self._path, part, fresh, _Erasure(speakers, before))
            except OSError as error:
                raise self._refused(error) from error
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)

    def _replace(self, path: Path, part: Path, fresh: TextIO, erasure: _Erasure) -> None:
        """Copies the journal into `part`, and goes on with that in its place."""
        with path.open("rb") as old:
            _copy(old, fresh, erasure, path)
            with self._writing, ExitStack() as undo:
                assert self._file is not None  # it is closed under the same lock as this runs
                self._file.flush()
                _copy(old, fresh, erasure, path)  # what was added in the meantime
                fresh.flush()
                further = undo.enter_context(part.open("a", encoding="utf-8", newline="\n"))
                part.replace(path)
                undo.pop_all()
                former, self._file = self._file, further
        former.close()

    def close(self) -> None:
        """Flushes and closes the file; does nothing the second time.

        Raises:
            InputError: the disk is full.
        """
        try:
            with self._erasing, self._writing:
                file, self._file = self._file, None
                if file is not None:
                    file.close()
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> InputError:
        full = error.errno == errno.ENOSPC
        what = "the disk is full" if full else f"cannot write the journal ({error.strerror})"
        return InputError(what, where=str(self._path), todo="free some space and run again")


def _text(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


class _Erasure(NamedTuple):
    """Whose words are erased, and those from before when."""

    speakers: Collection[str]
    before: Samples


def _without(line: Line, speakers: Collection[str], before: Samples) -> Line:
    """A line without what `speakers` said before a meeting time."""
    kind, kept = line["kind"], dict(line)
    if kind == "heard":
        words, partials = line.get("words", ()), line.get("partials", {})
        kept["words"] = [word for word in words if word[0] not in speakers or word[2] >= before]
        if line["at"] < before:
            partials = {who: said for who, said in partials.items() if who not in speakers}
        kept["partials"] = partials
        return {key: value for key, value in kept.items() if value or key in ("kind", "at")}
    if kind == "proposal" and line["at"] <= before:
        return {key: value for key, value in kept.items() if key not in ("cue", "thought")}
    if kind == "command" and line["by"] in speakers and line["at"] <= before:
        kept["argument"] = ""
    return kept


def _copy(old: BinaryIO, fresh: TextIO, erasure: _Erasure, path: Path) -> None:
    """Copies whole lines from where `old` is to its present end, without what was erased.

    Lines that are added meanwhile are left: else whoever writes fast is never caught up with.
    """
    end, raw = os.fstat(old.fileno()).st_size, b""
    while old.tell() < end and (raw := old.readline()).endswith(b"\n"):
        fresh.write(_text(_without(_parse(raw.decode("utf-8"), str(path)), *erasure)))
    if not raw.endswith(b"\n"):
        old.seek(-len(raw), io.SEEK_CUR)


def read(path: Path) -> Iterator[Line]:
    """The lines of a journal; a last line cut off by a crash is left out.

    Raises:
        InputError: the file is missing, or a line inside it is not a journal line.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, start=1):
                if not text.endswith("\n"):
                    return
                yield _parse(text, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot read the journal", where=str(path), todo=str(error)) from error


def _parse(text: str, where: str) -> Line:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise InputError("not a line of JSON", where=where, todo="replay again") from error
    if not isinstance(line, dict) or not isinstance(line.get("kind"), str):
        raise InputError("a line without a kind", where=where, todo="replay again")
    return line


def heard_from(line: Line) -> Heard:
    """The `Heard` that a line stands for."""
    return Heard(
        at=line["at"],
        speaking=frozenset(line.get("speaking", ())),
        activities=tuple(SpeakerActivity(*entry) for entry in line.get("activities", ())),
        words=tuple(Word(*entry) for entry in line.get("words", ())),
        partials=line.get("partials", {}),
    )


def proposal_from(line: Line) -> Proposal:
    """The `Proposal` that a line stands for."""
    values = {key: value for key, value in line.items() if key != "kind"}
    return Proposal(**(values | {"act": Act(values["act"])}))


def decision_from(line: Line) -> Decision:
    """The `Decision` that a line stands for."""
    return Decision(
        at=line["at"],
        action=Action(line["action"]),
        reason=Reason(line["reason"]),
        act=Act(line["act"]) if line["act"] else None,
        addressee=line["addressee"],
        inputs=line["inputs"],
    )


def command_from(line: Line) -> CommandGiven:
    """The `CommandGiven` that a line stands for."""
    values = {key: value for key, value in line.items() if key != "kind"}
    return CommandGiven(**(values | {"command": Command(values["command"])}))
