"""The port of streaming recognisers: a stream of utterances in, stable words out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from moderator.audio import Waveform
from moderator.errors import InputError
from moderator.timeline import Samples


@dataclass(frozen=True, slots=True)
class RecogniserSpec:
    """What a recogniser is, for its caller to plan by.

    Attributes:
        name: for reports.
        latency_s: a word is usually stable this many seconds after it ended.
        step_s: hypotheses are renewed this often while somebody speaks.
        languages: ISO 639-1 codes it was loaded for.
        diarizes: says of words on a shared microphone who spoke them.
    """

    name: str
    latency_s: float
    step_s: float
    languages: tuple[str, ...]
    diarizes: bool = False


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A word that will not change any more, not yet given to a speaker.

    Attributes:
        text: the word with its punctuation.
        start: meeting time at which it began.
        end: meeting time at which it ended.
        estimated: its times are its share of a longer stretch, by length.
        speaker: who spoke it, among the voices of its source; None: not known.
        heard: what was recognised, where the text is a name that it sounds like.
    """

    text: str
    start: Samples
    end: Samples
    estimated: bool = False
    speaker: str | None = None
    heard: str | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """What one reading of a stream gave.

    Attributes:
        words: words that became stable, in order.
        partial: the text after them that may still change.
        pending: nothing has come of what was given; that says nothing of whether anything will.
    """

    words: tuple[RecognisedWord, ...] = ()
    partial: str = ""
    pending: bool = False


class RecogniserStream(Protocol):
    """One source's stream. Audio comes in utterances, as voice activity cuts it.

    `begin`, `push` and `end` only take; all recognition happens in `read`, so that the streams
    of several tracks can be read at the same time.
    """

    @property
    def due(self) -> bool:
        """`read` has something to recognise."""
        ...

    @property
    def prepared(self) -> bool:
        """What is due was recognised before it was: `read` takes no time."""
        ...

    @property
    def urgent(self) -> bool:
        """What is due may be waited for: an utterance is over, or seems to be."""
        ...

    def begin(self, at: Samples) -> None:
        """An utterance begins at meeting time `at` (some silence before it included)."""
        ...

    def push(self, audio: Waveform, voice: bool) -> None:
        """The utterance's next samples, shape ``(n,)``; `voice`: there is one in them."""
        ...

    def end(self, voice_end: Samples) -> None:
        """The utterance is over; its last voice was heard at meeting time `voice_end`."""
        ...

    def read(self) -> Recognised:
        """Recognises what is due; everything of an ended utterance becomes stable at once."""
        ...


class Recogniser(Protocol):
    """Makes streams that share one model."""

    @property
    def spec(self) -> RecogniserSpec:
        """Latency, step, languages."""
        ...

    def open(self) -> RecogniserStream:
        """A new stream for one source."""
        ...


class NoRecogniser:
    """Stands where there is none for a language; satisfies `Recogniser`."""

    @property
    def spec(self) -> RecogniserSpec:
        """No language."""
        return RecogniserSpec("none", 0.0, 0.0, ())

    def open(self) -> RecogniserStream:
        """Nothing can be opened.

        Raises:
            InputError: always.
        """
        raise InputError("there is no recogniser", todo="bring one")
