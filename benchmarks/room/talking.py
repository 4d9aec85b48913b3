"""Rows about hearing and speaking: identities, answers, giving way, keeping out of talk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.recognition_text import equal_words, normal
from benchmarks.room.speech import LONG, QUESTIONS, ROUND, Voices, over
from benchmarks.room.stage import Listener, Scene, Stage, scene, speak
from moderator.audio import Waveform, silence
from tests.integrations.livekit.rooms.people import Person

Figures = dict[str, Any]

ANSWERS_WITHIN_S = 6.0
SILENT_WITHIN_S = 1.5
"""Later than this is no giving way."""

WATCHED_S = 2.5
"""For how long after a backchannel the agent must go on, without a pause of `BREAK_S`."""

OVER_FOR_S = 4.5
"""Who gives way is not heard again in this time; the talk over it lasts 3 to 4 s."""

BREAK_S = 1.5

CONTENT = 4
"""Longer words are told apart by who said them."""


def percentiles(values: Sequence[float]) -> Figures:
    """Median and 95th percentile in seconds; None of nothing."""
    if not values:
        return {"p50_s": None, "p95_s": None}
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50_s": round(float(p50), 2), "p95_s": round(float(p95), 2)}


async def words(stage: Stage) -> Figures:
    """Eight people speak, two at a time; whose words appear under whose identity."""
    names = ["ana", *(f"guest{i}" for i in range(1, 8))]
    spoken = {name: ROUND[i] for i, name in enumerate(names)}
    async with scene(stage, "words", *names) as here:
        for pair in range(0, len(names), 2):
            first, second = names[pair : pair + 2]
            lead = here.people[first].start(stage.voices.say(pair, spoken[first]))
            await asyncio.sleep(2.0)
            await here.people[second].say(stage.voices.say(pair + 1, spoken[second]))
            await lead
            await asyncio.sleep(1.0)
            stage.step()
        await asyncio.sleep(8.0)
        shown = _shown(here)
    right, wrong, total = attributed(spoken, shown)
    return {
        "right_identity": round(right / (right + wrong), 4) if right + wrong else None,
        "heard": round(right / total, 4),
        "words": total,
        "people_heard": sum(bool(shown.get(name)) for name in names),
    }


def _shown(here: Scene) -> dict[str, str]:
    """Final text by identity."""
    found: dict[str, list[str]] = {}
    for who, _, text, final in here.listener.transcripts:
        if final and who != here.agent:
            found.setdefault(who, []).append(text)
    return {who: " ".join(texts) for who, texts in found.items()}


def attributed(spoken: Mapping[str, str], shown: Mapping[str, str]) -> tuple[int, int, int]:
    """Words under the identity of who said them, words under another's, and words spoken.

    Args:
        spoken: what was said, by identity.
        shown: what was recognised, by identity.
    """
    right = wrong = total = 0
    for name, text in spoken.items():
        own, theirs = normal(text), normal(shown.get(name, ""))
        total += len(own)
        others = {
            word
            for other, said in spoken.items()
            for word in normal(said)
            if other != name and len(word) > CONTENT  # "the" under a wrong name proves nothing
        }
        pairs, _ = equal_words(own, theirs)
        right += len(pairs)
        wrong += sum(word in others - set(own) for word in theirs)
    return right, wrong, total


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question.

    Attributes:
        gap_s: from the question's last sound to the answer's first; None without an answer.
        early: it began while the question was still being asked.
    """

    gap_s: float | None
    early: bool


async def ask(one: Person, listener: Listener, agent: str, voices: Voices, number: int) -> Asked:
    """Asks the agent something, by name, and waits for its answer; times at the listener."""
    question = voices.say(0, QUESTIONS[number % len(QUESTIONS)])
    begun = time.monotonic()
    await one.say(question)
    await listener.quiet(one.identity, 0.4)
    asked = listener.sounding(one.identity, begun)
    if not asked:
        return Asked(None, False)
    ended, until = max(asked), time.monotonic() + ANSWERS_WITHIN_S
    while True:
        starts = listener.starts(agent, begun, pause_s=0.3)
        first = next((at for at in starts if at >= ended), None)
        if first is not None or time.monotonic() > until:
            gap = None if first is None else first - ended
            return Asked(gap, any(at < ended for at in starts))
        await asyncio.sleep(0.05)


async def answer(stage: Stage) -> Figures:
    """A question by name: its last sound to the answer's first."""
    return await answers(stage, "answer", nullcontext())


async def answers(stage: Stage, name: str, conditions: AbstractContextManager[object]) -> Figures:
    """Questions in a room under conditions, which hold once everybody is in it."""
    came = []
    async with scene(stage, name, "ana", "ben") as here, AsyncExitStack() as stack:
        stack.enter_context(conditions)
        await here.people["ben"].say(stage.voices.say(1, ROUND[0]))
        await here.settle()
        for trial in range(stage.trials):
            ana = here.people["ana"]
            came.append(await ask(ana, here.listener, here.agent, stage.voices, trial))
            await here.settle()
            stage.step()
    gaps = [one.gap_s for one in came if one.gap_s is not None]
    return {
        "asked": len(came),
        "answered": len(gaps),
        "began_before_the_end": sum(one.early for one in came),
        **percentiles(gaps),
    }


