"""Streaming recognition with whisper: one source's utterances in, stable words out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from moderator.audio import Waveform
from moderator.ears.agreement import LocalAgreement, Piece
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserSpec
from moderator.ears.repetition import loop_start, repeated_tail, repeats
from moderator.ears.whisper import Encoded, Hypothesis, Whisper
from moderator.timeline import SAMPLE_RATE, Samples, to_samples


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a stream decodes.

    Attributes:
        step_s: hypotheses are renewed this often while there is a voice.
        least_s: no hypothesis before an utterance is this long.
        trim_s: a window longer than this is cut at a stable word ...
        hold_s: a word that ended less than this before the window's end is not stable yet.
        keep_s: ... so that about this much of it stays, its stable words as the decoder's prefix.
        limit_s: a window that grew so long without a stable word is closed as it is.
        prompt: tokens said before the window that the decoder is given; 0: none.
        no_speech: an utterance likelier than this to hold no speech, and decoded with less
            confidence than `doubt`, is dropped.
        doubt: mean log probability of a token.
    """

    step_s: float = 0.5
    least_s: float = 0.5
    trim_s: float = 9.0
    keep_s: float = 4.0
    hold_s: float = 0.0
    full: bool = True
    limit_s: float = 14.0
    prompt: int = 0
    no_speech: float = 0.6
    doubt: float = -1.0


@dataclass(slots=True)
class _Utterance:
    start: Samples  # of the window: moves on when the window is trimmed
    parts: list[Waveform] = field(default_factory=list)
    length: Samples = 0
    decoded: Samples = 0  # meeting time up to which a hypothesis was made
    voice_end: Samples | None = None  # set once it has ended
    voiced: bool = False  # there was a voice since the last hypothesis
    stable: list[Piece] = field(default_factory=list)  # of the window
    times: list[tuple[Samples, Samples]] = field(default_factory=list)  # of `stable`, meeting time

    @property
    def now(self) -> Samples:
        return self.start + self.length

    def audio(self) -> Waveform:
        if len(self.parts) > 1:
            self.parts = [np.concatenate(self.parts)]
        return self.parts[0]

    def drop(self, upto: Samples) -> None:
        rest = self.audio()[upto - self.start :].copy()
        self.parts, self.length, self.start = [rest], len(rest), upto


