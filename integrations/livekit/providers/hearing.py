"""LiveKit's STT plugins as a recogniser: a stream of its own for everybody who is heard."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, wait
from itertools import count
from weakref import finalize

import numpy as np
from livekit import rtc
from livekit.agents import stt

from integrations.livekit.providers.home import CONNECT, Hears, Home
from integrations.livekit.providers.line import Line
from integrations.livekit.providers.usage import Usage
from integrations.livekit.providers.words import Label, text_of, words_of
from moderator.audio import Waveform, silence, to_pcm16
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserSpec, RecogniserStream
from moderator.timeline import SAMPLE_RATE, Elapsed, Samples, to_samples, to_seconds

AFTER: Samples = to_samples(0.8)
"""Silence behind an utterance, by which a service that listens for ends finds one."""

ANSWERS_WITHIN_S = 6.0
"""An utterance whose words have not come by then is not waited for any longer."""

MORE_WITHIN_S = 0.5
"""After a final transcript, another one of the same utterance."""

LATE_S = 2.0
"""Words that come later, when the next utterance has begun, are taken for that one's."""

LEAST_VOICE: Samples = to_samples(1.0)
"""So much of a voice has words in it, mostly; less may be a noise, of which nothing is said."""

POLL_S = 0.05

MOST_SPEAKERS = 32
"""Voices that are told apart in one stream."""

EARLY: Samples = to_samples(0.5)
"""A service may let a word begin a little before what it was given."""


def frame_of(audio: Waveform) -> rtc.AudioFrame:
    """Samples ``(n,)`` as LiveKit carries them."""
    return rtc.AudioFrame(to_pcm16(audio).tobytes(), SAMPLE_RATE, 1, len(audio))


class SttRecogniser:
    """Makes streams that a plugin recognises; satisfies `Recogniser`.

    Args:
        plugin: of livekit-agents.
        home: where it lives.
        usage: is told how much audio it is given.
        language: ISO 639-1 code of what is spoken.
    """

    def __init__(self, plugin: Hears, home: Home, usage: Usage, language: str) -> None:
        self._plugin, self._home, self._usage = plugin, home, usage
        self._language = language
        self._numbers = count(1)  # of voices: a stream that is opened anew knows none of them

    @property
    def spec(self) -> RecogniserSpec:
        """What the plugin says of itself."""
        able = self._plugin.capabilities
        name = f"stt {self._plugin.provider} {self._plugin.model}"
        return RecogniserSpec(name, 0.5, 0.5, (self._language,), diarizes=able.diarization)

    def open(self) -> RecogniserStream:
        """A new stream for one source; one utterance at a time where the plugin does not stream."""
        if not self._plugin.capabilities.streaming:
            return Batched(self._plugin, self._home, self._usage)
        return Streamed(self._plugin, self._home, self._usage, self._labels())

    def _labels(self) -> Label | None:
        if not self._plugin.capabilities.diarization:
            return None
        known: dict[str, str] = {}

        def label(told: str) -> str:
            if told not in known and len(known) < MOST_SPEAKERS:
                known[told] = f"speaker_{next(self._numbers)}"
            return known.get(told, "speaker_0")

        return label


