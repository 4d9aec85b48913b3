"""What a meeting was when the program that it ran in broke off, read back from its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderator.arbiter.turn_keeper import TurnKeeper
from moderator.errors import InputError
from moderator.events import (
    Action,
    ConnectionChanged,
    Failure,
    Percept,
    Proposal,
    TurnEnded,
    Word,
)
from moderator.journal.lines import (
    Event,
    Line,
    decision_from,
    heard_from,
    parse,
    read,
    role_from,
    time_of_line,
    to_line,
)
from moderator.journal.rerun import Rerun
from moderator.mind.base import Moment, Participant
from moderator.sparing import Spared, SparedChanged
from moderator.timeline import Samples, to_samples, wall_clock
from moderator.transcript import Transcript
from roles.schema import Role

BROKE_OFF = "the program broke off, and another one goes on"

_GRANTED = (Action.SPEAK, Action.BACKCHANNEL, Action.RAISE_HAND)

_TELLING = tuple(
    f'{{"kind":"{kind}",'.encode()
    for kind in ("opened", "role_changed", "joined", "renamed", "consent", "closed")
)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What must be known of a meeting that broke off before anybody in it is heard again.

    Attributes:
        directory: its files'.
        settings: with which it began.
        role: the agent's at the end.
        names: of everybody who took part, by id.
        refused: by id, who refused to be heard last by other than an attribute: the channel.
        refused_at: when they, or who has agreed anew since, refused, by id.
        written: when the journal was written last, in seconds since 1970.
    """

    directory: Path
    settings: dict[str, Any]
    role: Role
    names: dict[str, str]
    refused: dict[str, str]
    refused_at: dict[str, Samples]
    written: float = 0.0

    @property
    def silent_for(self) -> Samples:
        """For how long nobody has written on it; at most an hour."""
        return to_samples(min(3600.0, max(0.0, wall_clock() - self.written)))


def unfinished(journal: Path) -> Unfinished | None:
    """What a journal says of a meeting that was not ended; None where it was, or never began.

    Raises:
        InputError: it cannot be read.
    """
    lines = [parse(text, str(journal)) for text in _telling(journal)]
    if not lines or lines[0]["kind"] != "opened" or lines[-1]["kind"] == "closed":
        return None
    settings = lines[0].get("settings")
    found = Unfinished(
        journal.parent,
        settings if isinstance(settings, dict) else {},
        role_from([one for one in lines if "role" in one][-1], str(journal)),
        {one: str(entry["name"]) for one, entry in lines[0]["participants"].items()},
        {},
        {},
        journal.stat().st_mtime,
    )
    for line in lines:
        if line["kind"] in ("joined", "renamed"):
            found.names[line["id"]] = line["name"]
        elif line["kind"] == "consent" and not line["given"]:
            found.refused_at[line["by"]] = line["at"]
            if line.get("channel") != "attribute":
                found.refused[line["by"]] = str(line.get("channel", ""))
        elif line["kind"] == "consent":
            found.refused.pop(line["by"], None)
    return found


def _telling(journal: Path) -> Iterator[bytes]:
    try:
        with journal.open("rb") as file:
            for text in file:
                if text.startswith(_TELLING) and text.endswith(b"\n"):
                    yield text
    except OSError as error:
        raise InputError("cannot read the journal", where=str(journal), todo=str(error)) from error


