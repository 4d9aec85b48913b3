"""A meeting of four people as a room writes it down, faster than real time and without a room.

    python -m benchmarks.reliability.meeting OUT PROGRESS [--refuse ana@30] [--refuse hall@90] …

Everything that writes is what a room uses: outcome, recording, tapes, erasures, refusals. Words are
scripted; each track's sound is a tone of its own, so that whose it is can be told from the mix.
`hall` is a shared microphone with two voices and one that got no name.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from integrations.livekit.outcome import Outcome
from integrations.livekit.people.consent import Consent
from integrations.livekit.people.erasure import Erasures
from integrations.livekit.people.refusals import Consequences, Refusals
from integrations.livekit.people.shared_microphones import SHARED, SharedMicrophones
from integrations.livekit.recording import Sinks
from moderator.audio import AudioChunk, Waveform
from moderator.ears.script import ScriptedEars
from moderator.events import Failure, Word
from moderator.journal.erasure import Erasure
from moderator.journal.lines import Opened
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.base import SpeechLLM
from moderator.mind.duties.session import Duties
from moderator.testing.meetings import people, talk
from moderator.testing.mouth import ToneVoice
from moderator.timeline import SAMPLE_RATE, TICK, ReplayClock, Samples, Stopwatch, to_samples
from roles.loader import load_role
from roles.schema import Role

TONES = {"ana": 300.0, "ben": 500.0, "cem": 700.0, "hall": 1100.0}
"""Hertz of each track's sound."""

VOICES = {"ana": "ana", "ben": "ben", "cem": "cem", "hall/speaker_1": "hall", "hall/?": "hall"}
"""Speakers, and the tracks that they are heard on."""

QUIET_FROM_S, QUIET_UNTIL_S = 60.0, 120.0
"""Half of the two minutes that repeat are silence."""

ROUND_S = 120.0


def role() -> Role:
    """A facilitator that erases, keeps everybody's sound, and sums up every minute."""
    base = load_role("facilitator").model_dump(mode="json")
    kept = {"consent": {"erase_on_opt_out": True}, "retention": {"audio": "meeting"}}
    duties = [{"type": "summarise", "every_minutes": 0.5}, {"type": "answer"}]
    return Role.model_validate(base | kept | {"duties": duties})


def canaries(speaker: str, part: str) -> list[str]:
    """Fifty words that nobody else says; `part` tells those before a refusal from those after."""
    digits = "bdfgklmnpr"
    stem = "".join(char for char in speaker if char.isalpha()) or "nobody"
    return [f"{part}{stem}{digits[n // 10]}o{digits[n % 10]}a" for n in range(50)]


