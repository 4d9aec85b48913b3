"""Streaming recognition with whisper: one source's utterances in, stable words out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import numpy as np

from moderator.audio import Waveform
from moderator.ears.agreement import LocalAgreement, Piece
from moderator.ears.language_guard import DOUBT, LEAST, Identify, LanguageGuard, marked
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserSpec
from moderator.ears.repetition import loop_start, repeated_tail, repeats, squeezed
from moderator.ears.whisper import Encoded, Hypothesis, Whisper
from moderator.timeline import SAMPLE_RATE, Samples, to_samples

_SILENT = 0.3
"""So likely to hold no speech, a window is decoded without names: they make whisper talk on."""

_SHORTEST_WORD: Samples = to_samples(0.06)  # on average, of several in a row


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a stream decodes.

    Attributes:
        step_s: hypotheses are renewed this often while there is a voice.
        least_s: no hypothesis before an utterance is this long.
        trim_s: a window longer than this is cut at a stable word ...
        hold_s: a word that ended less than this before the window's end is not stable yet.
        keep_s: ... so that about this much of it stays, its stable words as the decoder's prefix.
        missing_s: with so much voice after the last stable word, no word at all is a failure.
        full: the last decoding of an utterance has a window of 20 s: slower, and better.
        limit_s: a window that grew so long without a stable word is closed as it is.
        prompt: tokens said before the window that the decoder is given; 0: none.
        no_speech: an utterance likelier than this to hold no speech, and decoded with less
            confidence than `doubt`, is dropped.
        doubt: mean log probability of a token.
        ahead_s: after so much silence an utterance is recognised to its end, in case it is over
            soon, which costs a decoding each pause; None: only when it is over.
    """

    step_s: float = 0.5
    least_s: float = 0.5
    trim_s: float = 7.0
    keep_s: float = 3.0
    hold_s: float = 0.5
    missing_s: float = 0.8
    full: bool = True
    limit_s: float = 14.0
    prompt: int = 0
    no_speech: float = 0.6
    doubt: float = -1.0
    ahead_s: float | None = None


_Whole: TypeAlias = tuple[Sequence[Piece], Sequence[tuple[Samples, Samples]]]
"""All words of a window that are not stable yet, with their times in the meeting."""


