"""Runs a journal through the turn keeper again: the decisions must come out the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from moderator.arbiter.turn_keeper import TurnKeeper
from moderator.errors import InputError
from moderator.events import ConnectionChanged, Decision, Heard, TurnEnded, TurnStarted
from moderator.journal.lines import (
    Line,
    command_from,
    decision_from,
    heard_from,
    proposal_from,
    read,
    role_from,
    turn_from,
)
from moderator.sparing import Spared, SparedChanged
from moderator.timeline import TICK, Samples


def rerun(path: Path) -> list[tuple[Decision, Decision]]:
    """Decides everything in a journal again.

    Returns:
        The decisions that differ, as pairs of (journalled, decided now); empty when all agree.

    Raises:
        InputError: not a complete journal.
    """
    lines = read(path)
    opened = next(lines, None)
    if opened is None or opened["kind"] != "opened":
        raise InputError("no meeting was opened", where=str(path), todo="give a journal.jsonl")
    role = role_from(opened, str(path))
    names = {one: str(entry["name"]) for one, entry in opened["participants"].items()}
    return Rerun(TurnKeeper(role, names), names, str(path)).run(lines)


class Rerun:
    """Feeds the lines of a journal to a deciding core.

    Args:
        keeper: the core.
        names: of everybody who took part, by id; kept up to date in place.
        where: the journal, for errors.
    """

    def __init__(self, keeper: TurnKeeper, names: dict[str, str], where: str) -> None:
        self._keeper, self._names, self._where = keeper, names, where
        self._at: Samples = 0
        self._differ: list[tuple[Decision, Decision]] = []

    def run(self, lines: Iterable[Line]) -> list[tuple[Decision, Decision]]:
        """Feeds them; the decisions that differ, as `rerun` gives them."""
        for line in lines:
            take = getattr(self, f"_{line['kind']}", None)
            if take is not None:
                take(line)
        return self._differ

    def _go_to(self, at: Samples) -> None:
        """Ticks in which nothing was heard are not journalled."""
        while self._at + TICK < at:
            self._at += TICK
            self._keeper.hear(Heard(self._at))

    def _heard(self, line: Line) -> None:
        heard = heard_from(line)
        self._go_to(heard.at)
        self._at = heard.at
        self._keeper.hear(heard)
        for word in heard.words:
            self._names.setdefault(word.speaker, word.speaker)

    def _joined(self, line: Line) -> None:
        self._names[line["id"]] = line["name"]

    _renamed = _joined

    def _role_changed(self, line: Line) -> None:
        self._silent_until(line["at"])
        self._keeper.change_role(role_from(line, self._where))

    def _connection(self, line: Line) -> None:
        self._silent_until(line["at"])
        self._keeper.change(ConnectionChanged(line["at"], line["up"]))

    def _spared(self, line: Line) -> None:
        self._silent_until(line["at"])
        self._keeper.change(SparedChanged(line["at"], Spared(line["spared"])))

    def _consent(self, line: Line) -> None:
        self._silent_until(line["at"])  # a turn that quotes who refused ends right after it

    def _percept(self, line: Line) -> None:
        self._silent_until(line["end"])

    def _silent_until(self, at: Samples) -> None:
        self._go_to(at + TICK)

    def _proposal(self, line: Line) -> None:
        self._keeper.propose(proposal_from(line))

    def _withdrawn(self, line: Line) -> None:
        self._keeper.propose(None)

    def _command(self, line: Line) -> None:
        self._keeper.command(command_from(line))

    def _turn_started(self, line: Line) -> None:
        started = turn_from(line)
        assert isinstance(started, TurnStarted)
        self._keeper.turn_started(started)

    def _turn_ended(self, line: Line) -> None:
        ended = turn_from(line)
        assert isinstance(ended, TurnEnded)
        self._keeper.turn_ended(ended)

    def _decision(self, line: Line) -> None:
        written = decision_from(line)
        self._silent_until(written.at)
        decided = self._keeper.decide()
        if decided != written:
            self._differ.append((written, decided))
