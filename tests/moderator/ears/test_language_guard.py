"""Speech in a language that is not known is said to be so."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from moderator.audio import Waveform, silence
from moderator.cli.app import run
from moderator.ears.agreement import Piece
from moderator.ears.language_guard import DOUBT, LanguageGuard, marked
from moderator.ears.whisper import Encoded, Hypothesis, Whisper
from moderator.ears.whisper_stream import WhisperRecogniser
from moderator.models.store import ModelStore
from moderator.timeline import TICK, to_samples

LONG, SHORT = silence(to_samples(3.0)), silence(to_samples(1.0))
GERMAN = {"de": 0.7, "en": 0.1, "nl": 0.2}


class Ear:
    """Says which languages it hears, one answer after the other."""

    def __init__(self, *answers: Mapping[str, float]) -> None:
        self.asked = 0
        self._answers = answers

    def __call__(self, audio: Waveform) -> Mapping[str, float]:
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]


def test_who_is_sure_is_not_asked() -> None:
    ear = Ear(GERMAN)
    assert LanguageGuard("en", ear).foreign(LONG, DOUBT) is None
    assert not ear.asked


def test_another_language_is_named_also_in_the_short_words_after_it() -> None:
    guard = LanguageGuard("en", Ear(GERMAN))
    assert guard.foreign(SHORT, -1.2) is None
    assert guard.foreign(LONG, -1.2) == "de"
    assert guard.foreign(SHORT, -1.2) == "de"
    assert guard.foreign(SHORT, -0.3) is None  # said clearly, and forgotten
    assert guard.foreign(SHORT, -1.2) is None


def test_what_is_only_hard_to_understand_is_not_another_language() -> None:
    guard = LanguageGuard("en", Ear({"en": 0.6, "cy": 0.4}, {"cy": 0.5, "en": 0.2}))
    assert guard.foreign(LONG, -1.3) is None
    assert guard.foreign(LONG, -1.3) is None  # 0.4 in the mean


def test_names_of_languages() -> None:
    assert marked("de") == "[German]"
    assert marked("en", "de") == "[Englisch]"
    assert marked("de", "fi") == "[German]"
    assert marked("xx") == "[xx]"


class Inventing:
    """A whisper that makes two words of every second, and is unsure of them."""

    language = "en"

    def encode(self, audio: Waveform, *, full: bool = False) -> Encoded:
        return Encoded(None, len(audio))

    def decode(
        self, window: Encoded, prefix: Sequence[int], prompt: Sequence[int], **_: Any
    ) -> Hypothesis:
        pieces = [Piece(f"made{n}", (n,)) for n in range(window.samples // to_samples(0.5))]
        return Hypothesis(tuple(pieces[len(prefix) :]), -1.2, 0.1, False)

    def times(self, window: Encoded, pieces: Sequence[Piece]) -> list[tuple[int, int]]:
        return [(n * to_samples(0.5), (n + 1) * to_samples(0.5)) for n, _ in enumerate(pieces)]


def said(recogniser: WhisperRecogniser, seconds: float) -> list[str]:
    stream, found = recogniser.open(), list[str]()
    stream.begin(0)
    for _ in range(0, to_samples(seconds), TICK):
        stream.push(np.full(TICK, 0.1, np.float32), True)
        if stream.due:
            found += [word.text for word in stream.read().words]
    stream.end(to_samples(seconds))
    return found + [word.text for word in stream.read().words]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(GERMAN, ["[German]"]), ({"en": 0.9}, [f"made{n}" for n in range(8)])],
)
def test_a_stream_says_the_language_and_invents_nothing(
    answer: Mapping[str, float], words: list[str]
) -> None:
    inventing = cast(Whisper, Inventing())
    assert said(WhisperRecogniser(inventing, identify=Ear(answer)), 4.0) == words


@pytest.mark.e2e
def test_recorded_german_is_not_taken_for_english(recorded_meetings: Path, tmp_path: Path) -> None:
    recording = recorded_meetings.parent / "cases" / "german.flac"
    if not recording.is_file():
        pytest.skip(f"no {recording}")
    if not ModelStore.default(offline=True).holds("whisper-base"):
        pytest.skip("the model of many languages is not here")
    out = tmp_path / "out"
    command = ["replay", os.fspath(recording), "--role", "facilitator", "--mind", "duties"]
    assert run([*command, "--offline", "--out", str(out)]) == 0
    segments = json.loads((out / "transcript.seglst.json").read_text())
    assert {word for one in segments for word in one["words"].split()} == {"[German]"}
