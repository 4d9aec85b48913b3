"""Cuts what the ears heard into percepts on a fixed grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from moderator.audio import AudioChunk, Waveform
from moderator.events import Heard, Percept, SpeakerActivity, Word
from moderator.timeline import Samples


class PerceptBuilder:
    """Collects ticks; every `step` samples they become a percept.

    The grid is fixed: cutting where speakers change would give away who speaks next.

    Args:
        step: samples a percept.
        audio: keep the tracks' audio for a mind that hears.
        begin: meeting time at which the first begins, a multiple of `step`.
    """

    def __init__(self, step: Samples, *, audio: bool = False, begin: Samples = 0) -> None:
        self._step, self._audio = step, audio
        self._index = begin // step
        self._activities: list[SpeakerActivity] = []
        self._words: list[Word] = []
        self._chunks: dict[str, list[AudioChunk]] = {}

    def add(
        self, heard: Heard, chunks: Sequence[AudioChunk], alone_with: str | None = None
    ) -> Percept | None:
        """Takes one tick, and who is the only person there; the percept that it completes."""
        self._activities += heard.activities
        self._words += heard.words
        if self._audio:
            for chunk in chunks:
                self._chunks.setdefault(chunk.track, []).append(chunk)
        start = self._index * self._step
        if heard.at < start + self._step:
            return None
        percept = Percept(
            self._index,
            start,
            start + self._step,
            tuple(self._activities),
            tuple(self._words),
            heard.partials,
            self._cut_audio(start) if self._audio else None,
            alone_with,
        )
        self._index += 1
        self._activities, self._words, self._chunks = [], [], {}
        return percept

    def forget(self, speaker: str) -> None:
        """Drops what somebody said since the last percept, and the audio of their track."""
        self._words = [word for word in self._words if word.speaker != speaker]
        self._chunks.pop(speaker, None)

    def _cut_audio(self, start: Samples) -> dict[str, Waveform]:
        """Per track ``(step,)`` samples; silence where a track had none."""
        cut = {}
        for track, chunks in self._chunks.items():
            samples = np.zeros(self._step, dtype=np.float32)
            for chunk in chunks:
                begin = max(0, chunk.start - start)
                part = chunk.samples[: self._step - begin]
                samples[begin : begin + len(part)] = part
            cut[track] = samples
        return cut


def merge(now: Samples, ready: Sequence[Heard], last: Heard) -> Heard:
    """What the ears were ready with at `now`, as one tick.

    Args:
        now: meeting time.
        ready: usually this tick's result; several or none where the ears are late.
        last: what was known before.
    """
    if len(ready) == 1 and ready[0].at == now:
        return ready[0]
    newest = ready[-1] if ready else last
    return Heard(
        at=now,
        speaking=newest.speaking,
        activities=tuple(piece for heard in ready for piece in heard.activities),
        words=tuple(word for heard in ready for word in heard.words),
        partials=newest.partials,
    )


def admitted(heard: Heard, admits: Callable[[str, Samples], bool]) -> Heard:
    """What was heard and may still be used: `admits` says so, by speaker and time."""
    if not (heard.speaking or heard.activities or heard.words or heard.partials):
        return heard
    speaking = frozenset(name for name in heard.speaking if admits(name, heard.at))
    activities = tuple(piece for piece in heard.activities if admits(piece.speaker, piece.start))
    words = tuple(word for word in heard.words if admits(word.speaker, word.start))
    partials = {name: text for name, text in heard.partials.items() if admits(name, heard.at)}
    found = (speaking, activities, words, partials)
    if found == (heard.speaking, heard.activities, heard.words, heard.partials):
        return heard
    return replace(heard, speaking=speaking, activities=activities, words=words, partials=partials)