@dataclass(slots=True)
class Restored:
    """A meeting that goes on.

    Attributes:
        keeper: the deciding core as it is at `start`.
        participants: who took part at the end, by id.
        names: of everybody who ever did.
        start: meeting time at which it goes on, a whole number of percepts.
        turns: of the agent so far.
        transcript: what was said.
        moments: what a mind is told of it, oldest first.
        events: what is written down of the break.
    """

    keeper: TurnKeeper
    participants: dict[str, Participant]
    names: dict[str, str]
    start: Samples = 0
    turns: int = 0
    transcript: Transcript = field(default_factory=Transcript)
    moments: list[Moment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def restore(journal: Path, gap: Samples, step: Samples) -> Restored:
    """Reads a meeting back; the same journal gives the same meeting.

    Args:
        journal: its file.
        gap: how long nobody listened, at least.
        step: a percept's length.

    Raises:
        InputError: not a meeting's journal.
    """
    lines = read(journal)
    opened = next(lines, None)
    if opened is None or opened["kind"] != "opened":
        raise InputError("no meeting was opened", where=str(journal), todo="begin a new one")
    names = {one: str(entry["name"]) for one, entry in opened["participants"].items()}
    keeper = TurnKeeper(role_from(opened, str(journal)), names)
    people = {
        one: Participant(one, names[one], entry.get("position"))
        for one, entry in opened["participants"].items()
    }
    return _Restoring(Restored(keeper, people, names), str(journal), step).all(lines, gap)


class _Restoring(Rerun):
    """Feeds a journal to the deciding core, and keeps what a mind must know."""

    def __init__(self, made: Restored, where: str, step: Samples) -> None:
        super().__init__(made.keeper, made.names, where)
        self._made, self._step = made, step
        self._reached: Samples = 0
        self._words: list[Word] = []
        self._turn: tuple[int, tuple[str, ...]] | None = None
        self._played: list[str] = []

    def all(self, lines: Iterable[Line], gap: Samples) -> Restored:
        self.run(self._noted(lines))
        made, reached = self._made, self._reached
        made.start = -(-(reached + gap) // self._step) * self._step
        self._remember(reached, None)
        self._break(reached, made.start)
        return made

    def _noted(self, lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            self._reached = max(self._reached, time_of_line(line))
            yield line

    def _break(self, reached: Samples, start: Samples) -> None:
        """A turn under way has ended; in between nobody was heard."""
        made = self._made
        if self._turn is not None or made.keeper.standing.turn_act is not None:
            turn, quotes = self._turn or (made.turns + 1, ())
            made.turns = max(made.turns, turn)
            made.events.append(TurnEnded(reached, turn, " ".join(self._played), "", quotes))
        made.events.append(Failure(reached, "worker", BROKE_OFF))
        made.events.append(ConnectionChanged(reached, up=False))
        made.events.append(ConnectionChanged(start, up=True))
        if made.keeper.standing.spared is not Spared.NOTHING:
            made.events.append(SparedChanged(start, Spared.NOTHING))
        self.run(map(to_line, made.events))

    def _remember(self, at: Samples, granted: Proposal | None) -> None:
        """What was said since the last time; and, if it was, that a wish was granted."""
        words, self._words = tuple(self._words), []
        percept = Percept(at // self._step, max(0, at - self._step), at, words=words)
        self._made.moments.append(Moment(percept, self._keeper.floor, granted))

    def _heard(self, line: Line) -> None:
        super()._heard(line)
        words = heard_from(line).words
        self._words += words
        self._made.transcript.add(words)
        for word in words:
            if word.speaker in self._names:
                known = Participant(word.speaker, self._names[word.speaker])
                self._made.participants.setdefault(word.speaker, known)

    def _joined(self, line: Line) -> None:
        super()._joined(line)
        self._made.participants[line["id"]] = Participant(line["id"], line["name"])

    _renamed = _joined

    def _left(self, line: Line) -> None:
        self._made.participants.pop(line["id"], None)

    def _decision(self, line: Line) -> None:
        pending, written = self._keeper.pending, decision_from(line)
        super()._decision(line)
        if written.action in _GRANTED and pending is not None:
            self._remember(pending.at, pending)

    def _turn_started(self, line: Line) -> None:
        super()._turn_started(line)
        self._made.turns = max(self._made.turns, line["turn"])
        self._turn, self._played = (line["turn"], tuple(line.get("quotes", ()))), []

    def _word_played(self, line: Line) -> None:
        self._played.append(line["text"])

    def _turn_ended(self, line: Line) -> None:
        super()._turn_ended(line)
        self._made.turns = max(self._made.turns, line["turn"])
        self._turn, self._played = None, []
        if line["heard"]:
            self._made.moments.append(
                Moment(Percept(0, 0, line["at"]), self._keeper.floor, None, line["heard"])
            )
