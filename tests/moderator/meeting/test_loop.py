"""The loop, with scripted words and a voice of tones: what is said when, and why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from moderator.audio import AudioChunk, Waveform
from moderator.ears.script import ScriptedEars
from moderator.events import Act, Action, Command, Proposal, Reason, Word
from moderator.journal.file import Journal
from moderator.journal.lines import Closed, Line, Opened, read
from moderator.journal.rerun import rerun
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.base import Participant, SpeechLLM
from moderator.mind.duties.session import Duties
from moderator.testing.minds import ScriptedMind
from moderator.testing.mouth import ToneVoice
from moderator.timeline import FRAME, TICK, ReplayClock, Samples, Stopwatch, to_samples, to_seconds
from roles.schema import Role

PEOPLE = {"A": Participant("A", "Ana"), "B": Participant("B", "Ben")}


def role(*duties: dict[str, object], **turn: object) -> Role:
    return Role.model_validate(
        {
            "id": "tested",
            "summary": "For tests.",
            "identity": {"name": "Robin"},
            "duties": list(duties),
            "turn": turn,
        }
    )


def say(speaker: str, at_s: float, text: str, word_s: float = 0.3) -> list[Word]:
    """Words of equal length without pauses."""
    words = []
    for index, word in enumerate(text.split()):
        start = to_samples(at_s + index * word_s)
        words.append(Word(speaker, word, start, start + to_samples(word_s)))
    return words


class Silence:
    """A source of nothing, for meetings that are words."""

    def __init__(self, seconds: float) -> None:
        self._ticks = to_samples(seconds) // TICK

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        for index in range(self._ticks):
            yield (index + 1) * TICK, []


class Tape:
    """Keeps the agent's audio."""

    def __init__(self, seconds: float) -> None:
        self.audio = np.zeros(to_samples(seconds) + 2 * TICK, dtype=np.float32)

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        if own is not None:
            self.audio[start : start + TICK] = own


def hold(
    tested: Role,
    words: list[Word],
    seconds: float,
    mind: SpeechLLM | None = None,
    path: Path | None = None,
    settings: Settings | None = None,
) -> tuple[list[Line], Tape]:
    """Runs a meeting; its journal without waits and percepts, and what the agent sounded like."""
    journal, tape = Journal(path), Tape(seconds)
    people = {one: {"name": who.name, "position": None} for one, who in PEOPLE.items()}
    journal.write(Opened("test", tested.model_dump(mode="json"), people, "Robin"))
    meeting = Meeting(
        tested,
        dict(PEOPLE),
        ScriptedEars(words),
        mind or Duties(),
        ToneVoice(),
        [journal.write],
        BriskClock() if settings and settings.live else ReplayClock(),
        settings or Settings(),
        Stopwatch(),
    )
    asyncio.run(meeting.run(Silence(seconds), tape))
    journal.write(Closed(meeting.now, True, "the end"))
    journal.close()
    lines = list(read(path)) if path else journal.lines
    return lines, tape


class BriskClock:
    """Two milliseconds a tick: tasks get their turn, and the test does not last long."""

    async def wait_until(self, at: Samples) -> None:
        await asyncio.sleep(0.002)


def told(lines: list[Line], kind: str) -> list[Line]:
    return [line for line in lines if line["kind"] == kind]


def acts(lines: list[Line]) -> list[tuple[str, str]]:
    """Decisions other than to wait: (action, reason)."""
    decisions = told(lines, "decision")
    return [(d["action"], d["reason"]) for d in decisions if d["action"] != Action.WAIT]


def wish(at_s: float, act: Act = Act.ANSWER, words: str = "one two three four") -> Proposal:
    return Proposal(to_samples(at_s), "scripted", 0.9, act, answering=True, cue=words)


def test_a_question_by_name_is_answered_in_the_next_pause_and_no_other_is() -> None:
    words = say("A", 2, "How much time do we have?") + say("B", 6, "Robin, how much time is left?")
    lines, _ = hold(role({"type": "answer"}), words, 15)
    (started,) = told(lines, "turn_started")
    assert started["act"] == "answer"
    assert started["addressee"] == "B"
    end = max(word.end for word in words)
    assert to_samples(0.7) <= started["at"] - end <= to_samples(1.0)


