"""A shared microphone whose recogniser says who spoke."""

from __future__ import annotations

import numpy as np

from diarize.nobody import Nobody
from moderator.audio import AudioChunk, Waveform
from moderator.ears.recogniser import Recognised, RecognisedWord
from moderator.ears.sources import SharedMic
from moderator.events import SpeakerActivity, Word
from moderator.labels import SOMEBODY
from moderator.testing.ears import EnergyVad
from moderator.timeline import TICK, Samples, to_samples

SECOND = to_samples(1.0)


class Telling:
    """Says at once which of two people spoke, and nobody for the third word."""

    urgent = prepared = True

    def __init__(self) -> None:
        self.due = False

    def begin(self, at: Samples) -> None:
        """Nothing is known yet."""

    def push(self, audio: Waveform, voice: bool) -> None:
        """Nothing is known yet."""

    def end(self, voice_end: Samples) -> None:
        self.due = True

    def read(self) -> Recognised:
        self.due = False
        told = ("speaker_1", "speaker_1", "speaker_2", None)
        words = [
            RecognisedWord(f"w{n}", n * SECOND // 2, n * SECOND // 2 + 4_000, n == 2, who)
            for n, who in enumerate(told)
        ]
        return Recognised(tuple(words))


def test_words_are_whose_the_recogniser_says_they_are() -> None:
    mic = SharedMic("hall", EnergyVad(), Telling(), Nobody(), prefix="hall/")
    words: list[Word] = []
    activities: list[SpeakerActivity] = []
    for tick in range(40):
        level = 0.5 if tick < 20 else 0.0
        now = (tick + 1) * TICK
        mic.take(AudioChunk("hall", now - TICK, np.full(TICK, level, np.float32)), now)
        mic.listen(now)
        mic.cut()
        mic.understand()
        report = mic.report()
        words += report.words
        activities += report.activities
        assert report.speaking <= {f"hall/{SOMEBODY}", "hall/speaker_2"}
    assert [(word.speaker, word.estimated) for word in words] == [
        ("hall/speaker_1", False),
        ("hall/speaker_1", False),
        ("hall/speaker_2", True),
        ("hall/speaker_2", False),  # nobody else was near
    ]
    assert activities == [
        SpeakerActivity("hall/speaker_1", 0, SECOND // 2 + 4_000),
        SpeakerActivity("hall/speaker_2", SECOND, SECOND + 4_000),
    ]
