"""A recogniser in whose place another one goes on where it fails: nothing that was said is lost.

What an utterance brought is kept until the first has understood it. Where that fails, hangs or
answers what cannot be, the second recognises what was kept, and the first is tried again at an
utterance that begins later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from moderator.audio import Waveform
from moderator.ears.background import believed
from moderator.ears.expecting import expect
from moderator.ears.health import Pause
from moderator.ears.recogniser import (
    Recognised,
    RecognisedWord,
    Recogniser,
    RecogniserSpec,
    RecogniserStream,
)
from moderator.timeline import Samples, to_samples

MOST_KEPT: Samples = to_samples(120.0)
"""Of what the first has not understood yet; older audio is not recognised again."""


@dataclass
class _Kept:
    """An utterance as it was given: audio with whether there was a voice, and where it ended."""

    at: Samples
    audio: list[tuple[Waveform, bool]] = field(default_factory=list)
    length: Samples = 0
    voice_end: Samples | None = None


class SubstitutedStream:
    """One source's stream; satisfies `RecogniserStream` and `Substituted`.

    Args:
        first: opens a stream of the recogniser that is wanted.
        second: opens one of the other.
    """

    def __init__(
        self, first: Callable[[], RecogniserStream], second: Callable[[], RecogniserStream]
    ) -> None:
        self._open_first, self._open_second = first, second
        self._first: RecogniserStream | None = None
        self._second: RecogniserStream | None = None
        self._kept: list[_Kept] = []
        self._pause, self._passed = Pause(), 0
        self._inside = False
        self._now = self._until = 0
        self._failures: list[str] = []
        self._names: tuple[str, ...] = ()

    def expect(self, names: Sequence[str]) -> None:
        """Names that either may be told."""
        if self._names != (names := tuple(names)):
            self._names = names
            for one in (self._first, self._second):
                expect(one, names)

    @property
    def due(self) -> bool:
        """Either has something to read."""
        return any(one is not None and one.due for one in (self._first, self._second))

    @property
    def prepared(self) -> bool:
        """Reading may take its time."""
        return False

    @property
    def urgent(self) -> bool:
        """An utterance is over."""
        return not self._inside

    def begin(self, at: Samples) -> None:
        """An utterance begins; the first recogniser gets it, unless it failed lately."""
        self._inside, self._now = True, at
        self._kept.append(_Kept(at))
        if self._first is None and self._pause.over(self._passed):
            self._begin_first()
        self._passed = 0
        if self._first is None:
            self._other().begin(at)
        else:
            self._do(lambda first: first.begin(at))

    def _begin_first(self) -> None:
        try:
            self._first = self._open_first()
            expect(self._first, self._names)
        except Exception as error:
            self._failed(error)
            return
        self._kept = self._kept[-1:]  # what was before is the other's

    def push(self, audio: Waveform, voice: bool) -> None:
        """The utterance's next samples, shape ``(n,)``."""
        self._now += len(audio)
        self._passed += len(audio)
        if self._first is None:
            self._other().push(audio, voice)
            return
        last = self._kept[-1]
        last.audio.append((audio, voice))
        last.length += len(audio)
        self._bound()
        self._do(lambda first: first.push(audio, voice))

    def end(self, voice_end: Samples) -> None:
        """The utterance is over."""
        self._inside = False
        if self._first is None:
            self._other().end(voice_end)
            return
        self._kept[-1].voice_end = voice_end
        self._do(lambda first: first.end(voice_end))

    def read(self) -> Recognised:
        """What either has understood since the last call."""
        words: list[RecognisedWord] = []
        partial, pending = "", False
        if self._second is not None and self._second.due:
            found = self._second.read()
            words += [word for word in found.words if word.start + word.end >= 2 * self._until]
            partial = found.partial
        if self._first is not None:
            try:
                found = self._first.read()
                known, partial = believed(found, self._now), found.partial
                pending = found.pending
            except Exception as error:
                self._failed(error)
                return Recognised(tuple(words))
            if known:
                self._until = max(self._until, known[-1].end)
                self._pause.worked()
            words += known
            if not self._first.due:
                self._kept = [one for one in self._kept if one.voice_end is None]
        return Recognised(tuple(words), partial, pending)

    def take_failures(self) -> list[str]:
        """What the first failed in since the last call."""
        failures, self._failures = self._failures, []
        return failures

    def _do(self, work: Callable[[RecogniserStream], None]) -> None:
        assert self._first is not None
        try:
            work(self._first)
        except Exception as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """Hands what was kept to the other one."""
        self._failures.append(f"{type(error).__name__}; the embedded recogniser takes over")
        self._first = None
        self._pause.failed()
        kept, self._kept = self._kept, self._kept[-1:] if self._inside else []
        for one in kept:
            other = self._other()
            other.begin(one.at)
            for audio, voice in one.audio:
                other.push(audio, voice)
            if one.voice_end is not None:
                other.end(one.voice_end)
        for one in self._kept:
            one.audio, one.length = [], 0

    def _other(self) -> RecogniserStream:
        if self._second is None:
            self._second = self._open_second()
            expect(self._second, self._names)
        return self._second

    def _bound(self) -> None:
        """Forgets the oldest utterances where more waits than is recognised again."""
        while len(self._kept) > 1 and sum(one.length for one in self._kept) > MOST_KEPT:
            self._kept.pop(0)


class SubstitutedRecogniser:
    """Makes streams of one recogniser with another in its place; satisfies `Recogniser`.

    Args:
        first: is wanted.
        second: takes over.
    """

    def __init__(self, first: Recogniser, second: Recogniser) -> None:
        self._first, self._second = first, second

    @property
    def spec(self) -> RecogniserSpec:
        """The first one's."""
        return self._first.spec

    def open(self) -> SubstitutedStream:
        """A new stream for one source."""
        return SubstitutedStream(self._first.open, self._second.open)
