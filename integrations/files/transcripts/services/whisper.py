"""JSON of whisper and its kin: OpenAI's command and API, faster-whisper, WhisperX, whisper.cpp.

``{"segments": [{"start", "end", "text", "speaker", "words": [{"word", "start", "end"}]}]}``, times
in seconds. Only WhisperX and OpenAI's diarizing models say who speaks, and not of every segment.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from pydantic import Field

from integrations.files.disk.foreign import Items
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.services.shape import (
    Part,
    Seconds,
    Speaker,
    Text,
    checked,
)
from integrations.files.transcripts.words import MeetingWords
from moderator.timeline import Samples, to_samples


class _Word(Part):
    word: Text = ""
    text: Text = ""
    start: Seconds | None = None
    end: Seconds | None = None
    speaker: Speaker | None = None


class _Segment(Part):
    start: Seconds
    end: Seconds
    text: Text = ""
    speaker: Speaker | None = None
    words: Items[_Word] | None = None


class _Transcript(Part):
    segments: Items[_Segment] = Field(min_length=1)


def parse_whisper(text: str, path: Path) -> MeetingWords:
    """A meeting from whisper's JSON; `path` stands in messages.

    Words without times, as WhisperX leaves numbers, get them between their neighbours.

    Raises:
        InputError: not of this form, times reversed, a bad name, no words.
    """
    draft = Draft(path)
    for index, segment in enumerate(checked(_Transcript, text, path).segments):
        place = f"segments[{index}]"
        start, end = to_samples(segment.start), to_samples(segment.end)
        whose = segment.speaker
        if not segment.words:
            draft.say(draft.speaker(whose, place), segment.text, start, end, place)
            continue
        timed = _timed(segment.words, start, max(end, start))
        for speaker, some in groupby(timed, key=lambda word: word[0] or whose):
            words = [(said, begin, upto) for _, said, begin, upto in some]
            first, last = words[0][1], max(upto for _, _, upto in words)
            draft.say(draft.speaker(speaker, place), "", first, last, place, words)
    return draft.meeting()


def _timed(
    words: list[_Word], start: Samples, end: Samples
) -> Iterable[tuple[str | None, str, Samples, Samples]]:
    """The words with times; a run of words without shares the time between its neighbours."""
    before, at = start, 0
    while at < len(words):
        word = words[at]
        if word.start is not None:
            begin = to_samples(word.start)
            upto = begin if word.end is None else max(begin, to_samples(word.end))
            yield word.speaker, word.word or word.text, begin, upto
            before, at = upto, at + 1
            continue
        run = at
        while run < len(words) and words[run].start is None:
            run += 1
        after = end if run == len(words) else to_samples(words[run].start or 0.0)
        room = max(after - before, 0)
        for n in range(at, run):
            begin = before + room * (n - at) // (run - at)
            upto = before + room * (n - at + 1) // (run - at)
            yield words[n].speaker, words[n].word or words[n].text, begin, upto
        before, at = max(after, before), run
