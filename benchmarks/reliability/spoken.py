"""Speech before and after a refusal, looked for in the sound that is left, by recognising it again.

Everybody says sentences of rare words with a voice of their own. Who refuses must not be understood
by a recogniser that hears whatever sound the meeting has left; everybody else must be.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.reliability.meeting import VOICES, Room, Said
from integrations.files.sound.render import speech
from moderator.audio import AudioChunk, Waveform
from moderator.ears.listener import Listener
from moderator.ears.loading import EarModels, load_ear_models
from moderator.events import Word
from moderator.models.store import ModelStore
from moderator.mouth.base import Voice
from moderator.mouth.loading import HIBARI_SPEAKERS, VoiceLoader
from moderator.testing.meetings import talk
from moderator.timeline import SAMPLE_RATE, TICK, Samples, to_samples
from roles.schema import VoiceChoice

LENGTH_S = 38.0
MIDDLE_S, LAST_S = 18.9, LENGTH_S - 0.1
TURN_S = 4.5
"""Everybody has one turn before the middle, and one after it."""

MOMENTS = ("middle", "end", "afterwards")

NEVER = "never"

ENOUGH = 0.75
"""So much must be understood of what nobody refused, for the rest to say anything."""

SENTENCES = {
    "ana": (
        "The elephant carried an umbrella to the volcano.",
        "A penguin bought pineapples from the astronaut.",
    ),
    "ben": (
        "Our telescope found a crocodile behind the pyramid.",
        "The orchestra played a saxophone under the waterfall.",
    ),
    "cem": (
        "The butterfly landed on a chocolate helicopter.",
        "My kangaroo painted the lighthouse yellow yesterday.",
    ),
    "hall": (
        "The dinosaur ordered spaghetti with cinnamon.",
        "A tornado lifted the refrigerator over the cathedral.",
    ),
}
"""What is said on each track before and after the middle."""

RARE = {
    "ana": ("elephant", "umbrella", "volcano", "penguin", "pineapple", "astronaut"),
    "ben": ("telescope", "crocodile", "pyramid", "orchestra", "saxophone", "waterfall"),
    "cem": ("butterfly", "chocolate", "helicopter", "kangaroo", "lighthouse", "yellow"),
    "hall": ("dinosaur", "spaghetti", "cinnamon", "tornado", "refrigerator", "cathedral"),
}
"""Words of these sentences that nobody says by chance."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What was understood of the sound that a meeting left.

    Attributes:
        theirs: rare words of whoever refused.
        others: share of everybody else's that was understood.
        sounds: files that were heard.
    """

    theirs: tuple[str, ...]
    others: float
    sounds: int


class Studio:
    """The voices that speak and the recogniser that listens."""

    def __init__(self) -> None:
        store = ModelStore.default()
        load = VoiceLoader(store)
        self._ears: EarModels = load_ear_models(store)
        voices: list[Voice] = [
            load(VoiceChoice(speaker=name)) for name in list(HIBARI_SPEAKERS)[: len(SENTENCES)]
        ]
        self._spoken = {
            track: tuple(speech(voice, "", text).samples for text in texts)
            for voice, (track, texts) in zip(voices, SENTENCES.items(), strict=True)
        }

    def hold(self, out: Path, who: str | None, moment: str) -> None:
        """One meeting; somebody refuses, or nobody."""
        refused = {who: MIDDLE_S if moment == "middle" else LAST_S} if who is not None else {}
        now = {} if moment == "afterwards" else refused
        room = Room(out, LENGTH_S, now, said=self._said())

        async def run() -> None:
            await room.run()
            if who is not None and moment == "afterwards":
                room.refuse(who)
                await room.erasures.finish()

        asyncio.run(run())

    def _said(self) -> Said:
        words: list[Word] = []
        tracks = {name: np.zeros(to_samples(LENGTH_S), np.float32) for name in SENTENCES}
        speakers = [one for one in VOICES if one in SENTENCES or one == "hall/speaker_1"]
        at, turn = 1.0, 0
        while at + TURN_S < LENGTH_S:
            speaker = speakers[turn % len(speakers)]
            track = VOICES[speaker]
            late = at >= MIDDLE_S
            sound, text = self._spoken[track][late], SENTENCES[track][late]
            sound = sound[: to_samples(TURN_S - 0.3)]
            begin, count = to_samples(at), len(text.split())
            tracks[track][begin : begin + len(sound)] = sound
            words += talk(speaker, at, text, len(sound) / SAMPLE_RATE / count)
            at, turn = at + TURN_S, turn + 1

        def heard(track: str, start: Samples) -> AudioChunk:
            return AudioChunk(track, start, tracks[track][start : start + TICK])

        return Said(words, heard)

    def understand(self, out: Path) -> tuple[str, int]:
        """All that is recognised in the sound below a directory, and in how many files."""
        files = sorted(out.rglob("*.wav"))
        return " ".join(map(self._recognised, files)).lower(), len(files)

    def _recognised(self, path: Path) -> str:
        samples, rate = soundfile.read(path, dtype="float32")
        if rate != SAMPLE_RATE:
            raise RuntimeError(f"{path} has {rate} samples a second")
        return " ".join(self._hear(samples))

    def _hear(self, samples: Waveform) -> Iterator[str]:
        listener = Listener([self._ears.own_track("sound")])
        for at in range(0, len(samples), TICK):
            chunk = AudioChunk("sound", at, samples[at : at + TICK])
            yield from (word.text for word in listener.hear(at + TICK, [chunk]).words)
        yield from (word.text for word in listener.finish(len(samples)).words)


def refuse(studio: Studio, folder: Path, who: str | None, moment: str) -> Understood:
    """One meeting, and what is understood of what it left; nobody refuses where `who` is None."""
    out = folder / "out"
    studio.hold(out, who, moment)
    if list(out.rglob(".tapes")):
        raise RuntimeError("sound of single people was left")
    text, sounds = studio.understand(out)
    theirs = tuple(word for word in RARE.get(who or "", ()) if word in text)
    others = [word in text for one, words in RARE.items() if one != who for word in words]
    return Understood(theirs, sum(others) / len(others), sounds)


MEETINGS: tuple[tuple[str | None, str], ...] = (
    *((who, moment) for moment in MOMENTS for who in SENTENCES),
    (None, NEVER),
)
"""Everybody refuses at every moment; and once nobody does."""


def spoken(tell: Callable[[], None]) -> Sequence[tuple[str, Understood]]:
    """Holds all of these meetings."""
    studio, results = Studio(), []
    for who, moment in MEETINGS:
        folder = Path(tempfile.mkdtemp(prefix="spoken-"))
        try:
            results.append((moment, refuse(studio, folder, who, moment)))
        finally:
            shutil.rmtree(folder)
        tell()
    return results


def bad(found: Understood) -> bool:
    """Whether anything of who refused is understood, or so little that this says nothing."""
    return bool(found.theirs) or found.others < ENOUGH or not found.sounds
