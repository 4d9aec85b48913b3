"""What changes in the middle of a meeting: the role, and what may be kept."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from moderator.audio import AudioChunk
from moderator.ears.script import ScriptedEars
from moderator.events import Percept, Word
from moderator.floor.state import FloorView
from moderator.journal.erasure import Erasure
from moderator.journal.file import Journal
from moderator.journal.lines import Closed, Line, Opened, read
from moderator.journal.rerun import rerun
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.base import Participant, SpeechLLM
from moderator.mind.duties.session import Duties, DutiesSession
from moderator.sparing import Spared
from moderator.testing.meetings import people
from moderator.testing.mouth import ToneVoice
from moderator.timeline import TICK, ReplayClock, Samples, Stopwatch, to_samples
from moderator.transcript import Transcript
from roles.loader import load_role
from roles.schema import Role


def role(name: str = "facilitator", **turn: object) -> Role:
    base = load_role(name).model_dump(mode="json")
    return Role.model_validate(base | {"turn": base["turn"] | turn})


def say(speaker: str, at_s: float, text: str) -> list[Word]:
    return [
        Word(speaker, word, to_samples(at_s + 0.3 * index), to_samples(at_s + 0.3 * index + 0.3))
        for index, word in enumerate(text.split())
    ]


WORDS = (
    say("ana", 2, "the password is purple elephant and nobody knows it")
    + say("ben", 8, "Robin, who has spoken most?")
    + say("ana", 16, "Robin, who has spoken most?")
    + say("ben", 26, "no no let me go on with this for a moment because it matters")
    + say("ana", 34, "Robin, how much time is left?")
)


class Ticks:
    """A source of nothing that does something at certain times."""

    def __init__(self, seconds: float, then: Mapping[float, Callable[[], object]]) -> None:
        self._ticks = to_samples(seconds) // TICK
        self._then = {to_samples(at_s): work for at_s, work in then.items()}

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        for index in range(self._ticks):
            if index * TICK in self._then:
                self._then[index * TICK]()
            yield (index + 1) * TICK, []


class Nothing:
    def take(self, *_: object) -> None:
        pass


Work = Callable[[Meeting, Journal], object]


def hold(
    path: Path,
    at_s: float,
    then: Work,
    *later: tuple[float, Work],
    first: Role | None = None,
    words: Sequence[Word] = WORDS,
    admits: Callable[[str, Samples], bool] = lambda _who, _at: True,
    mind: SpeechLLM | None = None,
    live: bool = False,
) -> list[Line]:
    """A meeting in which `then` happens at `at_s`; its journal."""
    journal, first = Journal(path), first or role()
    names = people("Ana", "Ben")
    shown = {one.id: {"name": one.name, "position": one.position} for one in names.values()}
    journal.write(Opened("m", first.model_dump(mode="json"), shown, "Robin (agent)"))
    meeting = Meeting(
        first,
        dict(names),
        ScriptedEars(words),
        mind or Duties(),
        ToneVoice(),
        [journal.write],
        ReplayClock(),
        Settings(live=live),
        Stopwatch(),
        admits,
    )
    works = {at: functools.partial(work, meeting, journal) for at, work in [(at_s, then), *later]}
    source = Ticks(44, works)
    asyncio.run(meeting.run(source, Nothing()))
    journal.write(Closed(meeting.now, True, "the end"))
    journal.close()
    return list(read(path))


@pytest.mark.parametrize("at_s", [0.0, 7.3, 10.8, 14.0, 19.7, 30.0])
def test_a_journal_with_a_change_of_role_gives_the_same_decisions(
    tmp_path: Path, at_s: float
) -> None:
    path = tmp_path / "journal.jsonl"
    other = role("observer", may_speak=False)
    lines = hold(path, at_s, lambda meeting, _: meeting.change_role(other, None))
    changed = [line for line in lines if line["kind"] == "role_changed"]
    assert [line["role"]["id"] for line in changed] == ["observer"]
    spoken = [
        line["at"] for line in lines if line["kind"] == "decision" and line["action"] == "speak"
    ]
    assert all(at <= changed[0]["at"] for at in spoken)
    assert rerun(path) == []
    path.write_text(path.read_text().replace('"kind":"role_changed"', '"kind":"unknown"', 1))
    assert rerun(path)


def test_a_turn_under_way_ends_with_its_role(tmp_path: Path) -> None:
    plain = hold(tmp_path / "plain.jsonl", 0.0, lambda *_: None)
    turn = next(line for line in plain if line["kind"] == "turn_started")
    at_s = turn["at"] / to_samples(1.0) + 0.5
    at_s = round(at_s, 1)
    path = tmp_path / "changed.jsonl"
    lines = hold(path, at_s, lambda meeting, _: meeting.change_role(role("host"), ToneVoice()))
    kinds = [line["kind"] for line in lines]
    change = kinds.index("role_changed")
    ended = kinds.index("turn_ended")
    assert kinds.index("turn_started") < ended < change
    assert lines[ended]["lost"]
    assert rerun(path) == []


def test_what_somebody_said_is_erased_and_the_decisions_stay(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"

    def erase(meeting: Meeting, journal: Journal) -> None:
        meeting.forget("ana")
        journal.erase(Erasure(("ana",), meeting.now))

    lines = hold(path, 24.0, erase)
    said = [(word[0], word[1]) for line in lines for word in line.get("words", ())]
    assert not {text for who, text in said if who == "ana"} & {"elephant", "password"}
    assert ("ana", "left?") in said, "what they say afterwards is not the journal's to drop"
    assert ("ben", "spoken") in said
    assert "elephant" not in path.read_text()
    assert any("ana" in line.get("speaking", ()) for line in lines)
    assert rerun(path) == []
    assert not list(tmp_path.glob("*.part"))


def test_a_transcript_forgets_one_speaker() -> None:
    transcript = Transcript()
    transcript.add([*say("ana", 0, "one two"), *say("ben", 2, "three")])
    transcript.forget("ana")
    assert [utterance.text for utterance in transcript] == ["three"]
    assert transcript.current("ana") is None
    transcript.add(say("ana", 4, "four"))
    assert [utterance.text for utterance in transcript] == ["three", "four"]


@pytest.mark.parametrize("lost_s", [10.8, 12.0, 20.0])
def test_a_meeting_that_was_lost_is_not_spoken_into(tmp_path: Path, lost_s: float) -> None:
    """Neither a wish nor a turn outlives it, and silence is counted from when it is back."""
    path, back_s, patience_s = tmp_path / "journal.jsonl", 31.0, 4.0
    quiet = role(silence_patience_s=patience_s, cool_down_s=0.0, minimum_gap_s=0.3)
    duties = [{"type": "answer"}, {"type": "break_silence", "every_s": 0}]
    impatient = Role.model_validate(quiet.model_dump(mode="json") | {"duties": duties})
    lines = hold(
        path,
        lost_s,
        lambda meeting, _: meeting.connection(up=False),
        (back_s, lambda meeting, _: meeting.connection(up=True)),
        first=impatient,
        words=[word for word in WORDS if not lost_s <= word.start / 16_000 < 40],
    )
    lost, back = (line for line in lines if line["kind"] == "connection")
    assert (lost["at"], back["at"]) == (to_samples(lost_s), to_samples(back_s))
    begun = [line["at"] for line in lines if line["kind"] == "turn_started"]
    assert begun[0] < lost["at"], "it had been asked something"
    later = [at for at in begun if at > lost["at"]]
    assert later
    assert later[0] >= back["at"] + to_samples(patience_s)
    ended = [line["at"] for line in lines if line["kind"] == "turn_ended"]
    assert not [at for at in ended if lost["at"] + 2 * TICK < at < later[0]]
    assert rerun(path) == []
    path.write_text(path.read_text().replace('"kind":"connection"', '"kind":"unknown"'))
    assert rerun(path)


class Noting(Duties):
    """Duties that keep what they are given."""

    def __init__(self) -> None:
        super().__init__()
        self.percepts: list[Percept] = []

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> DutiesSession:
        session = await super().open(role, participants)
        push = session.push

        async def noted(percept: Percept, floor: FloorView) -> None:
            self.percepts.append(percept)
            await push(percept, floor)

        session.push = noted  # type: ignore[method-assign]
        return session


@pytest.mark.parametrize("refused_s", [2.1, 2.3, 2.6])
def test_nothing_of_somebody_is_used_after_they_refused(tmp_path: Path, refused_s: float) -> None:
    """Neither what is being recognised at that moment, nor what waits for the mind."""
    refused: list[bool] = []

    def refuse(meeting: Meeting, _: Journal) -> None:
        refused.append(True)
        meeting.withhold("ana")

    mind = Noting()
    lines = hold(
        tmp_path / "journal.jsonl",
        refused_s,
        refuse,
        admits=lambda who, _: not (refused and who == "ana"),
        mind=mind,
    )
    at = to_samples(refused_s)
    late = [line for line in lines if line["kind"] == "heard" and line["at"] > at]
    assert not [line for line in late if "ana" in str(line)]
    assert any("ben" in str(line) for line in late)
    for percept in mind.percepts:
        if percept.end > at:
            assert not [word for word in percept.words if word.speaker == "ana"]
            assert "ana" not in percept.partials


def test_what_a_mind_was_thinking_when_somebody_refused_is_not_written_down(
    tmp_path: Path,
) -> None:
    plain = hold(tmp_path / "plain.jsonl", 0.0, lambda *_: None)
    wish = next(line for line in plain if line["kind"] == "proposal" and line.get("cue"))
    before = wish["at"] / 16_000 - 0.1
    lines = hold(tmp_path / "quiet.jsonl", round(before, 1), lambda m, _: m.withhold("cem"))
    same = next(line for line in lines if line["kind"] == "proposal")
    assert same["at"] == wish["at"]
    assert "cue" not in same
    later = [line for line in lines if line["kind"] == "proposal" and line["at"] > same["at"]]
    assert later[-1]["cue"]


def test_who_takes_another_name_is_called_by_it_from_then_on(tmp_path: Path) -> None:
    """By the agent and in its journal."""
    path = tmp_path / "journal.jsonl"
    renamed = Participant("ana", "Anastasia")
    lines = hold(path, 14.0, lambda meeting, _: meeting.join(renamed))
    assert [line for line in lines if line["kind"] in ("joined", "renamed")] == [
        {"kind": "renamed", "at": to_samples(14.0), "id": "ana", "name": "Anastasia"}
    ]
    said = [(line["at"], line["heard"]) for line in lines if line["kind"] == "turn_ended"]
    before = " ".join(heard for at, heard in said if at < to_samples(14.0))
    after = " ".join(heard for at, heard in said if at > to_samples(14.0))
    assert "Anastasia" not in before
    assert "Anastasia" in after
    assert rerun(path) == []


def test_what_a_late_meeting_does_without_gives_the_same_decisions_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = hold(
        path,
        7.0,
        lambda meeting, _: meeting.spare(Spared.SPEECH),
        (24.0, lambda meeting, _: meeting.spare(Spared.NOTHING)),
    )
    late = (to_samples(7.0), to_samples(24.0))
    turns = [line["at"] for line in lines if line["kind"] == "turn_started"]
    assert not [at for at in turns if late[0] + TICK < at < late[1]]
    assert [at for at in turns if at > late[1]]
    reasons = {line["reason"] for line in lines if line["kind"] == "decision"}
    assert "overloaded" in reasons
    assert rerun(path) == []
    path.write_text(path.read_text().replace('"kind":"spared"', '"kind":"unknown"', 1))
    assert rerun(path)


class Stubborn(Duties):
    """Opens slowly, the second time not at all, and closes as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> DutiesSession:
        self.opened += 1
        if self.opened == 2:
            raise OSError("SECRET")
        session = await super().open(role, participants)

        async def close() -> None:
            await asyncio.sleep(60)

        session.close = close  # type: ignore[method-assign]
        return session


def test_a_mind_that_cannot_be_opened_for_another_role_is_opened_again(tmp_path: Path) -> None:
    """The rules of the new role hold at once; until its mind is there, nothing is wished."""
    mind = Stubborn()
    lines = hold(
        tmp_path / "journal.jsonl",
        20.0,
        lambda meeting, _: meeting.change_role(role("host"), ToneVoice()),
        mind=mind,
        live=True,
    )
    changed = next(line["at"] for line in lines if line["kind"] == "role_changed")
    assert changed == to_samples(20.0)
    failures = [line for line in lines if line["kind"] == "failure"]
    assert [(line["part"], line["what"]) for line in failures] == [("mind", "it failed (OSError)")]
    wishes = [line["at"] for line in lines if line["kind"] == "proposal"]
    assert any(at < changed for at in wishes)
    after = [at for at in wishes if at > changed]
    assert after
    assert after[0] >= failures[0]["at"] + to_samples(5.0)
    assert mind.opened == 3
    assert rerun(tmp_path / "journal.jsonl") == []
