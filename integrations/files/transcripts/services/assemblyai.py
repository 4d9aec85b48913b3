"""JSON of AssemblyAI: ``utterances[]`` with speaker, text and words, times in milliseconds."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from integrations.files.disk.foreign import Items
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.services.shape import (
    Milliseconds,
    Part,
    Speaker,
    Text,
    checked,
)
from integrations.files.transcripts.words import MeetingWords
from moderator.timeline import Samples, to_samples


class _Word(Part):
    text: Text
    start: Milliseconds
    end: Milliseconds
    speaker: Speaker | None = None


class _Utterance(Part):
    speaker: Speaker | None = None
    text: Text = ""
    start: Milliseconds
    end: Milliseconds
    words: Items[_Word] | None = None


class _Transcript(Part):
    utterances: Items[_Utterance] | None = None
    words: Items[_Word] | None = None


def parse_assemblyai(text: str, path: Path) -> MeetingWords:
    """A meeting from AssemblyAI's JSON; `path` stands in messages.

    Raises:
        InputError: not of this form, times reversed, no words.
    """
    draft = Draft(path)
    found = checked(_Transcript, text, path)
    for index, one in enumerate(found.utterances or []):
        place = f"utterances[{index}]"
        timed = None if one.words is None else [_timed(word) for word in one.words]
        speaker = draft.speaker(one.speaker, place)
        draft.say(speaker, one.text, _samples(one.start), _samples(one.end), place, timed)
    if not found.utterances:
        for speaker, some in groupby(found.words or [], key=lambda word: word.speaker):
            timed = [_timed(word) for word in some]
            start, end = timed[0][1], max(upto for _, _, upto in timed)
            draft.say(draft.speaker(speaker, "words"), "", start, end, "words", timed)
    return draft.meeting()


def _timed(word: _Word) -> tuple[str, Samples, Samples]:
    return word.text, _samples(word.start), _samples(word.end)


def _samples(milliseconds: float) -> Samples:
    return to_samples(milliseconds / 1000)
