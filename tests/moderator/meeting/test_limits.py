"""What a role allows at most is never exceeded, whatever the mind wishes and says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from moderator.arbiter.rules.quotas import BACKCHANNEL, SHARE_BASE
from moderator.audio import AudioChunk, Waveform
from moderator.ears.script import ScriptedEars
from moderator.events import (
    LIMITS,
    Act,
    Action,
    Decision,
    Percept,
    Proposal,
    Reason,
    TurnEnded,
    TurnStarted,
    Word,
)
from moderator.floor.state import FloorView
from moderator.journal.file import Journal
from moderator.journal.lines import Closed, Event, Opened
from moderator.journal.rerun import rerun
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.base import Capabilities, Participant
from moderator.testing.meetings import SilentSource, chatter, of
from moderator.testing.mouth import ToneVoice
from moderator.timeline import FRAME, TICK, ReplayClock, Samples, Stopwatch, to_samples
from roles.schema import Role

WORD_S = 0.25
"""How long the agent's words take, with the gap behind them."""


@dataclass(frozen=True)
class Wish:
    """A turn as the mind makes it: sentences of so many words, and what it says of its length."""

    sentences: tuple[int, ...]
    claimed_s: float | None = None
    answering: bool = True
    act: Act = Act.ANSWER

    @property
    def text(self) -> str:
        return " ".join(" ".join(["So", *["la"] * (n - 1)]) + "." for n in self.sentences)


class Talkative:
    """Wishes to speak at every percept: one of its wishes after the other, over and over."""

    def __init__(self, wishes: Sequence[Wish]) -> None:
        self._wishes, self._granted, self._now = wishes, 0, 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(name="talkative")

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> Talkative:
        return self

    async def push(self, percept: Percept, floor: FloorView) -> None:
        self._now = percept.end

    async def propose(self) -> Proposal | None:
        wish = self._wishes[self._granted % len(self._wishes)]
        wished = Proposal(self._now, "talkative", 1.0, wish.act, answering=wish.answering)
        return replace(wished, takes_s=wish.claimed_s)

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        wish = self._wishes[self._granted % len(self._wishes)]
        self._granted += 1
        for piece in wish.text.split(" "):
            yield piece + " "

    def heard(self, words: str) -> None: ...

    def forget(self, speaker: str) -> None: ...

    def cancel(self) -> None: ...

    async def close(self) -> None: ...


@dataclass
class Watch:
    """Notes the floor whenever the agent has just sounded; the sink of a meeting."""

    floors: list[FloorView] = field(default_factory=list)
    meeting: Meeting | None = None
    sound: dict[Samples, Waveform] = field(default_factory=dict)

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        assert self.meeting is not None
        if start - TICK in self.sound:
            self.floors.append(self.meeting.floor)
        if own is not None and own.any():
            self.sound[start] = own


@dataclass(frozen=True)
class Held:
    """A meeting that was held."""

    events: list[Event]
    watch: Watch
    differ: int

    @property
    def turns(self) -> list[tuple[TurnStarted, TurnEnded]]:
        ended = {turn.turn: turn for turn in of(self.events, TurnEnded)}
        return [(turn, ended[turn.turn]) for turn in of(self.events, TurnStarted)]

    def ends(self) -> list[tuple[Action, Reason]]:
        """The decisions by which turns were ended at a limit."""
        decided = of(self.events, Decision)
        ending = (Action.YIELD, Action.STOP)
        return [(d.action, d.reason) for d in decided if d.action in ending and d.reason in LIMITS]


def role(**turn: object) -> Role:
    turn = {"eagerness": 1.0, "cool_down_s": 0.0, "minimum_gap_s": 0.2, **turn}
    facts = {"id": "tested", "summary": "For tests.", "identity": {"name": "Robin"}, "turn": turn}
    return Role.model_validate(facts)


def hold(tested: Role, wishes: Sequence[Wish], words: Sequence[Word], seconds: float) -> Held:
    """Holds a meeting and runs its journal again."""
    events: list[Event] = []
    watch = Watch()
    with TemporaryDirectory() as folder:
        journal = Journal(path := Path(folder) / "journal.jsonl")
        journal.write(Opened("test", tested.model_dump(mode="json"), {}, "Robin"))
        watch.meeting = Meeting(
            tested,
            {},
            ScriptedEars(words),
            Talkative(wishes),
            ToneVoice(word_s=WORD_S - 0.02, gap_s=0.02),
            [events.append, journal.write],
            ReplayClock(),
            Settings(),
            Stopwatch(),
        )
        asyncio.run(watch.meeting.run(SilentSource(seconds), watch))
        journal.write(Closed(watch.meeting.now, True, "the end"))
        journal.close()
        return Held(events, watch, len(rerun(path)))


def conversation(gaps: Sequence[float], spells: Sequence[float]) -> list[Word]:
    """Two people in turns: silent for a gap, then talking for a spell; in seconds."""
    words, at = [], 0.0
    for index, (gap, spell) in enumerate(zip(gaps, spells, strict=True)):
        words += chatter("ab"[index % 2], at + gap, at + gap + spell, word_s=1.0)
        at += gap + spell
    return words