async def yielding(stage: Stage) -> Figures:
    """Somebody takes the floor from the agent: their first sound to its last."""
    return await _talk_over(stage, "yield", over(stage.voices, "take"))


async def backchannel(stage: Stage) -> Figures:
    """Somebody shows that they listen: the agent should go on."""
    return await _talk_over(stage, "backchannel", over(stage.voices, "bc"))


@dataclass(frozen=True, slots=True)
class Over:
    """What the agent did when somebody talked over it; times at the listener.

    Attributes:
        onset: of their first sound.
        last: of the agent's last one before it paused for `BREAK_S`.
        sounds: of the agent from `onset` on.
    """

    onset: float
    last: float
    sounds: list[float]

    @property
    def went_on(self) -> bool:
        """It did not give way."""
        return self.last >= self.onset + WATCHED_S

    @property
    def gave_way_s(self) -> float | None:
        """From their first sound to its last; None if it did not give way, or began anew."""
        late = self.last >= self.onset + SILENT_WITHIN_S
        anew = any(at > self.last for at in self.sounds)
        return None if late or anew else max(0.0, self.last - self.onset)


async def talk_over(
    one: Person, listener: Listener, agent: str, clip: Waveform, after_s: float
) -> Over | None:
    """The agent speaks at length, and somebody's sound begins over it; None if either did not.

    Args:
        one: who has it speak, and talks over it.
        listener: takes the times.
        agent: its identity.
        clip: what they say, ``(n,)`` at 16 kHz.
        after_s: when, since it began.
    """
    if await speak(one, listener, agent, LONG) is None:
        return None
    await asyncio.sleep(after_s)
    begun = time.monotonic()
    await one.say(np.concatenate([clip, silence(8_000)]))
    await asyncio.sleep(max(0.0, begun + OVER_FOR_S - time.monotonic()))
    onset = next(iter(listener.sounding(one.identity, begun)), None)
    if onset is None:
        return None
    last = last_before_pause(listener, agent, onset)
    return Over(onset, last, listener.sounding(agent, onset))


async def _talk_over(stage: Stage, row: str, clips: Sequence[Waveform]) -> Figures:
    """Both rows: it speaks at length, and 1.5 to 2.4 s later ana's sound begins."""
    found: list[Over] = []
    async with scene(stage, row, "ana", "ben") as here:
        for trial in range(stage.trials):
            stage.step()
            clip, after_s = clips[trial % len(clips)], 1.5 + 0.1 * (trial % 10)
            over = await talk_over(here.people["ana"], here.listener, here.agent, clip, after_s)
            if over is not None:
                found.append(over)
                await here.settle()
    if row == "backchannel":
        on = [one for one in found if one.went_on]
        pauses = [
            longest_pause([at for at in one.sounds if at < one.onset + WATCHED_S]) for one in on
        ]
        longest = {f"longest_pause_{key}": value for key, value in percentiles(pauses).items()}
        return {"over": len(found), "went_on": len(on), **longest}
    ends = [one.gave_way_s for one in found if one.gave_way_s is not None]
    return {"over": len(found), "gave_way": len(ends), **percentiles(ends)}


def longest_pause(times: Sequence[float]) -> float:
    """The longest time between two of these, in seconds."""
    return max((after - before for before, after in pairwise(times)), default=0.0)


def last_before_pause(listener: Listener, agent: str, onset: float) -> float:
    """The agent's last sound before it paused for `BREAK_S`, from `onset` on."""
    last = onset
    for at in listener.sounding(agent, onset):
        if at - last >= BREAK_S:
            break
        last = at
    return last


async def crosstalk(stage: Stage) -> Figures:
    """People talk to each other and not to the agent: how often it sounds."""
    made = stage.voices.meeting(stage.minutes)
    if made is None:
        return {"skipped": "needs recorded meetings: set MODERATOR_DATA"}
    names = ["ana", "ben", "cleo", "dora"]
    async with scene(stage, "crosstalk", *names) as here:
        begun = time.monotonic()
        talks = [
            here.people[name].start(track)
            for name, track in zip(names, made.tracks.values(), strict=False)
        ]
        while not all(talk.done() for talk in talks):
            await asyncio.sleep(1.0)
            stage.step()
        await asyncio.sleep(5.0)
        starts = here.listener.starts(here.agent, begun)
        over_people = sum(
            any(here.listener.sounding(name, at - 0.2, at) for name in names) for at in starts
        )
    minutes = made.duration / 16_000 / 60
    return {
        "minutes": round(minutes, 1),
        "agent_sounds": len(starts),
        "over_a_person": over_people,
        "in_10_min": round(10 * len(starts) / minutes, 1),
    }