@dataclass(slots=True)
class _Utterance:
    start: Samples  # of the window: moves on when the window is trimmed
    parts: list[Waveform] = field(default_factory=list)
    length: Samples = 0
    decoded: Samples = 0  # meeting time up to which a hypothesis was made
    voice_end: Samples | None = None  # set once it has ended
    judged: Samples = 0  # length up to which its language was judged
    foreign: str | None = None  # another language than is known
    voiced: bool = False  # there was a voice since the last hypothesis
    quiet: Samples = 0  # since there was a voice
    ahead: _Whole | None = None  # what it will be if no voice comes back
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
        guard: tells of languages that are not known; None: everything is taken for the known one.
    """

    def __init__(
        self, whisper: Whisper, options: StreamOptions, guard: LanguageGuard | None = None
    ) -> None:
        self._whisper = whisper
        self._options = options
        self._guard = guard
        self._open: _Utterance | None = None
        self._ended: deque[_Utterance] = deque()
        self._agreement = LocalAgreement()
        self._said: deque[int] = deque(maxlen=max(1, options.prompt))
        self._partial = ""
        self._last: Samples = 0  # end of the last stable word
        self._names: tuple[str, ...] = ()
        self._hint: tuple[int, ...] = ()  # tokens that say how the names are spelt

    def expect(self, names: Sequence[str]) -> None:
        """Takes the names that are to be expected from now on, the most important first."""
        if self._names != (names := tuple(names)):
            self._names, self._hint = names, self._whisper.prompt(names)

    @property
    def due(self) -> bool:
        """`read` has something to recognise."""
        return bool(self._ended) or self._step_due() or self._ahead_due()

    @property
    def prepared(self) -> bool:
        """What is due was recognised ahead."""
        return bool(self._ended) and all(window.ahead is not None for window in self._ended)

    @property
    def urgent(self) -> bool:
        """An utterance is over, or will be if its silence goes on."""
        return bool(self._ended) or self._ahead_due()

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
            window.quiet = 0 if voice else window.quiet + len(part)
            window.ahead = None if voice else window.ahead
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
        if self._ahead_due() and self._open is not None:
            # Words that became stable after this would come twice.
            self._open.decoded, self._open.voiced = self._open.now, False
            self._open.ahead = self._whole(self._open)
            self._partial = " ".join(piece.text for piece in self._open.ahead[0])
        elif self._step_due() and self._open is not None:
            words += self._step(self._open)
        return Recognised(tuple(words), self._partial if self._open is not None else "")

    def _ahead_due(self) -> bool:
        window, after = self._open, self._options.ahead_s
        if window is None or after is None or window.ahead is not None:
            return False
        return window.quiet >= to_samples(after) > 0

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
        encoded, found = self._understand(window, full=False)
        if foreign := self._foreign(window, found):
            self._agreement.forget()
            self._partial = marked(foreign, self._whisper.language)
            return []
        if self._too_early(window, found):
            return []
        # What was said just before may be made up, until something else follows it.
        tail = _without_repeated_tail(found.pieces)
        if repeats([piece.text for piece in tail]):
            self._agreement.forget()
            return []
        agreed = self._agreement.agreed(tail)
        latest = window.now - to_samples(self._options.hold_s)
        fresh = self._timed(encoded, window, tail, agreed, latest)
        self._agreement.keep(tail[len(fresh) :])
        self._partial = " ".join(piece.text for piece in tail[len(fresh) :])
        words = self._accept(window, tail, fresh)
        if window.length > to_samples(self._options.trim_s):
            self._trim(window)
        return words

    def _close(self, window: _Utterance) -> list[RecognisedWord]:
        """Takes every word to the window's end."""
        self._agreement.forget()
        self._partial = ""
        tail, times = window.ahead or self._whole(window)
        latest = window.now if window.voice_end is None else min(window.now, window.voice_end)
        return self._accept(window, tail, [(min(a, latest), min(b, latest)) for a, b in times])

    def _whole(self, window: _Utterance) -> _Whole:
        """Decodes to the window's end."""
        if not window.length:
            return (), ()
        encoded = self._whisper.encode(window.audio(), full=self._options.full)
        found = self._decode(encoded, window)
        tail = found.pieces
        if foreign := self._foreign(window, found, whole=True):
            return (Piece(marked(foreign, self._whisper.language), ()),), (
                (window.start, window.now),
            )
        if repeats([piece.text for piece in tail]):
            found = self._decode(encoded, window, avoid_repeats=True)
        unsure = found.log_probability < self._options.doubt
        if unsure and found.no_speech > self._options.no_speech:
            return (), ()
        tail = _without_repeated_tail(found.pieces) if found.capped else found.pieces
        cut = loop_start([piece.text for piece in tail])
        tail = tail if cut is None else tail[:cut]
        return tail, self._timed(encoded, window, tail, len(tail), window.now)

    def _foreign(self, window: _Utterance, found: Hypothesis, *, whole: bool = False) -> str | None:
        """Another language, if an utterance is in one; judged anew every two seconds of it."""
        if self._guard is None or not found.pieces:
            return None
        if whole or window.length - window.judged >= LEAST:
            window.judged = window.length
            window.foreign = self._guard.foreign(window.audio(), found.log_probability)
        return window.foreign

    def _too_early(self, window: _Utterance, found: Hypothesis) -> bool:
        """Words that may be of another language are not stable before that can be told."""
        doubtful = self._guard is not None and found.log_probability < DOUBT
        return doubtful and window.length < LEAST

    def _understand(self, window: _Utterance, *, full: bool) -> tuple[Encoded, Hypothesis]:
        encoded = self._whisper.encode(window.audio(), full=full)
        found = self._decode(encoded, window)
        spoken = (window.voice_end or window.now) - self._last
        if found.pieces or not window.stable or spoken < to_samples(self._options.missing_s):
            return encoded, found
        # After a prefix that ends like a sentence the decoder may take all that follows for
        # silence: it gets the rest without the prefix.
        self._cut(window, len(window.stable))
        encoded = self._whisper.encode(window.audio(), full=full)
        return encoded, self._decode(encoded, window)

    def _decode(
        self, encoded: Encoded, window: _Utterance, *, avoid_repeats: bool = False
    ) -> Hypothesis:
        prefix = [token for piece in window.stable for token in piece.tokens]
        said = list(self._said) if self._options.prompt else []
        decode = partial(self._whisper.decode, encoded, prefix, avoid_repeats=avoid_repeats)
        found = decode([*self._hint, *said])
        if self._hint and found.pieces and found.no_speech > _SILENT:
            return decode(said)
        return found

    def _timed(
        self,
        encoded: Encoded,
        window: _Utterance,
        tail: Sequence[Piece],
        count: int,
        latest: Samples,
    ) -> list[tuple[Samples, Samples]]:
        """Start and end of the first `count` words of `tail`, as far as they end by `latest`.

        All of `tail` is aligned, so that the last of the `count` ends where the next begins.
        """
        if not count:
            return []
        aligned = self._whisper.times(encoded, [*window.stable, *tail])[len(window.stable) :]
        times = [(window.start + start, window.start + end) for start, end in aligned[:count]]
        made_up = squeezed([end - start for start, end in times], _SHORTEST_WORD)
        good = 0
        while good < count and not made_up[good] and times[good][1] <= latest:
            good += 1
        return times[:good]

    def _accept(
        self,
        window: _Utterance,
        tail: Sequence[Piece],
        times: Sequence[tuple[Samples, Samples]],
    ) -> list[RecognisedWord]:
        """Makes the first words of `tail` stable, those that have `times`."""
        words = []
        for piece, (start, end) in zip(tail, times, strict=False):
            begins = max(start, self._last)
            self._last = max(end, begins)
            words.append(RecognisedWord(piece.text, begins, self._last))
            window.stable.append(piece)
            window.times.append((begins, self._last))
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
        self._cut(window, first)

    def _cut(self, window: _Utterance, first: int) -> None:
        """Drops the first stable words from the window, with their audio."""
        before = window.times[first - 1][1]
        after = window.times[first][0] if first < len(window.times) else before
        for piece in window.stable[:first]:
            self._said.extend(piece.tokens)
        del window.stable[:first], window.times[:first]
        window.drop(max(window.start, (before + after) // 2))


class WhisperRecogniser:
    """Whisper for many sources; satisfies `moderator.ears.recogniser.Recogniser`.

    Args:
        whisper: the decoder.
        options: how every stream decodes.
        name: for reports.
        identify: tells languages apart, where speech in others is not to be taken for the known.
    """

    def __init__(
        self,
        whisper: Whisper,
        options: StreamOptions | None = None,
        name: str = "whisper",
        identify: Identify | None = None,
    ) -> None:
        self._whisper, self._identify = whisper, identify
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
        identify = self._identify
        guard = LanguageGuard(self._whisper.language, identify) if identify is not None else None
        return WhisperStream(self._whisper, self._options, guard)


def _without_repeated_tail(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    cut = repeated_tail([piece.text for piece in pieces])
    return pieces if cut is None else pieces[:cut]