def script(seconds: float, refused: dict[str, float]) -> list[Word]:
    """Everybody's words: their canaries over and over, in turns, in the lively half of a round."""
    words: list[Word] = []
    said = dict.fromkeys(VOICES, 0)
    at, turn, order = 1.0, 0, list(VOICES)
    while at < seconds - 6:
        if at % ROUND_S >= QUIET_FROM_S:
            at = (at // ROUND_S + 1) * ROUND_S + 1.0
            continue
        speaker = order[turn % len(order)]
        late = at >= refused.get(VOICES[speaker], float("inf"))
        known = canaries(speaker, "after" if late else "before")
        count = said[speaker]
        # The first again and again, so that a summary quotes it, and by and by all others.
        some = [known[0], *(known[(count + n) % len(known)] for n in range(9))]
        said[speaker] += 9
        words += talk(speaker, at, " ".join(some), word_s=0.2)
        at, turn = at + 2.6, turn + 1
    return words


def tone(track: str, start: Samples) -> AudioChunk:
    """A track's own tone in the tick from `start` on."""
    at = (start + np.arange(TICK)) / SAMPLE_RATE
    return AudioChunk(track, start, (0.2 * np.sin(2 * np.pi * TONES[track] * at)).astype("f4"))


@dataclass(frozen=True, slots=True)
class Said:
    """What is said in a meeting.

    Attributes:
        words: by start.
        sound: of a track in the tick from a meeting time on, while somebody speaks on it.
    """

    words: Sequence[Word]
    sound: Callable[[str, Samples], AudioChunk] = tone


class Talk:
    """A source in which everybody's track sounds while they speak; work is done at some ticks."""

    def __init__(
        self,
        said: Said,
        seconds: float,
        then: dict[Samples, list[Callable[[], object]]],
        reached: Callable[[Samples], None],
    ) -> None:
        self._end, self._then, self._reached = to_samples(seconds), then, reached
        self._sound = said.sound
        self._spans = [(VOICES[w.speaker], w.start, w.end) for w in said.words]

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """One tick after the other."""
        spans = iter(self._spans)
        speaking: list[tuple[str, Samples, Samples]] = []
        ahead = next(spans, None)
        for now in range(TICK, self._end + 1, TICK):
            for work in self._then.pop(now, []):
                work()
            while ahead is not None and ahead[1] < now:
                speaking.append(ahead)
                ahead = next(spans, None)
            speaking = [one for one in speaking if one[2] > now - TICK]
            self._reached(now)
            yield now, [self._sound(track, now - TICK) for track in {one[0] for one in speaking}]
            await asyncio.sleep(0)


class Room:
    """All that writes in a room, with one meeting in it.

    Args:
        out: the meeting's directory.
        seconds: its length.
        refused: who refuses when, by track.
        reached: told meeting time at every tick.
        mind: proposes; by default a role's duties.
        said: what is said; by default a script of canaries, with tones.
    """

    def __init__(
        self,
        out: Path,
        seconds: float,
        refused: dict[str, float],
        reached: Callable[[Samples], None] = lambda _: None,
        mind: SpeechLLM | None = None,
        said: Said | None = None,
    ) -> None:
        self._mind = mind or Duties()
        self.told: list[tuple[str, str]] = []
        self._role, self._seconds, self._reached = role(), seconds, reached
        self._said = said or Said(script(seconds, refused))
        self._times: dict[str, Samples] = {who: to_samples(at) for who, at in refused.items()}
        self.consent = Consent(self._role, lambda: self._now)
        self._now: Samples = 0
        shared = SharedMicrophones(self._role)
        shared.read_attributes("hall", {SHARED: "true"})
        self.outcome = Outcome(self._role, out)
        self.erasures = Erasures(
            self.outcome, lambda who, what: self.told.append((who, what)), self._failed, self._done
        )
        self.refusals = Refusals(
            self._role,
            self.consent,
            shared,
            self.erasures,
            Consequences(
                lambda _: None,
                lambda *_: None,
                self.outcome.labels_owed,
                lambda: VOICES,
                lambda _: None,
            ),
        )
        self.meeting: Meeting | None = None

    def _failed(self, why: str) -> None:
        if self.meeting is not None:
            self.outcome(Failure(self.meeting.now, "erasure", why))

    def _done(self, erasure: Erasure) -> None:
        if self.meeting is not None:
            self.meeting.erased(erasure)

    async def run(self) -> None:
        """Holds the meeting and closes its files."""
        names = people("Ana", "Ben", "Cem")
        shown = {one.id: {"name": one.name, "position": None} for one in names.values()}
        shown_role = self._role.model_dump(mode="json")
        self.outcome.open(lambda agent: Opened("reliable", shown_role, shown, agent))
        meeting = self.meeting = Meeting(
            self._role,
            names,
            ScriptedEars(self._said.words),
            self._mind,
            ToneVoice(word_s=0.1, gap_s=0.02),
            [self.outcome],
            ReplayClock(),
            Settings(),
            Stopwatch(),
            self._admits,
        )
        self.refusals.attach(meeting)
        then: dict[Samples, list[Callable[[], object]]] = {}
        for who, at in self._times.items():
            tick = max(TICK, at // TICK * TICK)
            then.setdefault(tick, []).append(lambda who=who: self.refuse(who))  # type: ignore[misc]
        source = Talk(self._said, self._seconds, then, self._arrived)
        sinks = Sinks(self.consent.allows, self.outcome.recording)
        try:
            try:
                await meeting.run(source, sinks)
            finally:
                await self.erasures.finish()
                self.refusals.detach()
                self.meeting = None
        except BaseException as error:
            self.outcome.abandon(meeting.now, error)
            raise
        called = {one.id: one.name for one in names.values()}
        self.outcome.close("reliable", meeting.now, "the end", called, {}, ())

    def refuse(self, who: str) -> None:
        """Somebody writes /optout."""
        self.refusals.refuse(who, "chat")

    def _arrived(self, now: Samples) -> None:
        self._now = now
        self._reached(now)

    def _admits(self, speaker: str, at: Samples) -> bool:
        return self.consent.allows(VOICES.get(speaker, speaker), at)


def sound_of(samples: Waveform, track: str) -> float:
    """How loud a track's tone is in sound ``(n,)``, as its amplitude."""
    at = np.arange(len(samples)) / SAMPLE_RATE
    wave = np.exp(-2j * np.pi * TONES[track] * at)
    return float(2 * abs((samples * wave).mean())) if len(samples) else 0.0


def main(arguments: Sequence[str]) -> None:
    """Holds a meeting of ten minutes whose progress can be read, until it is killed."""
    out, progress = Path(arguments[0]), Path(arguments[1])
    refused = dict(one.split("@") for one in arguments[2:])
    handle = os.open(progress, os.O_WRONLY | os.O_CREAT)

    def reached(now: Samples) -> None:
        os.pwrite(handle, now.to_bytes(8, "little"), 0)

    room = Room(out, 600.0, {who: float(at) for who, at in refused.items()}, reached)
    asyncio.run(room.run())


if __name__ == "__main__":
    main(sys.argv[1:])