lengths = st.integers(1, 40)
wishes = st.builds(
    Wish,
    sentences=st.lists(lengths, min_size=1, max_size=4).map(tuple),
    claimed_s=st.none() | st.floats(0, 20),
    answering=st.booleans(),
    act=st.sampled_from([Act.ANSWER, Act.ANSWER, Act.PROMPT, Act.BACKCHANNEL]),
)
policies = st.fixed_dictionaries(
    {
        "share_ceiling": st.sampled_from([0.03, 0.1, 0.15, 0.3, 1.0]),
        "max_turn_s": st.sampled_from([0.05, 1.0, 6.0, 30.0]),
        "cool_down_s": st.sampled_from([0.0, 5.0]),
        "silence_patience_s": st.just(1.0),
        "backchannels": st.just({"allowed": True, "every_s": 0.0}),
    }
)


@st.composite
def talks(draw: st.DrawFn) -> list[Word]:
    """What is said: sometimes nothing, sometimes little, sometimes so long that it is forgotten."""
    count = draw(st.integers(0, 12))
    gaps = draw(st.lists(st.floats(0.3, 40), min_size=count, max_size=count))
    spells = draw(st.lists(st.floats(1, 120), min_size=count, max_size=count))
    return conversation(gaps, spells)


@settings(max_examples=25, phases=[Phase.generate])
@given(policies, st.lists(wishes, min_size=1, max_size=3), talks(), st.integers(20, 900))
def test_no_limit_is_exceeded_by_anything_the_agent_says(
    policy: dict[str, object], wished: list[Wish], words: list[Word], seconds: int
) -> None:
    tested = role(**policy)
    held = hold(tested, wished, words, seconds)
    for floor in held.watch.floors:
        allowed = tested.turn.share_ceiling * max(floor.talk, SHARE_BASE)
        assert floor.agent_talk <= allowed, "it has more than its share"
    before: TurnEnded | None = None
    for started, ended in held.turns:
        lasted = ended.at - started.at
        if started.act is Act.BACKCHANNEL:
            assert lasted <= 2 * BACKCHANNEL
            continue
        assert lasted <= to_samples(tested.turn.max_turn_s), "its turn is too long"
        if before is not None and not any(wish.answering for wish in wished):
            assert started.at - before.at >= to_samples(tested.turn.cool_down_s)
        before = ended
    assert held.differ == 0, "its journal says why"


MINUTES = conversation([12.0] * 25, [12.0] * 25)
"""Ten minutes in which people talk half of the time."""


@pytest.mark.parametrize("ceiling", [0.05, 0.15, 0.4])
def test_it_may_say_almost_as_much_as_its_role_allows(ceiling: float) -> None:
    held = hold(role(share_ceiling=ceiling), [Wish((8,), claimed_s=2.2)], MINUTES, 600)
    shares = [floor.agent_share for floor in held.watch.floors if floor.talk > SHARE_BASE]
    assert max(shares) > ceiling - 2.5 / 120
    assert held.ends() == [], "what is known to fit is never cut"


def test_before_anybody_has_said_much_it_may_speak_as_in_two_minutes_of_talk() -> None:
    held = hold(role(share_ceiling=0.1), [Wish((8,), claimed_s=2.2)], [], 90)
    said = sum(ended.at - started.at for started, ended in held.turns)
    assert to_samples(9) < said <= to_samples(12)


def test_what_does_not_fit_is_not_begun() -> None:
    held = hold(role(share_ceiling=0.1), [Wish((40, 40), claimed_s=20.0)], MINUTES, 120)
    assert not held.turns
    refused = {d.reason for d in of(held.events, Decision) if d.action is Action.WAIT}
    assert Reason.SHARE_CEILING in refused


def test_a_turn_of_unknown_length_ends_with_the_last_sentence_that_fits() -> None:
    held = hold(role(share_ceiling=0.1), [Wish((12,) * 9)], [], 40)
    ((started, ended), *_) = held.turns
    assert held.ends()[0] == (Action.YIELD, Reason.SHARE_CEILING)
    assert ended.heard.endswith(".")
    assert len(ended.heard.split()) == 3 * 12, "nine seconds of twelve; the next would not fit"
    assert len(ended.lost.split()) == 6 * 12
    assert ended.at - started.at <= to_samples(12)


def test_a_sentence_that_is_too_long_ends_with_a_whole_word_and_fades() -> None:
    held = hold(role(max_turn_s=6.0), [Wish((60,))], [], 10)
    (started, ended) = held.turns[0]
    assert held.ends()[0] == (Action.YIELD, Reason.TURN_TOO_LONG)
    assert to_samples(5.5) < ended.at - started.at <= to_samples(6)
    said = len(ended.heard.split())
    assert ended.at - started.at == said * to_samples(WORD_S) - to_samples(0.02)
    sound = np.concatenate([held.watch.sound[at] for at in sorted(held.watch.sound)])
    last = ended.at - started.at
    assert np.abs(sound[last - 3 * FRAME : last - FRAME]).max() > 0.1
    assert np.abs(sound[last - 4 : last]).max() < 0.01


def test_a_turn_that_turns_out_longer_than_claimed_ends_gracefully_too() -> None:
    held = hold(role(share_ceiling=0.1), [Wish((12,) * 9, claimed_s=1.0)], [], 40)
    (started, ended) = held.turns[0]
    assert ended.heard.endswith(".")
    assert ended.at - started.at <= to_samples(12)


def test_the_others_talk_that_is_forgotten_takes_the_agents_share_with_it() -> None:
    words = conversation([0.5], [540.0])
    held = hold(role(share_ceiling=0.15), [Wish((8,), claimed_s=2.2)], words, 1300)
    assert held.turns[-1][1].at > to_samples(1200), "it speaks again when its own is forgotten too"
