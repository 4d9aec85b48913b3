"""Reads a journal for the report: line by line, bounded, and as far as it goes.

A journal may be long, cut off in the middle of a line, or damaged. What can be read is kept, what
cannot is counted, and what is beyond a limit is left out and counted too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from moderator.errors import InputError
from moderator.journal.relabelling import Labels, Relabeller, labels_in
from moderator.journal.shapes import LATEST
from moderator.labels import unnamed
from moderator.measure.report.record import (
    Failed,
    Held,
    Json,
    Mark,
    Proposed,
    Record,
    Told,
    Turn,
    Value,
    clip,
    listing,
    mapping,
    number,
)
from moderator.plain_json import parse_json
from moderator.timeline import SAMPLE_RATE, Samples

LINE_BYTES = 4 << 20
"""A longer line of a journal is not read."""

MOST_PIECES = 1_000_000
MOST_MARKS = 20_000
MOST_PEOPLE = 100
MOST_NAMES = 10_000
MOST_LINES = 50
"""Of a turn, lines that it was taken from."""
MOST_RESULT = 600
"""Characters of what a tool returned."""
HELD_BACK_FROM = 0.5
"""Least probability of a refused proposal that counts, where the journal has no threshold."""

_NOT_HELD = frozenset({"no_proposal", "not_eager_enough", "already_speaking", "stale"})
_SAME_MOMENT: Samples = 2 * SAMPLE_RATE


def _time(value: object) -> Samples:
    """A meeting time; raises ValueError for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LATEST:
        raise ValueError("not a meeting time")
    return value


def _span(start: object, end: object) -> tuple[Samples, Samples]:
    first, last = _time(start), _time(end)
    if last < first:
        raise ValueError("ends before it begins")
    return first, last


def _inputs(value: object) -> dict[str, Value]:
    kept: dict[str, Value] = {}
    for key, entry in list(mapping(value).items())[:40]:
        plain = entry is None or isinstance(entry, int)
        if isinstance(entry, float):
            kept[clip(key, 60)] = number(entry)
        else:
            kept[clip(key, 60)] = entry if plain else clip(entry, 160)
    return kept


