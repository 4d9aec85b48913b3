"""JSON of Fireflies: ``sentences[]`` with ``speaker_name``, ``start_time``, ``end_time``, ``text``.

Times are in seconds, as numbers or strings. What its API answers has the transcript under
``data.transcript``.
"""

from __future__ import annotations

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


class _Sentence(Part):
    speaker_name: Speaker | None = None
    speaker_id: Speaker | None = None
    start_time: Seconds | None = None
    end_time: Seconds | None = None
    text: Text | None = None
    raw_text: Text | None = None


class _Transcript(Part):
    title: Speaker | None = None
    sentences: Items[_Sentence] = Field(min_length=1)


class _Data(Part):
    transcript: _Transcript


class _Answer(Part):
    data: _Data


def parse_fireflies(text: str, path: Path) -> MeetingWords:
    """A meeting from Fireflies' JSON; `path` stands in messages. Raises as the other."""
    return _meeting(checked(_Transcript, text, path), path)


def parse_fireflies_answer(text: str, path: Path) -> MeetingWords:
    """A meeting from what Fireflies' API answers; `path` stands in messages.

    Raises:
        InputError: not of this form, times reversed, a bad name, no words.
    """
    return _meeting(checked(_Answer, text, path).data.transcript, path)


def _meeting(found: _Transcript, path: Path) -> MeetingWords:
    draft = Draft(path, found.title or "")
    for index, one in enumerate(found.sentences):
        place = f"sentences[{index}]"
        speaker = draft.speaker(one.speaker_name or one.speaker_id, place)
        start = None if one.start_time is None else to_samples(one.start_time)
        end = None if one.end_time is None else to_samples(one.end_time)
        draft.say(speaker, one.text or one.raw_text or "", start, end, place)
    return draft.meeting()