class Streamed:
    """One source's stream to a service; satisfies `RecogniserStream`.

    Only utterances are sent, one behind the other. Its connection ends with it.

    Args:
        plugin: that streams.
        home: where it lives.
        usage: is told of the audio.
        label: of voices.
    """

    def __init__(self, plugin: Hears, home: Home, usage: Usage, label: Label | None = None) -> None:
        self._line, self._usage, self._label = Line(plugin, home), usage, label
        finalize(self, Line.close, self._line)
        self._sent: Samples = 0
        self._anchors: deque[tuple[Samples, Samples]] = deque(maxlen=64)
        self._now = self._from = self._until = 0
        self._voice: Samples = 0
        self._inside = self._answered = self._final = False
        self._waiting: Elapsed | None = None
        self._quiet: Elapsed | None = None
        self._partial = ""

    @property
    def due(self) -> bool:
        """Something is said, or waits for its words."""
        return self._inside or self._waiting is not None

    @property
    def prepared(self) -> bool:
        """Words may be waited for a little."""
        return False

    @property
    def urgent(self) -> bool:
        """An utterance is over."""
        return not self._inside

    def begin(self, at: Samples) -> None:
        """An utterance begins at meeting time `at`."""
        if self._waiting is None or self._waiting.seconds >= LATE_S:
            self._from = at
        self._inside, self._now, self._voice = True, at, 0
        self._answered = self._final = False
        self._anchors.append((self._sent, at))

    def push(self, audio: Waveform, voice: bool) -> None:
        """Sends the utterance's next samples, shape ``(n,)``."""
        self._now += len(audio)
        self._voice += len(audio) if voice else 0
        self._send(audio)

    def end(self, voice_end: Samples) -> None:
        """The utterance is over; some silence says so to the service."""
        self._inside, self._until = False, voice_end
        self._send(silence(AFTER))
        self._line.flush()
        self._waiting, self._quiet = Elapsed(), None

    def _send(self, audio: Waveform) -> None:
        self._line.push(frame_of(audio))
        self._sent += len(audio)
        self._usage.add("stt", "audio_s", to_seconds(len(audio)))

    def read(self) -> Recognised:
        """The words that have come.

        Raises:
            TimeoutError: none have, though somebody spoke.
            Exception: what the plugin failed with.
        """
        words: list[RecognisedWord] = []
        events = self._line.take(POLL_S if not self._inside else 0.0)
        for event in events:
            self._answered = True
            words += self._heard(event)
        if self._waiting is not None and not self._inside:
            self._wait(self._waiting)
        return Recognised(tuple(words), self._partial, pending=not events)

    def _heard(self, event: stt.SpeechEvent) -> list[RecognisedWord]:
        kind = stt.SpeechEventType
        if event.type not in (kind.INTERIM_TRANSCRIPT, kind.FINAL_TRANSCRIPT):
            return []
        data = event.alternatives[0] if event.alternatives else None
        if data is None:
            return []
        self._quiet = Elapsed()
        if event.type is kind.INTERIM_TRANSCRIPT:
            self._partial = text_of(data)
            return []
        self._partial, self._final = "", True
        end = self._now if self._inside else max(self._from, min(self._until, self._now))
        believable = max(0, self._from - EARLY), self._now
        words = words_of(data, (self._from, end), believable, self._place, self._label)
        self._from = max([end, *(word.end for word in words)])
        return words

    def _wait(self, waiting: Elapsed) -> None:
        """Ends waiting where the words are there, or will not come."""
        more = self._quiet is not None and self._quiet.seconds < MORE_WITHIN_S
        if self._final and not more and not self._partial:
            self._waiting = None
        elif waiting.seconds >= ANSWERS_WITHIN_S:
            self._waiting = None
            if self._partial or (self._voice >= LEAST_VOICE and not self._answered):
                raise TimeoutError

    def _place(self, at: float) -> Samples:
        """Meeting time of a time of what was sent."""
        sent = to_samples(at)
        earlier = (one for one in reversed(self._anchors) if one[0] <= sent)
        begun, meeting = next(earlier, self._anchors[0])
        return min(max(0, meeting + sent - begun), self._now)


class Batched:
    """One source's utterances, each recognised when it is over; satisfies `RecogniserStream`.

    Args:
        plugin: that recognises whole recordings.
        home: where it lives.
        usage: is told of the audio.
    """

    def __init__(self, plugin: Hears, home: Home, usage: Usage) -> None:
        self._plugin, self._home, self._usage = plugin, home, usage
        self._audio: list[Waveform] = []
        self._begun: Samples = 0
        self._asked: deque[tuple[Future[stt.SpeechEvent], Elapsed, Samples, Samples]] = deque()

    @property
    def due(self) -> bool:
        """Something is being recognised."""
        return bool(self._asked)

    @property
    def prepared(self) -> bool:
        """Words may be waited for a little."""
        return False

    @property
    def urgent(self) -> bool:
        """An utterance is over."""
        return True

    def begin(self, at: Samples) -> None:
        """An utterance begins at meeting time `at`."""
        self._begun, self._audio = at, []

    def push(self, audio: Waveform, voice: bool) -> None:
        """Keeps the utterance's next samples, shape ``(n,)``."""
        self._audio.append(audio)

    def end(self, voice_end: Samples) -> None:
        """The utterance is over, and is recognised."""
        audio = np.concatenate([*self._audio, silence(0)])
        self._audio = []
        if not len(audio):
            return
        self._usage.add("stt", "audio_s", to_seconds(len(audio)))
        asked = self._home.start(self._plugin.recognize([frame_of(audio)], conn_options=CONNECT))
        end = max(self._begun, min(voice_end, self._begun + len(audio)))
        self._asked.append((asked, Elapsed(), self._begun, end))

    def read(self) -> Recognised:
        """The words of the oldest utterance, if they are there.

        Raises:
            TimeoutError: they have not come.
            Exception: what the plugin failed with.
        """
        if not self._asked:
            return Recognised(pending=True)
        asked, since, begun, end = self._asked[0]
        if not wait([asked], POLL_S).done:
            if since.seconds >= 2 * ANSWERS_WITHIN_S:
                asked.cancel()
                raise TimeoutError
            return Recognised(pending=True)
        self._asked.popleft()
        event = asked.result()
        if not isinstance(event, stt.SpeechEvent):
            raise ValueError("its transcript is none")
        whole = begun, end
        words = [
            word
            for data in event.alternatives[:1]
            for word in words_of(data, whole, whole, lambda at: begun + to_samples(at), None)
        ]
        return Recognised(tuple(words))
