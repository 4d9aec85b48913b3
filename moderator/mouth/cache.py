"""Keeps the sentences spoken last: duties repeat their phrases."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator

from moderator.mouth.base import Sentence, Voice, VoiceSpec
from moderator.mouth.sentences import split
from moderator.timeline import to_samples


class CachedVoice:
    """A voice that makes a sentence it has just spoken only once; for any number of threads.

    Args:
        voice: who speaks.
        capacity_s: seconds of speech kept (64 kB a second); the least recently spoken go first.
    """

    def __init__(self, voice: Voice, capacity_s: float = 180.0) -> None:
        self._voice = voice
        self._capacity = to_samples(capacity_s)
        self._kept: OrderedDict[str, tuple[Sentence, ...]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    @property
    def spec(self) -> VoiceSpec:
        """The spec of the voice inside."""
        return self._voice.spec

    @property
    def samples_kept(self) -> int:
        """Samples in the cache now, never more than its capacity."""
        return self._size

    def say(self, text: str) -> Iterator[Sentence]:
        """Speaks `text` lazily, from the cache where it can."""
        for part in split(text):
            spoken = self._known(part)
            if spoken is not None:
                yield from spoken
                continue
            made = []
            for sentence in self._voice.say(part):
                made.append(sentence)
                yield sentence
            with self._lock:
                self._keep(part, tuple(made))

    def _known(self, part: str) -> tuple[Sentence, ...] | None:
        with self._lock:
            if part in self._kept:
                self._kept.move_to_end(part)
            return self._kept.get(part)

    def _keep(self, part: str, spoken: tuple[Sentence, ...]) -> None:
        size = _size(spoken)
        if size > self._capacity or part in self._kept:
            return
        for sentence in spoken:
            sentence.samples.setflags(write=False)
        self._kept[part] = spoken
        self._size += size
        while self._size > self._capacity:
            _, dropped = self._kept.popitem(last=False)
            self._size -= _size(dropped)


def _size(spoken: tuple[Sentence, ...]) -> int:
    return sum(len(sentence.samples) for sentence in spoken)