class WhisperStream:
    """One source's stream; satisfies `moderator.ears.recogniser.RecogniserStream`.

    While somebody speaks, the window is decoded every step after the words already stable, and
    words become stable by local agreement. At the utterance's end the rest becomes stable at once.

    Args:
        whisper: the decoder, shared by all streams.
        options: how to decode.
    """

    def __init__(self, whisper: Whisper, options: StreamOptions) -> None:
        self._whisper = whisper
        self._options = options
        self._open: _Utterance | None = None
        self._ended: deque[_Utterance] = deque()
        self._agreement = LocalAgreement()
        self._said: deque[int] = deque(maxlen=max(1, options.prompt))
        self._partial = ""
        self._last: Samples = 0  # end of the last stable word

    @property
    def due(self) -> bool:
        """`read` has something to recognise."""
        return bool(self._ended) or self._step_due()

    def begin(self, at: Samples) -> None:
        """An utterance begins at meeting time `at`."""
        self._open = _Utterance(start=at, decoded=at)

    def push(self, audio: Waveform, voice: bool) -> None:
        """The utterance's next samples, shape ``(n,)``; `voice`: there is one in them."""
        for at in range(0, len(audio), SAMPLE_RATE):
            window = self._open
            if window is None:
                raise ValueError("audio outside of an utterance")
            part = audio[at : at + SAMPLE_RATE]
            window.parts.append(part)
            window.length += len(part)
            window.voiced |= voice
            if (
                window.length > to_samples(self._options.limit_s) + SAMPLE_RATE
            ):  # nobody read in time
                self._ended.append(window)
                self._open = _Utterance(start=window.now, decoded=window.now)

    def end(self, voice_end: Samples) -> None:
        """The utterance is over; its last voice was heard at meeting time `voice_end`."""
        if self._open is not None:
            self._open.voice_end = voice_end
            self._ended.append(self._open)
        self._open = None

    def read(self) -> Recognised:
        """Recognises what is due; everything of an ended utterance becomes stable at once."""
        words: list[RecognisedWord] = []
        while self._ended:
            words += self._close(self._ended.popleft())
        if self._step_due() and self._open is not None:
            words += self._step(self._open)
        return Recognised(tuple(words), self._partial if self._open is not None else "")

    def _step_due(self) -> bool:
        window, options = self._open, self._options
        if window is None or window.length < to_samples(options.least_s):
            return False
        # Pauses are not decoded: either the voice comes back or the utterance ends soon.
        return window.voiced and window.now - window.decoded >= to_samples(options.step_s)

    def _step(self, window: _Utterance) -> list[RecognisedWord]:
        window.decoded, window.voiced = window.now, False
        if window.length > to_samples(self._options.limit_s):
            words = self._close(window)
            self._open = _Utterance(start=window.now, decoded=window.now)
            return words
        encoded = self._whisper.encode(window.audio())
        found = self._decode(encoded, window)
        tail = _sound(found)
        if repeats([piece.text for piece in tail]):
            self._agreement.forget()
            return []
        fresh = self._agreement.update(tail)
        self._partial = " ".join(piece.text for piece in tail[len(fresh) :])
        words = self._accept(encoded, window, fresh, tail[len(fresh) :])
        if window.length > to_samples(self._options.trim_s):
            self._trim(window)
        return words

    def _close(self, window: _Utterance) -> list[RecognisedWord]:
        """Decodes to the window's end and takes every word."""
        self._agreement.forget()
        self._partial = ""
        if not window.length:
            return []
        encoded = self._whisper.encode(window.audio(), full=self._options.full)
        found = self._decode(encoded, window)
        tail = found.pieces
        if repeats([piece.text for piece in tail]):
            found = self._decode(encoded, window, avoid_repeats=True)
        tail = _sound(found)
        cut = loop_start([piece.text for piece in tail])
        unsure = found.log_probability < self._options.doubt
        if unsure and found.no_speech > self._options.no_speech:
            return []
        return self._accept(encoded, window, tail if cut is None else tail[:cut], ())

    def _decode(
        self, encoded: Encoded, window: _Utterance, *, avoid_repeats: bool = False
    ) -> Hypothesis:
        prefix = [token for piece in window.stable for token in piece.tokens]
        prompt = list(self._said) if self._options.prompt else []
        return self._whisper.decode(encoded, prefix, prompt, avoid_repeats=avoid_repeats)

    def _accept(
        self,
        encoded: Encoded,
        window: _Utterance,
        fresh: Sequence[Piece],
        rest: Sequence[Piece],
    ) -> list[RecognisedWord]:
        """Makes `fresh` stable; `rest` is aligned with it, so that its last word ends well."""
        if not fresh:
            return []
        pieces = [*window.stable, *fresh, *rest]
        aligned = self._whisper.times(encoded, pieces)[len(window.stable) :][: len(fresh)]
        latest = window.now if window.voice_end is None else min(window.now, window.voice_end)
        words = []
        for piece, (start, end) in zip(fresh, aligned, strict=True):
            begins = min(max(window.start + start, self._last), max(latest, self._last))
            ends = max(begins, min(window.start + end, latest))
            words.append(RecognisedWord(piece.text, begins, ends))
            window.stable.append(piece)
            window.times.append((begins, ends))
            self._last = ends
        return words

    def _trim(self, window: _Utterance) -> None:
        """Cuts the window before a stable word; those after the cut stay as the prefix."""
        if not window.stable:
            return
        oldest = window.now - to_samples(self._options.keep_s)
        first = next(
            (index for index, (start, _) in enumerate(window.times) if start >= oldest),
            len(window.times),
        )
        if not first:
            return
        before = window.times[first - 1][1]
        after = window.times[first][0] if first < len(window.times) else before
        for piece in window.stable[:first]:
            self._said.extend(piece.tokens)
        del window.stable[:first], window.times[:first]
        window.drop((before + after) // 2)


class WhisperRecogniser:
    """Whisper for many sources; satisfies `moderator.ears.recogniser.Recogniser`.

    Args:
        whisper: the decoder.
        options: how every stream decodes.
        name: for reports.
    """

    def __init__(
        self, whisper: Whisper, options: StreamOptions | None = None, name: str = "whisper"
    ) -> None:
        self._whisper = whisper
        self._options = options or StreamOptions()
        self._spec = RecogniserSpec(
            name=name,
            latency_s=2 * self._options.step_s,
            step_s=self._options.step_s,
            languages=(whisper.language,),
        )

    @property
    def spec(self) -> RecogniserSpec:
        """Latency, step, languages."""
        return self._spec

    def open(self) -> WhisperStream:
        """A new stream for one source."""
        return WhisperStream(self._whisper, self._options)


def _sound(found: Hypothesis) -> tuple[Piece, ...]:
    """A hypothesis without what it repeats at its end for want of an end."""
    cut = repeated_tail([piece.text for piece in found.pieces]) if found.capped else None
    return found.pieces if cut is None else found.pieces[:cut]