def test_words_played_are_the_words_heard() -> None:
    lines, tape = hold(role({"type": "open"}), [], 10)
    (ended,) = told(lines, "turn_ended")
    played = told(lines, "word_played")
    assert ended["heard"] == " ".join(word["text"] for word in played)
    assert ended["lost"] == ""
    for word in played:
        assert np.abs(tape.audio[word["start"] : word["end"]]).max() > 0.1
    assert not tape.audio[ended["at"] :].any()


def test_talking_over_the_agent_silences_it_at_once_and_ends_its_turn() -> None:
    mind = ScriptedMind([wish(1.0, words="one two three four five six seven eight nine ten")])
    words = say("A", 4.0, "no wait I have to say something else first")
    lines, tape = hold(role(), words, 12, mind)
    given_up = [("pause", "voice_over"), ("yield", "talked_over")]
    assert acts(lines) == [("speak", "floor_free"), *given_up]
    stopped = next(d["at"] for d in told(lines, "decision") if d["action"] == "pause")
    (ended,) = told(lines, "turn_ended")
    assert stopped <= ended["at"] <= stopped + FRAME
    assert np.abs(tape.audio[stopped - TICK : stopped]).max() > 0.1
    assert not tape.audio[stopped + FRAME :].any()
    assert stopped - words[0].start <= 2 * TICK
    assert ended["heard"].split() + ended["lost"].split() == mind.proposals[0].cue.split()


def test_a_backchannel_makes_it_pause_and_go_on_with_the_word_that_was_cut() -> None:
    counting = "one two three four five six seven eight nine ten"
    mind = ScriptedMind([wish(1.0, words=counting)])
    backchannel = say("A", 4.0, "mm-hm")
    lines, tape = hold(role(), backchannel, 12, mind)
    assert acts(lines)[1:] == [("pause", "voice_over"), ("go_on", "was_backchannel")]
    paused, went_on = (
        d["at"] for d in told(lines, "decision") if d["action"] in ("pause", "go_on")
    )
    assert paused - backchannel[0].start <= 2 * TICK
    assert went_on - backchannel[-1].end <= to_samples(0.5)
    assert not tape.audio[paused + FRAME : went_on].any()
    assert np.abs(tape.audio[went_on : went_on + TICK]).max() > 0.1
    (ended,) = told(lines, "turn_ended")
    assert (ended["heard"], ended["lost"]) == (counting, "")
    for word in told(lines, "word_played"):
        assert np.abs(tape.audio[word["start"] : word["end"]]).max() > 0.1
        assert not word["start"] < went_on < word["end"]


def test_a_chair_that_yields_late_talks_on_over_a_backchannel() -> None:
    mind = ScriptedMind([wish(1.0, words="one two three four five six seven eight nine ten")])
    lines, _ = hold(role(yield_after_s=2.0), say("A", 4.0, "mm-hm"), 12, mind)
    assert acts(lines) == [("speak", "floor_free")]


def test_a_hard_stop_stops_it_whatever_the_role_says_of_yielding_until_it_may_resume() -> None:
    asked = "Robin, how much time is left?"
    words = (
        say("A", 1, asked)
        + say("B", 5.0, "stop please")
        + say("A", 12, asked)
        + say("B", 20, "Robin, you may speak again.")
        + say("A", 25, asked)
    )
    tested = role({"type": "answer"}, yields_to="nobody", cool_down_s=0)
    lines, tape = hold(tested, words, 35)
    assert acts(lines)[:2] == [("speak", "floor_free"), ("stop", "hard_stop")]
    assert [line["command"] for line in told(lines, "command")] == ["hush", "resume"]
    starts = [to_seconds(line["at"]) for line in told(lines, "turn_started")]
    assert len(starts) == 2
    assert starts[1] > 25
    assert not tape.audio[to_samples(6.5) : to_samples(25)].any()


def test_what_nobody_may_command_is_journalled_and_changes_nothing() -> None:
    tested = role({"type": "answer"}, yields_to="nobody").model_copy(
        update={"authority": role().authority.model_copy(update={"commands": {}})}
    )
    words = say("A", 1, "Robin, how much time is left?") + say("B", 4.5, "stop please")
    lines, _ = hold(tested, words, 12)
    (command,) = told(lines, "command")
    assert command["accepted"] is False
    assert acts(lines) == [("speak", "floor_free")]