class _Reader:
    """Takes journal lines one by one and builds a `Record`."""

    def __init__(self) -> None:
        self.record = Record()
        self.threshold = HELD_BACK_FROM
        self._proposal: Proposed | None = None
        self._names: dict[str, str] = {}
        self._returned: dict[tuple[int, int], tuple[str, str]] = {}
        self._takers: dict[str, Callable[[Json], None]] = {
            "opened": self._opened,
            "joined": self._called,
            "renamed": self._called,
            "heard": self._heard,
            "percept": self._percept,
            "proposal": self._proposed,
            "withdrawn": self._withdrawn,
            "decision": self._decided,
            "command": self._command,
            "turn_started": self._turn_started,
            "word_played": self._word_played,
            "turn_ended": self._turn_ended,
            "failure": self._failed,
            "tool": self._tool,
            "closed": self._closed,
        }

    def take(self, line: Json) -> None:
        """Adds one line; raises ValueError, KeyError or TypeError when it is damaged."""
        taker = self._takers.get(str(line.get("kind")))
        if taker is not None:  # a kind of a later version is no damage
            taker(line)

    def _reach(self, at: object) -> Samples:
        time = _time(at)
        self.record.reached = max(self.record.reached, time)
        return time

    def _room(self, entries: int, most: int) -> bool:
        if entries < most:
            return True
        self.record.left_out += 1
        return False

    def _person(self, label: object) -> str:
        """The id of a speaker, who becomes known by speaking; "" where there are too many."""
        speaker = clip(label, 80)
        people = self.record.people
        if speaker not in people:
            if not self._room(len(people), MOST_PEOPLE):
                return ""
            name = self._names.get(speaker, speaker)
            people[speaker] = ("Somebody" if unnamed(speaker) else name, "")
        return speaker

    def _called(self, line: Json) -> None:
        """Who came in later, or has another name, becomes known by speaking, like everybody."""
        self._reach(line["at"])
        who, name = clip(line["id"], 80), clip(line["name"], 80)
        if who in self.record.people:
            self.record.people[who] = (name, self.record.people[who][1])
        if who in self._names or self._room(len(self._names), MOST_NAMES):
            self._names[who] = name

    def _opened(self, line: Json) -> None:
        record = self.record
        record.meeting_id = clip(line.get("meeting_id"), 160)
        record.role = mapping(line.get("role"))
        record.agent = clip(line.get("agent"), 80) or record.agent
        record.seat = clip(line.get("seat"), 80)
        record.settings, record.models = mapping(line.get("settings")), listing(line.get("models"))
        for key, value in list(mapping(line.get("participants")).items())[:MOST_PEOPLE]:
            person, who = mapping(value), clip(key, 80)
            name = clip(person.get("name"), 80) or who
            record.people[who] = (name, clip(person.get("position"), 80))
        eagerness = mapping(record.role.get("turn")).get("eagerness", HELD_BACK_FROM)
        self.threshold = 1.0 - number(eagerness)

    def _heard(self, line: Json) -> None:
        self._reach(line["at"])
        for label, start, end in line.get("activities", ()):
            span, who = _span(start, end), self._person(label)
            spans = self.record.activities.setdefault(who, [])
            if who and spans and 0 <= span[0] - spans[-1][1] <= SAMPLE_RATE // 20:
                spans[-1] = (spans[-1][0], span[1])  # one voice, told piece by piece
            elif who and self._room(len(spans), MOST_PIECES):
                spans.append(span)
            self._reach(span[1])
        for label, text, start, end, *_ in line.get("words", ()):
            span, who = _span(start, end), self._person(label)
            if who and self._room(len(self.record.words), MOST_PIECES):
                self.record.words.append((who, clip(text, 100), *span))
            self._reach(span[1])

    def _percept(self, line: Json) -> None:
        self._reach(line["end"])
        if waits := line.get("waits", 0):
            self._tally("wait", "no_proposal", max(0, round(number(waits))))

    def _proposed(self, line: Json) -> None:
        self._proposal = Proposed(
            at=self._reach(line["at"]),
            probability=min(max(number(line["probability"]), 0.0), 1.0),
            act=clip(line.get("act"), 60),
            addressee=clip(line.get("addressee"), 80),
            duty=clip(line.get("duty"), 60),
            mind=clip(line.get("mind"), 60),
            cue=clip(line.get("cue")),
        )

    def _withdrawn(self, line: Json) -> None:
        self._reach(line["at"])
        self._proposal = None

    def _decided(self, line: Json) -> None:
        at, record = self._reach(line["at"]), self.record
        action, reason = clip(line["action"], 40), clip(line["reason"], 60)
        self._tally(action, reason)
        inputs, wish = mapping(line.get("inputs")), self._proposal
        stale = wish is not None and at - wish.at > _SAME_MOMENT
        if stale or ("probability" in inputs and inputs["probability"] is None):
            wish = None
        if action == "wait":
            if wish and reason not in _NOT_HELD and wish.probability >= self._bar(reason, inputs):
                self._hold(at, reason, wish)
        elif self._room(len(record.marks), MOST_MARKS):
            act, addressee = clip(line.get("act"), 60), clip(line.get("addressee"), 80)
            mark = Mark(at, action, reason, act, addressee, _inputs(inputs), wish)
            record.marks.append(mark)

    def _tally(self, action: str, reason: str, times: int = 1) -> None:
        reasons = self.record.tally.setdefault(action, {})
        reasons[reason] = reasons.get(reason, 0) + times

    def _bar(self, reason: str, inputs: Json) -> float:
        """The probability from which a refused proposal would have been taken otherwise."""
        told = inputs.get("threshold")
        if reason == "never_speaks":
            return HELD_BACK_FROM
        return number(told) if isinstance(told, int | float) else self.threshold

    def _hold(self, at: Samples, reason: str, wish: Proposed) -> None:
        held = self.record.held
        last = held[-1] if held else None
        same = last is not None and (last.reason, last.act) == (reason, wish.act)
        if last is not None and same and at - last.end <= _SAME_MOMENT:
            last.end, last.times = at, last.times + 1
            last.probability = max(last.probability, wish.probability)
        elif self._room(len(held), MOST_MARKS):
            entry = Held(at, at, wish.act, wish.addressee, reason, wish.probability, wish.cue)
            held.append(entry)

    def _command(self, line: Json) -> None:
        told = Told(
            at=self._reach(line["at"]),
            command=clip(line["command"], 40),
            by=clip(line.get("by"), 80),
            channel=clip(line.get("channel"), 40),
            accepted=line.get("accepted") is True,
            argument=clip(line.get("argument")),
        )
        if self._room(len(self.record.told), MOST_MARKS):
            self.record.told.append(told)

    def _turn(self, line: Json, at: Samples) -> Turn:
        turn = int(number(line["turn"]))
        turns = self.record.turns
        if turn not in turns:
            if not self._room(len(turns), MOST_MARKS):
                return Turn(turn, at, at)
            turns[turn] = Turn(turn, at, at)
        return turns[turn]

    def _turn_started(self, line: Json) -> None:
        at = self._reach(line["at"])
        turn = self._turn(line, at)
        turn.start, turn.end = at, max(at, turn.end)
        turn.act, turn.addressee = clip(line.get("act"), 60), clip(line.get("addressee"), 80)

    def _word_played(self, line: Json) -> None:
        start, end = _span(line["start"], line["end"])
        turn = self._turn(line, start)
        turn.end = max(turn.end, self._reach(end))
        if self._room(len(turn.words), MOST_MARKS):
            turn.words.append((clip(line["text"], 100), start, end))

    def _turn_ended(self, line: Json) -> None:
        at = self._reach(line["at"])
        turn = self._turn(line, at)
        turn.end = max(turn.start, at)
        for who, start in list(line.get("lines", ()))[:MOST_LINES]:
            turn.lines.append((clip(who, 80), _time(start)))
        calls = [(turn.number, _time(call)) for call in list(line.get("calls", ()))[:MOST_LINES]]
        turn.tools += [self._returned[call] for call in calls if call in self._returned]
        self._returned.clear()
        turn.heard, turn.lost = clip(line.get("heard"), 20_000), clip(line.get("lost"), 20_000)

    def _failed(self, line: Json) -> None:
        failed = Failed(self._reach(line["at"]), clip(line["part"], 60), clip(line["what"], 200))
        if self._room(len(self.record.failed), MOST_MARKS):
            self.record.failed.append(failed)

    def _tool(self, line: Json) -> None:
        self._reach(line["at"])
        call = int(number(line["turn"])), int(number(line["call"]))
        if self._room(len(self._returned), MOST_LINES):
            self._returned[call] = clip(line.get("tool"), 64), clip(line.get("result"), MOST_RESULT)

    def _closed(self, line: Json) -> None:
        self._reach(line["at"])
        self.record.closed, self.record.complete = True, line.get("complete") is True
        self.record.why = clip(line.get("why"))


