"""Hears a recorded meeting ahead of its loop, so that all cores work at the same time.

What the ears make of a recording does not depend on what the agent does meanwhile. So voices are
looked for some seconds ahead; each utterance that is found is recognised on its own, the earliest
first, in as many threads as there are. When the loop comes to a tick, what the ears make of it is
there or is waited for. The result is what a `Listener` gives that hears tick by tick: an utterance
is given to a stream of its own, call by call, and no stream carries anything from one utterance to
the next. On a shared microphone windows are segmented ahead as well.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from diarize.base import Diarizer, VoiceActivityDetector
from diarize.segmentation import Activity, SegmentsAhead
from diarize.tracks import TrackDiarizer
from moderator.audio import AudioChunk, Waveform
from moderator.ears.background import PHASE
from moderator.ears.expecting import expect
from moderator.ears.leakage import LeakageGuard
from moderator.ears.listener import Listener
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import Recognised, Recogniser, RecogniserStream
from moderator.ears.sources import OwnTrack, Probabilities, SharedMic, Source
from moderator.ears.utterances import GateOptions
from moderator.ears.vocabulary import vocabulary
from moderator.events import Heard
from moderator.timeline import Samples, Stopwatch, to_samples

LEAST = 5
"""Ticks that must lie between what is heard and what is foreseen: a track that has ended is filled
up with silence some ticks late, but at once where the meeting ends."""

_KEPT = to_samples(300.0)
"""So much of an utterance is kept, in case that the meeting ends before it does."""


@dataclass(slots=True)
class _Calls:
    """What a stream was given in one tick, of one utterance.

    Attributes:
        audio: pieces, each with whether there was a voice in it.
        voice_end: where the utterance's last voice was heard, if it ended.
        found: what a reading gives then; None where nothing was due.
    """

    audio: list[tuple[Waveform, bool]] = field(default_factory=list)
    voice_end: Samples | None = None
    found: Future[Recognised | None] = field(default_factory=Future)

    def same(self, other: _Calls) -> bool:
        """Whether both say the same of one stretch of a recording."""
        return self.voice_end == other.voice_end and self.length == other.length

    @property
    def length(self) -> Samples:
        """Samples of the audio."""
        return sum(len(piece) for piece, _ in self.audio)

    def give(self, stream: RecogniserStream) -> Recognised | None:
        """Gives all of it to a stream and reads what is due."""
        for piece, voice in self.audio:
            stream.push(piece, voice)
        if self.voice_end is not None:
            stream.end(self.voice_end)
        return stream.read() if stream.due else None


class _Utterance:
    """One utterance, recognised tick by tick in the pool's threads.

    Args:
        begin: where it begins, which is also how urgent it is.
        open_stream: makes a stream that has heard nothing.
        shared: what all utterances share.
    """

    def __init__(
        self, begin: Samples, open_stream: Callable[[], RecogniserStream], shared: _Shared
    ) -> None:
        self.begin, self._open, self._shared = begin, open_stream, shared
        self._stream = open_stream()
        self._stream.begin(begin)
        self._lock = threading.Lock()
        self._waiting: deque[_Calls] = deque()
        self._untold: deque[_Calls] = deque()
        self._told: deque[_Calls] = deque()
        self._told_length: Samples = 0
        self._busy = False

    def add(self, calls: _Calls) -> None:
        """Takes the next tick."""
        self._untold.append(calls)
        with self._lock:
            self._waiting.append(calls)
            idle, self._busy = not self._busy, True
        if idle:
            self._shared.pool.submit(self._work, urgent=True, place=self.begin)

    def _work(self) -> Recognised:
        """Recognises one tick; others come first then if they are earlier."""
        if self._shared.closed:
            return Recognised()
        calls = self._waiting[0]
        try:
            with self._shared.watch.phase(PHASE):
                calls.found.set_result(calls.give(self._stream))
        except BaseException as error:
            calls.found.set_exception(error)
        with self._lock:
            self._waiting.popleft()
            more = self._busy = bool(self._waiting)
        if more:
            self._shared.pool.submit(self._work, urgent=True, place=self.begin)
        return Recognised()

    def tell(self, given: _Calls) -> Recognised | None:
        """What was recognised in the next tick that has not been told.

        Args:
            given: what the meeting gave of it: less than was foreseen, where it ends early.
        """
        if self._untold and self._untold[0].same(given):
            calls = self._untold.popleft()
            found = calls.found.result()
            self._remember(calls)
            return found
        stream = self._open()
        stream.begin(self.begin)
        for calls in self._told:
            calls.give(stream)
        return given.give(stream)

    def _remember(self, calls: _Calls) -> None:
        self._told.append(calls)
        self._told_length += calls.length
        while self._told_length > _KEPT:
            gone = self._told.popleft().length
            self._told_length -= gone
            self.begin += gone


@dataclass(slots=True)
class _Shared:
    """What all utterances of a meeting share."""

    pool: ReadingPool
    watch: Stopwatch
    closed: bool = False


class _Scribe:
    """Writes down what a source gives its recogniser; satisfies `RecogniserStream`."""

    def __init__(self, open_stream: Callable[[], RecogniserStream], shared: _Shared) -> None:
        self._open, self._shared = open_stream, shared
        self._utterance: _Utterance | None = None
        self._calls = _Calls()
        self._found: deque[_Utterance] = deque()

    due = prepared = urgent = False
    """It is never read: who hears the same as it foresaw is told by `next`."""

    def begin(self, at: Samples) -> None:
        self._utterance, self._calls = _Utterance(at, self._open, self._shared), _Calls()
        self._found.append(self._utterance)

    def push(self, audio: Waveform, voice: bool) -> None:
        self._calls.audio.append((audio.copy(), voice))

    def end(self, voice_end: Samples) -> None:
        self._calls.voice_end = voice_end
        self.tick()
        self._utterance = None

    def read(self) -> Recognised:
        raise NotImplementedError

    def tick(self) -> None:
        """The tick is over."""
        if self._utterance is not None and (self._calls.audio or self._calls.voice_end is not None):
            self._utterance.add(self._calls)
        self._calls = _Calls()

    def next(self) -> _Utterance:
        """The next utterance that was found."""
        return self._found.popleft()


class _Reader:
    """Tells what was recognised of what a scribe wrote down; satisfies `RecogniserStream`."""

    prepared = True
    urgent = False

    def __init__(self, scribe: _Scribe) -> None:
        self._scribe = scribe
        self._utterance: _Utterance | None = None
        self._calls = _Calls()
        self._given: list[tuple[_Utterance, _Calls]] = []
        self._partial = ""

    @property
    def due(self) -> bool:
        return bool(self._given or self._calls.audio)

    def begin(self, at: Samples) -> None:
        self._utterance, self._calls = self._scribe.next(), _Calls()
        if self._utterance.begin != at:
            raise ValueError(f"an utterance at {at}, foreseen at {self._utterance.begin}")

    def push(self, audio: Waveform, voice: bool) -> None:
        self._calls.audio.append((audio, voice))

    def end(self, voice_end: Samples) -> None:
        self._calls.voice_end = voice_end
        self._close_tick()
        self._utterance = None

    def _close_tick(self) -> None:
        if self._utterance is not None and (self._calls.audio or self._calls.voice_end is not None):
            self._given.append((self._utterance, self._calls))
        self._calls = _Calls()

    def read(self) -> Recognised:
        self._close_tick()
        given, self._given = self._given, []
        found = [utterance.tell(calls) for utterance, calls in given]
        words = tuple(word for one in found if one is not None for word in one.words)
        for one in found:
            self._partial = self._partial if one is None else one.partial
        return Recognised(words, self._partial)


class _Foretold:
    """Probabilities that were found ahead; satisfies `VoiceActivityDetector`."""

    def __init__(self, frame: Samples) -> None:
        self._frame = frame
        self._waiting = np.zeros(0, np.float32)

    @property
    def frame(self) -> int:
        """Samples a frame."""
        return self._frame

    def add(self, probabilities: Probabilities) -> None:
        """Those of further frames."""
        self._waiting = np.concatenate([self._waiting, probabilities])

    def push(self, audio: Waveform) -> Probabilities:
        """``(frames,)`` of the whole frames ``(frames * frame,)``."""
        count = len(audio) // self._frame
        given, self._waiting = self._waiting[:count].copy(), self._waiting[count:]
        if len(given) < count:
            raise ValueError(f"{count} frames, {len(given)} foreseen")
        return given


class ListenerAhead:
    """Ears for recorded tracks, which are told what comes; satisfies `moderator.ears.base.Ears`.

    Each tick is foreseen before it is heard, and so is the end; `LEAST` ticks lie between.

    Args:
        detector: makes a detector of voices, for each track its own.
        recogniser: its streams carry nothing from one utterance to the next.
        own: ids of participants with a track of their own.
        shared: diarizers of microphones that hear several people, by id.
        threads: utterances recognised at the same time.
        watch: gets the time that looking for voices and recognition take.
    """

    def __init__(
        self,
        detector: Callable[[], VoiceActivityDetector],
        recogniser: Recogniser,
        own: Sequence[str],
        shared: Mapping[str, Diarizer],
        threads: int,
        watch: Stopwatch,
    ) -> None:
        self._shared = _Shared(ReadingPool(threads), watch)
        self._detector, self._recogniser, self._watch = detector, recogniser, watch
        self._scouts: dict[str, tuple[Source, _Scribe, _Foretold]] = {}
        self._names: tuple[str, ...] = ()
        known = vocabulary(recogniser.spec.languages)
        sources: list[Source] = []
        for name in own:
            vad, stream = self._scout(name)
            sources.append(OwnTrack(name, vad, stream, partial(TrackDiarizer, name), known=known))
        self._segmenting: dict[str, SegmentsAhead] = {}
        for name, diarizer in shared.items():
            vad, stream = self._scout(name)
            sources.append(SharedMic(name, vad, stream, diarizer, known=known))
            if isinstance(diarizer, SegmentsAhead):
                self._segmenting[name] = diarizer
        self._listener = Listener(sources)
        self._guarded = tuple(own)
        self._guard = LeakageGuard() if len(own) > 1 else None

    def _scout(self, name: str) -> tuple[_Foretold, _Reader]:
        vad, scribe = self._detector(), _Scribe(self._open, self._shared)
        foretold = _Foretold(vad.frame)
        self._scouts[name] = (Source(name, vad, scribe, GateOptions(), 0), scribe, foretold)
        return foretold, _Reader(scribe)

    def _open(self) -> RecogniserStream:
        stream = self._recogniser.open()
        expect(stream, self._names)
        return stream

    def expect(self, names: Sequence[str]) -> None:
        """Takes the names that are to be expected; before anything is foreseen."""
        self._names = tuple(names)
        self._listener.expect(names)

    def foresee(self, now: Samples, chunks: Sequence[AudioChunk], *, last: bool = False) -> None:
        """Looks for voices in what will have arrived by `now`; arguments as those of `hear`.

        Args:
            now: end of the tick.
            chunks: of the tracks.
            last: the meeting ends there.

        Raises:
            InputError: as `Listener.hear`.
        """
        with self._watch.phase("ears"):
            for chunk in chunks:
                self._scouts[chunk.track][0].take(chunk, now)
            for source, _, _ in self._scouts.values():
                source.listen(now, last=last)
            if self._guard is not None:
                self._guard.apply([self._scouts[name][0] for name in self._guarded])
            for source, scribe, foretold in self._scouts.values():
                foretold.add(source.probabilities)
                source.cut()
                scribe.tick()
            for name, diarizer in self._segmenting.items():
                audio = self._scouts[name][0].audio
                diarizer.segment_ahead(audio, partial(self._submit, now), last=last)

    def _submit(self, place: Samples, work: Callable[[], Activity]) -> Future[Activity]:
        def measured() -> Activity:
            with self._watch.phase("segmentation"):
                return work()

        return self._shared.pool.submit(measured, urgent=True, place=place).future

    def hear(self, now: Samples, chunks: Sequence[AudioChunk]) -> Heard:
        """What is understood at a tick that was foreseen."""
        return self._listener.hear(now, chunks)

    def finish(self, now: Samples) -> Heard:
        """Ends all streams, also before the end that was foreseen."""
        return self._listener.finish(now)

    def close(self) -> None:
        """Stops recognising what nobody will hear."""
        self._shared.closed = True