def test_the_agent_leaves_when_told_to_by_somebody_who_may() -> None:
    tested = role({"type": "answer"})
    may = tested.authority.model_copy(update={"commands": {Command.LEAVE: ["A"]}})
    tested = tested.model_copy(update={"authority": may})
    words = say("B", 1, "Robin, please leave.") + say("A", 5, "Robin, please leave.")
    lines, _ = hold(tested, words, 30)
    assert [line["accepted"] for line in told(lines, "command")] == [False, True]
    assert told(lines, "closed")[0]["at"] < to_samples(8)


def test_it_speaks_in_the_first_good_moment_between_two_percepts() -> None:
    mind = ScriptedMind([wish(2.0)])
    lines, _ = hold(role(minimum_gap_s=0.5), say("A", 0.5, "hello there everybody", 0.4), 8, mind)
    (started,) = told(lines, "turn_started")
    assert started["at"] == to_samples(0.5 + 1.2 + 0.5)


def test_a_failing_mind_is_journalled_and_the_meeting_goes_on() -> None:
    mind = ScriptedMind([wish(1.0), wish(5.0)], fail_at_s=[3.0], fail_composing=[0])
    lines, _ = hold(role(cool_down_s=0), [], 12, mind)
    assert [line["part"] for line in told(lines, "failure")] == ["mind", "mind"]
    assert len(told(lines, "turn_started")) == 1
    assert len(told(lines, "turn_ended")) == 2


def test_every_granted_turn_ends_also_when_the_recording_does() -> None:
    mind = ScriptedMind([wish(1.0, words="one two three four five six seven eight nine ten")])
    lines, _ = hold(role(), [], 2.5, mind)
    (ended,) = told(lines, "turn_ended")
    assert ended["lost"]


def test_percepts_lie_on_a_fixed_grid() -> None:
    lines, _ = hold(role(), say("A", 0.7, "hello"), 5, settings=Settings(step_s=0.4))
    percepts = told(lines, "percept")
    step = to_samples(0.4)
    assert [p["end"] for p in percepts] == [(p["index"] + 1) * step for p in percepts]
    assert [p["start"] for p in percepts] == [0, *(p["end"] for p in percepts[:-1])]
    assert percepts[-1]["index"] == 11


LIVELY = (
    say("A", 3, "So I think we should start with the budget this year and not with the rest")
    + say("B", 9, "Robin, who has spoken most?")
    + say("A", 14, "no no let me go on with this for a moment because it matters to all of us")
    + say("B", 15, "but we said that already and I do not want to hear it all over again today")
    + say("A", 26, "Robin, stop.")
    + say("A", 40, "Robin, you may speak again.")
    + say("B", 60, "fine")
)
LIVELY_ROLE = role(
    {"type": "open"},
    {"type": "answer"},
    {"type": "cut_in_crosstalk", "after_s": 1.5, "every_s": 5},
    {"type": "break_silence", "every_s": 10},
    may_cut_in=True,
    silence_patience_s=4,
    cool_down_s=2,
)


def test_the_same_meeting_twice_gives_the_same_journal_and_sound(tmp_path: Path) -> None:
    _, first = hold(LIVELY_ROLE, LIVELY, 80, path=tmp_path / "1.jsonl")
    _, second = hold(LIVELY_ROLE, LIVELY, 80, path=tmp_path / "2.jsonl")
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()
    assert np.array_equal(first.audio, second.audio)


def test_running_a_journal_again_gives_the_same_decisions(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines, _ = hold(LIVELY_ROLE, LIVELY, 80, path=path)
    reasons = {reason for _, reason in acts(lines)}
    assert {Reason.FLOOR_FREE, Reason.MAY_CUT_IN} <= reasons
    assert rerun(path) == []
    changed = path.read_text().replace('"reason":"may_cut_in"', '"reason":"floor_free"')
    path.write_text(changed)
    assert rerun(path)


@pytest.mark.parametrize("live", [False, True])
def test_a_live_meeting_takes_the_same_turns(live: bool) -> None:
    mind = ScriptedMind([wish(1.0, words="one two.")])
    lines, _ = hold(role(), [], 6, mind, settings=Settings(live=live))
    assert [ended["heard"] for ended in told(lines, "turn_ended")] == ["one two."]