def _lines(path: Path) -> Iterator[tuple[bytes | None, int]]:
    """Every line of a file and its size in bytes; None for one that is too long."""
    with path.open("rb") as file:
        while line := file.readline(LINE_BYTES):
            size, whole = len(line), line.endswith(b"\n") or len(line) < LINE_BYTES
            rest = line
            while not rest.endswith(b"\n") and (rest := file.readline(LINE_BYTES)):
                size, whole = size + len(rest), False
            yield (line if whole else None), size


def read_journal(path: Path, progress: Callable[[float], None] | None = None) -> Record:
    """Reads a journal as far as it goes.

    Args:
        path: `journal.jsonl` of a run, finished or not.
        progress: told the share of the file read, in [0, 1], from time to time.

    Raises:
        InputError: there is no such file, or no line of it is a journal's.
    """
    if not path.is_file():
        todo = "name the directory that a replay wrote to"
        raise InputError("no journal", where=str(path), todo=todo)
    reader, done, good, total = _Reader(), 0, 0, max(path.stat().st_size, 1)
    labels = _labels(path)
    relabeller, reader.record.relabelled = Relabeller(labels), len(labels.by_id)
    try:
        for count, (raw, size) in enumerate(_lines(path)):
            done += size
            if progress is not None and count % 2000 == 0:
                progress(min(done / total, 1.0))
            if raw is not None and not raw.strip():
                continue
            try:
                reader.take(relabeller.line(dict(_parsed(raw))))
                good += 1
            except (ValueError, KeyError, TypeError):
                reader.record.unreadable += 1
    except OSError as error:
        raise InputError("cannot read the journal", where=str(path), todo=str(error)) from error
    if good == 0:
        raise InputError("not a journal", where=str(path), todo="replay the meeting again")
    return reader.record


def _labels(path: Path) -> Labels:
    try:
        return labels_in(path)
    except InputError:  # the line is damaged, and counted like others
        return Labels()


def _parsed(raw: bytes | None) -> Json:
    if raw is None:
        raise ValueError("too long")
    line = parse_json(raw.decode("utf-8", errors="replace"))
    if not isinstance(line, dict) or "kind" not in line:
        raise ValueError("not a journal's line")
    return line


def read_summary(path: Path) -> Json:
    """The summary of a run; empty where the run did not come to its end or the file is damaged."""
    try:
        if path.stat().st_size > LINE_BYTES:
            return {}
        return mapping(parse_json(path.read_text(encoding="utf-8", errors="replace")))
    except (OSError, ValueError):
        return {}
