"""Parts that are slow, hang, crash or answer rubbish, as they are told, for tests."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, cast

import numpy as np

from diarize.base import Audio, DiarizerSpec, SpeakerActivity
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserSpec
from moderator.events import Act, Percept, Proposal
from moderator.floor.state import FloorView
from moderator.mind.base import Capabilities, Participant
from moderator.mouth.base import Sentence, SpokenWord
from moderator.testing.chat_server import Reply, Request, wish
from moderator.testing.ears import EnergyVad, FakeStream
from moderator.testing.mouth import ToneVoice
from moderator.timeline import Samples
from roles.schema import Role

SAID = "SECRET"
"""Stands in what every error says: it must not be repeated."""


class Mode(StrEnum):
    """What a part does."""

    OK = "ok"
    SLOW = "slow"
    HANG = "hang"
    CRASH = "crash"
    RUBBISH = "rubbish"


@dataclass
class Switch:
    """Says what a part does now.

    Attributes:
        mode: what.
        slow_s: how long it takes when it is slow.
        chance: of the rubbish.
        used: how often the part did it.
    """

    mode: Mode = Mode.OK
    slow_s: float = 0.15
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - a test's
    used: int = 0

    def block(self) -> bool:
        """Does it in a thread; True: answer rubbish."""
        self.used += 1
        if self.mode is Mode.SLOW:
            time.sleep(self.slow_s)
        while self.mode is Mode.HANG:
            time.sleep(0.005)
        return self._go_on()

    async def wait(self) -> bool:
        """Does it in the event loop; True: answer rubbish."""
        self.used += 1
        if self.mode is Mode.SLOW:
            await asyncio.sleep(self.slow_s)
        while self.mode is Mode.HANG:  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0.005)
        return self._go_on()

    def _go_on(self) -> bool:
        if self.mode is Mode.CRASH:
            raise self.chance.choice([ValueError, RuntimeError, KeyError, OSError])(SAID)
        return self.mode is Mode.RUBBISH


def _altered(one: Any, **fields: Any) -> Any:
    """With fields that its type forbids."""
    return replace(one, **fields)


_RUBBISH: tuple[Callable[[Proposal], Any], ...] = (
    lambda _: "summarise",
    lambda _: {"act": "answer", "probability": 1.0},
    lambda one: _altered(one, probability=float("nan")),
    lambda one: _altered(one, probability=7.0),
    lambda one: _altered(one, probability=None),
    lambda one: _altered(one, act="leave"),
    lambda one: _altered(one, at=one.at + 10_000_000),
    lambda one: _altered(one, addressee=3),
    lambda one: _altered(one, cue="\ud83d"),
    lambda one: _altered(one, cue="x" * 100_000),
    lambda one: _altered(one, facts={"x": object()}),
    lambda one: _altered(one, facts={"x": 10**400}),
    lambda one: _altered(one, takes_s="long"),
    lambda one: _altered(one, takes_s=float("nan")),
    lambda one: _altered(one, answering="yes"),
)


class FaultyMind:
    """Wishes everything, all the time, in turn; speaks for as long as it is let.

    Args:
        switch: what it does when it is opened, asked or told anything.
    """

    def __init__(self, switch: Switch) -> None:
        self._switch = switch

    @property
    def capabilities(self) -> Capabilities:
        """Named ``faulty``."""
        return Capabilities(name="faulty")

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> FaultySession:
        """Starts a session."""
        await self._switch.wait()
        return FaultySession(self._switch)


class FaultySession:
    """The session of a `FaultyMind`."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._now: Samples = 0
        self._asked = 0

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Goes on to the percept's end."""
        await self._switch.wait()
        self._now = percept.end

    async def propose(self) -> Proposal | None:
        """The next act, answering every other time."""
        now = self._now
        rubbish = await self._switch.wait()
        self._asked += 1
        act = list(Act)[self._asked % len(Act)]
        answering = self._asked % 2 == 0
        found = Proposal(now, "faulty", 1.0, act, "ana", answering=answering, cue="a wish")
        if rubbish:
            return cast("Proposal", self._switch.chance.choice(_RUBBISH)(found))
        return found

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """A long turn."""
        for _ in range(40):
            rubbish = await self._switch.wait()
            yield cast("str", 3) if rubbish else "One more thing is to be said. "

    def foreseen(self) -> str | None:
        """Nothing, or whatever it does."""
        return cast("str", 3) if self._told() else None

    def heard(self, words: str) -> None:
        """Takes them."""
        self._told()

    def forget(self, speaker: str) -> None:
        """Nothing was kept."""

    def cancel(self) -> None:
        """Nothing is under way."""
        self._told()

    async def close(self) -> None:
        """Holds nothing."""
        await self._switch.wait()

    def _told(self) -> bool:
        if self._switch.mode is Mode.CRASH:
            raise RuntimeError(SAID)
        return self._switch.mode is Mode.RUBBISH


class FaultyVoice(ToneVoice):
    """A voice of tones.

    Args:
        switch: what it does when it speaks.
    """

    def __init__(self, switch: Switch) -> None:
        super().__init__(word_s=0.1, gap_s=0.02)
        self._switch = switch

    def say(self, text: str) -> Iterator[Sentence]:
        """One sentence after the other."""
        rubbish = self._switch.block()
        for sentence in super().say(text):
            yield self._spoilt(sentence) if rubbish else sentence

    def _spoilt(self, sentence: Sentence) -> Sentence:
        samples, words = sentence.samples, sentence.words
        spoilt: Sequence[Any] = (
            None,
            _altered(sentence, samples=samples * np.float32("nan")),
            _altered(sentence, samples=samples.astype(np.float64)),
            _altered(sentence, samples=samples[:0]),
            _altered(sentence, samples=np.stack([samples, samples])),
            _altered(sentence, words=None),
            _altered(sentence, words=(SpokenWord("\ud83d", 0, 1), *words)),
        )
        return cast("Sentence", self._switch.chance.choice(spoilt))


