"""A meeting that broke off goes on: what was decided, said and refused is as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moderator.audio import AudioChunk
from moderator.ears.script import ScriptedEars
from moderator.events import Command, CommandGiven, Word
from moderator.journal.file import Journal
from moderator.journal.lines import Line, Opened, read
from moderator.journal.rerun import rerun
from moderator.journal.restoring import BROKE_OFF, Restored, restore, unfinished
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.duties.session import Duties
from moderator.testing.meetings import OwnAudio, people, talk
from moderator.testing.mouth import ToneVoice
from moderator.timeline import TICK, ReplayClock, Samples, Stopwatch, to_samples
from roles.schema import Role

ROLE = Role.model_validate(
    {
        "id": "tested",
        "summary": "For tests.",
        "identity": {"name": "Robin", "title": "Facilitator"},
        "duties": [
            {"type": "answer"},
            {"type": "open"},
            {
                "type": "agenda",
                "grace_s": 0,
                "items": [{"title": "Reports", "minutes": 0.5}, {"title": "Budget", "minutes": 9}],
            },
        ],
        "turn": {"cool_down_s": 1, "minimum_gap_s": 0.3, "share_ceiling": 1.0},
    }
)
PEOPLE = people("Ana", "Ben")
SHOWN = {one.id: {"name": one.name, "position": None} for one in PEOPLE.values()}
STEP = Settings().step


class Ticks:
    """Ticks from one meeting time to another."""

    def __init__(self, begin: Samples, end: Samples) -> None:
        self._range = range(begin + TICK, end + 1, TICK)

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        for now in self._range:
            yield now, ()


def hold(
    path: Path,
    until_s: float,
    words: Sequence[Word],
    past: Restored | None = None,
    given: Sequence[CommandGiven] = (),
) -> list[Line]:
    """A meeting that breaks off without a word."""
    journal = Journal(path, goes_on=past is not None)
    if past is None:
        journal.write(Opened("m", ROLE.model_dump(mode="json"), SHOWN, "Robin (agent)"))
    meeting = Meeting(
        ROLE,
        dict(PEOPLE) if past is None else past.participants,
        ScriptedEars(words),
        Duties(),
        ToneVoice(),
        [journal.write],
        ReplayClock(),
        Settings(),
        Stopwatch(),
        past=past,
    )
    for one in given:
        meeting.command(one)
    if given:
        meeting.consent("ben", "chat", given=False)
    begin = meeting.now
    asyncio.run(meeting.run(Ticks(begin, to_samples(until_s)), OwnAudio()))
    journal.close()
    return list(read(path))


def said(lines: Sequence[Line], act: str) -> list[Line]:
    return [line for line in lines if line["kind"] == "turn_started" and line["act"] == act]


@pytest.mark.parametrize("broke_off_s", [36.0, 32.0])
def test_nothing_is_said_twice_and_the_agenda_is_where_it_was(
    tmp_path: Path, broke_off_s: float
) -> None:
    """Also where the turn of the hand-over was under way."""
    path = tmp_path / "journal.jsonl"
    before = hold(path, broke_off_s, talk("ana", 20.0, "We talk about tents."))
    assert len(said(before, "hand_over")) == len(said(before, "open")) == 1
    with path.open("ab") as file:
        file.write(b'{"kind":"percept","ind')  # it was killed there
    past = restore(path, to_samples(5.0), STEP)
    assert past.start % STEP == 0
    asks = talk("ben", 50.0, "Robin, where are we on the agenda?")
    after = hold(path, 60.0, asks, past)
    assert len(said(after, "hand_over")) == len(said(after, "open")) == 1
    turns = [line for line in after if line["kind"] == "turn_ended"]
    assert [line["turn"] for line in turns] == [1, 2, 3]
    assert turns[-1]["heard"].startswith("We are at Budget, item 2 of 2.")
    assert [line["what"] for line in after if line["kind"] == "failure"] == [BROKE_OFF]
    assert rerun(path) == []


def test_commands_and_refusals_hold_and_shares_go_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    hush = CommandGiven(0, Command.HUSH, "ana", "chat", True)
    hold(path, 40.0, talk("ana", 20.0, "We talk about tents."), given=[hush])
    found = unfinished(path)
    assert found is not None
    assert found.refused == {"ben": "chat"}
    assert found.names == {"ana": "Ana", "ben": "Ben"}
    past = restore(path, 0, STEP)
    assert past.keeper.standing.hushed
    assert past.keeper.floor.tallies["ana"].talk > to_samples(1.0)
    assert [one.text for one in past.transcript] == ["We talk about tents."]
    after = hold(path, 60.0, [], past)
    assert not [line for line in after if line["kind"] == "turn_started"]
    assert rerun(path) == []


def test_the_same_journal_gives_the_same_meeting(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    hold(path, 33.0, talk("ana", 20.0, "We talk about tents."))

    def made() -> dict[str, Any]:
        one = restore(path, to_samples(2.0), STEP)
        return {
            "floor": one.keeper.floor,
            "standing": one.keeper.standing,
            "start": one.start,
            "events": one.events,
            "moments": [replace(moment) for moment in one.moments],
        }

    assert made() == made()
