"""Guards against a known failure of whisper: it repeats itself without end.

The compression ratio is the test of Radford et al., "Robust Speech Recognition via Large-Scale
Weak Supervision" (2022), section 4.5. It sees little in a few words, which is all that a stream
decodes at a time, so runs of a repeated phrase are counted too.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

MAX_COMPRESSION = 2.4
"""Text that zlib shortens more than this many times repeats itself (Radford et al.)."""

MAX_RUN = 4
"""A phrase said this many times in a row is still speech ("no, no, no, no"); more is a loop."""

_LONGEST_PHRASE = 12
_TOKENS_PER_SECOND = 9.0  # fast speech: 5 words a second, 1.3 tokens a word, punctuation
_TOKENS_AT_LEAST = 10


def token_cap(seconds: float) -> int:
    """The most tokens that `seconds` of speech can hold."""
    return _TOKENS_AT_LEAST + int(_TOKENS_PER_SECOND * max(0.0, seconds))


def compression_ratio(text: str) -> float:
    """Bytes of `text` over bytes of it compressed by zlib; 0 for no text."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def loop_start(words: Sequence[str]) -> int | None:
    """Where a phrase begins to repeat more than `MAX_RUN` times in a row.

    Returns:
        Index one past the phrase's first occurrence: what comes from there on is the loop; None
        where there is no loop.
    """
    said = [plain(word) for word in words]
    for begin in range(len(said)):
        for length in range(1, min(_LONGEST_PHRASE, (len(said) - begin) // 2) + 1):
            phrase = said[begin : begin + length]
            times, at = 1, begin + length
            while said[at : at + length] == phrase:
                times, at = times + 1, at + length
            if times > MAX_RUN or (times >= MAX_RUN and length >= 3):
                return begin + length
    return None


def repeats(words: Sequence[str]) -> bool:
    """Whether the words look like a decoder's loop and not like speech."""
    return compression_ratio(" ".join(words)) > MAX_COMPRESSION or loop_start(words) is not None


def repeated_tail(words: Sequence[str]) -> int | None:
    """Where the words end in a phrase that was said just before, whole or in part.

    What a decoder does when it found no end and was cut off. Two whole words in a row need to be
    the same; a single one only where it was said three times.

    Returns:
        Index at which the first repetition begins; None where there is none.
    """
    said = [plain(word) for word in words]
    for length in range(1, min(_LONGEST_PHRASE, len(said) - 1) + 1):
        same = 0
        while same + length < len(said) and said[-1 - same] == said[-1 - same - length]:
            same += 1
        if same >= max(2, min(length, 3)):
            return len(said) - same
    return None


def squeezed(durations: Sequence[int], least: int) -> list[bool]:
    """Which words were given no time of their own: three or more in a row far too short.

    Args:
        durations: of the words.
        least: a run shorter than this many samples a word was not spoken.
    """
    marks = [False] * len(durations)
    at = 0
    while at < len(durations):
        end = at
        while end < len(durations) and durations[end] < least:
            end += 1
        if end - at >= 3:
            marks[at:end] = [True] * (end - at)
        at = max(end, at + 1)
    return marks


def plain(word: str) -> str:
    """A word as it is compared: lower case, letters and digits only."""
    kept = "".join(char for char in word.casefold() if char.isalnum())
    return kept or word