class FaultyStream(FakeStream):
    """Says each utterance's length in words, when it is read in its thread."""

    def __init__(self, word: Samples, switch: Switch) -> None:
        super().__init__(word)
        self._switch = switch

    @property
    def prepared(self) -> bool:
        """It takes its time."""
        return False

    @property
    def urgent(self) -> bool:
        """An utterance is over."""
        return True

    def read(self) -> Recognised:
        """The words of the utterances that ended."""
        rubbish = self._switch.block()
        found = super().read()
        if not rubbish:
            return found
        spoilt: Sequence[Any] = (
            None,
            SAID,
            Recognised((RecognisedWord(SAID, 0, 10**12),)),
            Recognised((RecognisedWord(SAID, 2, 1),)),
            Recognised((cast("RecognisedWord", SAID),)),
            Recognised(found.words, cast("str", None)),
            Recognised((RecognisedWord(cast("str", 7), 0, 1),)),
        )
        return cast("Recognised", self._switch.chance.choice(spoilt))


class FaultyRecogniser:
    """Makes `FaultyStream`s.

    Args:
        switch: what they do when they are read.
        word: samples a word.
    """

    def __init__(self, switch: Switch, word: Samples = 3_200) -> None:
        self._switch, self._word = switch, word

    @property
    def spec(self) -> RecogniserSpec:
        """English, no delay."""
        return RecogniserSpec("faulty", 0.0, 0.1, ("en",))

    def open(self) -> FaultyStream:
        """A new stream."""
        return FaultyStream(self._word, self._switch)


class FaultyDetector(EnergyVad):
    """Takes every loud frame for speech.

    Args:
        switch: what it does when it is asked.
    """

    def __init__(self, switch: Switch) -> None:
        super().__init__()
        self._switch = switch

    def push(self, audio: Audio) -> Any:
        """The frames' probabilities."""
        rubbish = self._switch.block()
        found = super().push(audio)
        if not rubbish:
            return found
        spoilt: Sequence[Any] = (
            None,
            SAID,
            found * np.float32("nan"),
            found + 7.0,
            found - 1.0,
            found[:-1],
            found[:, None],
            list(found),
        )
        return self._switch.chance.choice(spoilt)


class FaultyDiarizer:
    """Takes whoever is loud for one and the same voice.

    Args:
        switch: what it does when it is asked.
    """

    def __init__(self, switch: Switch) -> None:
        self._switch, self._loud = switch, EnergyVad()
        self._settled: Any = 0

    @property
    def spec(self) -> DiarizerSpec:
        """No delay, one voice."""
        return DiarizerSpec(0.0, 0.1, 1)

    @property
    def settled(self) -> int:
        """All that it was given."""
        return cast("int", self._settled)

    def push(self, audio: Audio) -> list[SpeakerActivity]:
        """Where the samples are loud."""
        rubbish = self._switch.block()
        frame = self._loud.frame
        loud = np.flatnonzero(self._loud.push(audio)).tolist()
        at = self._settled
        found = [SpeakerActivity("speaker_1", at + n * frame, at + (n + 1) * frame) for n in loud]
        self._settled += len(audio) // frame * frame
        if not rubbish:
            return found
        if self._switch.chance.random() < 0.3:
            self._settled = self._switch.chance.choice([-1, 10**12, None, SAID, float("nan")])
        spoilt: Sequence[Any] = (
            None,
            SAID,
            [SAID],
            [SpeakerActivity(SAID, 0, 10**12), SpeakerActivity(SAID, 10**12, 10**13)],
            [SpeakerActivity(SAID, 2, 1)],
            [SpeakerActivity(SAID + chr(10), 0, 1)],
            [SpeakerActivity(cast("str", 7), 0, 1)],
            [SpeakerActivity("speaker_1", cast("int", "0"), 1)],
        )
        return cast("list[SpeakerActivity]", self._switch.chance.choice(spoilt))

    def flush(self) -> list[SpeakerActivity]:
        """Nothing waits."""
        self._switch.block()
        return []


@dataclass
class FaultyServer:
    """A script for a chat server.

    Attributes:
        switch: what it does with a request.
    """

    switch: Switch

    def __call__(self, request: Request) -> Reply:
        """One reply."""
        mode, chance = self.switch.mode, self.switch.chance
        self.switch.used += 1
        if mode is Mode.CRASH:
            return chance.choice([Reply(SAID, status=500), Reply(drop=True, text=SAID)])
        if mode is Mode.RUBBISH:
            spoilt = (SAID, "{" * 5_000, '{"take_turn": NaN}', "<think>" + SAID, '{"act": 3}')
            return chance.choice([Reply(chance.choice(spoilt)), Reply(raw=SAID)])
        hold_s = {Mode.SLOW: self.switch.slow_s, Mode.HANG: 60.0}.get(mode, 0.0)
        if request.get("stream"):
            return Reply("One more thing is to be said. " * 20, hold_s=hold_s)
        act = list(Act)[self.switch.used % len(Act)].value
        return replace(wish(1.0, act, "Ana"), hold_s=hold_s)
