"""Ears for meetings that are words without audio: a transcript, heard word by word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from diarize.base import SpeakerActivity
from moderator.audio import AudioChunk
from moderator.events import Heard, Word
from moderator.timeline import Samples, to_samples

_GAP = to_samples(0.3)  # a pause shorter than this is part of the voice


class ScriptedEars:
    """Satisfies `moderator.ears.base.Ears` over known words, strictly causally.

    Who speaks at `now` is whoever has a word begun before it that has not ended. A pause becomes
    part of the voice's activity once its next word begins, if that is in under `gap`; nobody is
    said to speak in it. A word is stable the moment it has ended. Audio is not looked at.

    Costs a few microseconds a tick: words are visited once, in order.

    Args:
        words: in any order; a speaker's words may overlap.
        gap: pauses under this many samples are bridged.
    """

    def __init__(self, words: Iterable[Word], *, gap: Samples = _GAP) -> None:
        said = list(words)
        self._gap = gap
        self._begins = sorted(said, key=lambda w: (w.start, w.speaker, w.end, w.text))
        self._ends = sorted(said, key=lambda w: (w.end, w.start, w.speaker, w.text))
        self._begun = self._ended = 0
        self._open: dict[str, Samples] = {}  # per speaker: where the words now begun end
        self._until: dict[str, Samples] = {}  # per speaker: where their last voice ended
        self._before: Samples = 0

    def hear(self, now: Samples, chunks: Sequence[AudioChunk] = ()) -> Heard:
        """What was said until `now`."""
        begins, ends = self._begins, self._ends
        activities: list[SpeakerActivity] = []
        if self._open:
            self._go_on(now, activities)
        while self._begun < len(begins) and begins[self._begun].start < now:
            self._begin(begins[self._begun], now, activities)
            self._begun += 1
        first = self._ended
        while self._ended < len(ends) and ends[self._ended].end <= now:
            self._ended += 1
        self._before = now
        if not activities and first == self._ended and not self._open:
            return Heard(now)
        activities.sort(key=lambda piece: (piece.start, piece.speaker))
        return Heard(
            at=now,
            speaking=frozenset(self._open),
            activities=tuple(activities),
            words=tuple(sorted(ends[first : self._ended], key=lambda w: (w.start, w.speaker))),
        )

    def finish(self, now: Samples) -> Heard:
        """As a tick at `now`; words that had begun are heard to their end."""
        heard = self.hear(now)
        rest = tuple(word for word in self._ends[self._ended :] if word.start < now)
        self._ended = len(self._ends)
        return replace(heard, speaking=frozenset(), words=heard.words + rest)

    def _go_on(self, now: Samples, activities: list[SpeakerActivity]) -> None:
        for speaker, end in list(self._open.items()):
            upto = min(end, now)
            if upto > self._before:
                activities.append(SpeakerActivity(speaker, self._before, upto))
                self._until[speaker] = upto
            if end <= now:
                del self._open[speaker]

    def _begin(self, word: Word, now: Samples, activities: list[SpeakerActivity]) -> None:
        speaker = word.speaker
        until = self._until.get(speaker, -self._gap)
        # An activity never begins before what was reported, also after a bridged pause.
        start = max(until, self._before) if word.start - until < self._gap else word.start
        start = max(until, start)
        upto = min(word.end, now)
        if upto > start:
            activities.append(SpeakerActivity(speaker, start, upto))
            self._until[speaker] = upto
        if word.end > now:
            self._open[speaker] = max(word.end, self._open.get(speaker, 0))
