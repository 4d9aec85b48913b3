"""Ears, recognisers and detectors that do what they are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from diarize.base import Audio, DiarizerSpec, SpeakerActivity
from moderator.audio import AudioChunk, Waveform
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserSpec
from moderator.events import Heard
from moderator.timeline import Samples


class FakeEars:
    """Hears what a script says, tick by tick, and nothing else.

    Args:
        script: `Heard` by the tick's end; other ticks hear nothing.
    """

    def __init__(self, script: Iterable[Heard] = ()) -> None:
        self._script: Mapping[Samples, Heard] = {heard.at: heard for heard in script}
        self.chunks: list[AudioChunk] = []
        """All audio taken."""
        self.finished: Samples | None = None

    def hear(self, now: Samples, chunks: Sequence[AudioChunk]) -> Heard:
        """What the script says for `now`."""
        self.chunks += chunks
        return self._script.get(now, Heard(now))

    def finish(self, now: Samples) -> Heard:
        """Ends; hears what the script says for `now` and was not heard yet."""
        self.finished = now
        return Heard(now)


class EnergyVad:
    """A detector that takes every loud frame for speech.

    Args:
        frame: samples a frame.
        level: root mean square from which a frame is loud.
    """

    def __init__(self, frame: int = 512, level: float = 0.01) -> None:
        self._frame, self._level = frame, level
        self._rest: Audio = np.zeros(0, np.float32)

    @property
    def frame(self) -> int:
        """Samples a frame."""
        return self._frame

    def push(self, audio: Audio) -> npt.NDArray[np.float32]:
        """1 for each loud frame, 0 for the others, shape ``(frames,)``."""
        waiting = np.concatenate([self._rest, audio])
        count = len(waiting) // self._frame
        self._rest = waiting[count * self._frame :]
        frames = waiting[: count * self._frame].reshape(count, self._frame)
        loud = np.sqrt(np.mean(frames**2, axis=1)) >= self._level
        return np.asarray(loud, np.float32)


class FakeDiarizer:
    """Knows beforehand who speaks when; each piece comes once it has settled.

    Args:
        activities: by start; times in samples of the stream.
        latency: output settles this many samples behind the input.
    """

    def __init__(self, activities: Iterable[SpeakerActivity] = (), latency: int = 0) -> None:
        self._activities = sorted(activities, key=lambda a: (a.start, a.speaker))
        self._latency = latency
        self._now = self._settled = 0

    @property
    def spec(self) -> DiarizerSpec:
        """Latency as given, any number of speakers."""
        return DiarizerSpec(self._latency / 16_000, 0.1, None)

    @property
    def settled(self) -> int:
        """Samples of the stream for which the output is final."""
        return self._settled

    def push(self, audio: Audio) -> list[SpeakerActivity]:
        """What has settled with these samples, shape ``(n,)``."""
        self._now += len(audio)
        return self._upto(self._now - self._latency)

    def flush(self) -> list[SpeakerActivity]:
        """The rest, up to the end of the audio."""
        return self._upto(self._now)

    def _upto(self, settled: int) -> list[SpeakerActivity]:
        before, self._settled = self._settled, max(self._settled, settled)
        cut = (
            SpeakerActivity(a.speaker, max(a.start, before), min(a.end, self._settled))
            for a in self._activities
        )
        return [piece for piece in cut if piece.end > piece.start]


class FakeStream:
    """A recogniser stream that says each utterance's length in words, one every `word` samples.

    Words are called w0, w1 … over the whole stream. All of an utterance's whole words become
    stable when it ends.
    """

    def __init__(self, word: Samples) -> None:
        self._word = word
        self._count = 0
        self._start: Samples | None = None
        self._length: Samples = 0
        self._done: list[RecognisedWord] = []
        self.utterances: list[tuple[Samples, Samples]] = []
        """Start and end of the audio of each utterance that is over."""

    @property
    def due(self) -> bool:
        """There are words to read."""
        return bool(self._done)

    @property
    def prepared(self) -> bool:
        """Reading takes no time."""
        return True

    @property
    def urgent(self) -> bool:
        """Nobody needs to wait for it."""
        return False

    def begin(self, at: Samples) -> None:
        """An utterance begins."""
        self._start, self._length = at, 0

    def push(self, audio: Waveform, voice: bool) -> None:
        """The utterance goes on."""
        self._length += len(audio)

    def end(self, voice_end: Samples) -> None:
        """The utterance is over."""
        assert self._start is not None
        self.utterances.append((self._start, self._start + self._length))
        at = self._start
        while at + self._word <= voice_end:
            self._done.append(RecognisedWord(f"w{self._count}", at, at + self._word))
            self._count, at = self._count + 1, at + self._word
        self._start = None

    def read(self) -> Recognised:
        """The words of the utterances that ended."""
        done, self._done = self._done, []
        return Recognised(tuple(done))


class FakeRecogniser:
    """Makes `FakeStream`s and keeps them.

    Args:
        word: samples a word.
    """

    def __init__(self, word: Samples = 4_000) -> None:
        self._word = word
        self.streams: list[FakeStream] = []

    @property
    def spec(self) -> RecogniserSpec:
        """English, no delay."""
        return RecogniserSpec("fake", 0.0, 0.1, ("en",))

    def open(self) -> FakeStream:
        """A new stream."""
        self.streams.append(FakeStream(self._word))
        return self.streams[-1]
