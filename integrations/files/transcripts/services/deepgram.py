"""JSON of Deepgram: ``results.channels[].alternatives[0].words[]``, times in seconds.

A word has its ``speaker`` where it was asked for; without, channels are the speakers if there are
several.
"""

from __future__ import annotations

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
from moderator.timeline import to_samples


class _Word(Part):
    word: Text = ""
    punctuated_word: Text | None = None
    start: Seconds
    end: Seconds
    speaker: Speaker | None = None


class _Alternative(Part):
    words: Items[_Word] = Field(default_factory=list)


class _Channel(Part):
    alternatives: Items[_Alternative] = Field(default_factory=list)


class _Results(Part):
    channels: Items[_Channel] = Field(min_length=1)


class _Transcript(Part):
    results: _Results


def parse_deepgram(text: str, path: Path) -> MeetingWords:
    """A meeting from Deepgram's JSON; `path` stands in messages.

    Raises:
        InputError: not of this form, times reversed, no words.
    """
    draft = Draft(path)
    channels = checked(_Transcript, text, path).results.channels
    for index, channel in enumerate(channels):
        place = f"results.channels[{index}]"
        words = channel.alternatives[0].words if channel.alternatives else []
        for speaker, some in groupby(words, key=lambda word: word.speaker):
            timed = [
                (word.punctuated_word or word.word, to_samples(word.start), to_samples(word.end))
                for word in some
            ]
            draft.say(
                draft.speaker(_name(speaker, index, len(channels)), place),
                "",
                min(start for _, start, _ in timed),
                max(end for _, _, end in timed),
                place,
                timed,
            )
    return draft.meeting()


def _name(speaker: str | None, channel: int, channels: int) -> str | None:
    if channels == 1:
        return speaker
    return f"channel {channel}" if speaker is None else f"channel {channel}, {speaker}"
