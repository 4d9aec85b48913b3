"""A plugin's transcript as words with meeting times, told or estimated."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from livekit.agents import stt

from moderator.ears.recogniser import RecognisedWord
from moderator.timeline import Samples

LONGEST_TEXT = 10_000
"""Characters of one transcript that are read."""

Place = Callable[[float], Samples]
"""Meeting time of a time in seconds of a plugin's stream."""

Label = Callable[[str], str]
"""Our label of a voice, by a plugin's."""

_ID = re.compile(r"[\x21-\x7e]{1,64}")


def shares(words: Sequence[str], start: Samples, end: Samples) -> list[tuple[Samples, Samples]]:
    """Beginnings and ends of words that share out a stretch by their lengths."""
    lengths = [len(word) + 1 for word in words]
    total = sum(lengths) or 1
    edges = [start + (end - start) * reached // total for reached in accumulate(lengths, initial=0)]
    return list(pairwise(edges))


def text_of(data: stt.SpeechData) -> str:
    """The text of a transcript, as far as it is read.

    Raises:
        ValueError: it has none.
    """
    text: object = data.text
    if not isinstance(text, str):
        raise ValueError("its transcript is none")
    return text[:LONGEST_TEXT]


def words_of(
    data: stt.SpeechData,
    stretch: tuple[Samples, Samples],
    within: tuple[Samples, Samples],
    place: Place,
    label: Label | None,
) -> list[RecognisedWord]:
    """The words of a final transcript.

    Args:
        data: from the plugin; nothing of it is trusted.
        stretch: where they lie, if the plugin does not say it.
        within: times of the plugin's that lie elsewhere are not believed.
        place: of the plugin's times.
        label: of its speakers; None: it does not tell them apart.

    Raises:
        ValueError: it is no transcript.
    """
    spoken = text_of(data).split()
    timed = _timed(data, within, place, label)
    if timed:
        return timed
    told = _span(data.start_time, data.end_time, within, place)
    start, end = told or stretch
    speaker = _speaker(data.speaker_id, label)
    return [
        RecognisedWord(text, begun, over, estimated=True, speaker=speaker)
        for text, (begun, over) in zip(spoken, shares(spoken, start, end), strict=True)
    ]


def _timed(
    data: stt.SpeechData, within: tuple[Samples, Samples], place: Place, label: Label | None
) -> list[RecognisedWord]:
    """The words with the plugin's own times; none where one has none that can be believed."""
    found: list[RecognisedWord] = []
    for word in (data.words or [])[:LONGEST_TEXT]:
        text = str(word).strip()
        span = _span(word.start_time, word.end_time, within, place)
        if span is None:
            return []
        if text:
            speaker = _speaker(word.speaker_id or data.speaker_id, label)
            found.append(RecognisedWord(text, *span, speaker=speaker))
    return found


def _span(
    start: object, end: object, within: tuple[Samples, Samples], place: Place
) -> tuple[Samples, Samples] | None:
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        return None
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end < 1e7):
        return None
    first, last = place(start), place(end)
    if first < within[0] or last > within[1] or first > last:
        return None
    return first, last


def _speaker(told: object, label: Label | None) -> str | None:
    if label is None or not isinstance(told, str) or not _ID.fullmatch(told):
        return None
    return label(told)
