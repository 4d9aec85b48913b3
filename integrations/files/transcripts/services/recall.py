"""JSON of Recall.ai: a list of ``{participant: {id, name}, words: [...]}``.

Words have ``text``, ``start_timestamp`` and ``end_timestamp``, which are ``{"relative": seconds}``,
or seconds in what older versions wrote, with ``speaker`` instead of ``participant``.
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
from moderator.timeline import Samples, to_samples


class _At(Part):
    relative: Seconds | None = None


class _Word(Part):
    text: Text
    start_timestamp: _At | Seconds | None = None
    end_timestamp: _At | Seconds | None = None


class _Participant(Part):
    id: Speaker | None = None
    name: Speaker | None = None


class _Utterance(Part):
    participant: _Participant | None = None
    speaker: Speaker | None = None
    words: Items[_Word] = Field(default_factory=list)


def parse_recall(text: str, path: Path) -> MeetingWords:
    """A meeting from Recall's JSON; `path` stands in messages.

    Raises:
        InputError: not of this form, a bad name, no words.
    """
    draft = Draft(path)
    for index, one in enumerate(checked(Items[_Utterance], text, path, "utterance")):
        place = f"utterance[{index}]"
        who = one.participant
        name = one.speaker if who is None else who.name or who.id
        speaker = draft.speaker(name, place, who.id if who is not None else None)
        timed = []
        for word in one.words:
            start, end = _samples(word.start_timestamp), _samples(word.end_timestamp)
            if start is not None:
                timed.append((word.text, start, max(start, start if end is None else end)))
        if timed and len(timed) == len(one.words):
            draft.say(speaker, "", None, None, place, timed)
        else:
            start = timed[0][1] if timed else None
            draft.say(speaker, " ".join(word.text for word in one.words), start, None, place)
    return draft.meeting()


def _samples(at: _At | float | None) -> Samples | None:
    seconds = at.relative if isinstance(at, _At) else at
    return None if seconds is None else to_samples(seconds)
