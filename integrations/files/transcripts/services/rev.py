"""JSON of Rev: ``monologues[]`` of a speaker, with ``elements[]`` of words and punctuation.

Words (``type: text``) have ``ts`` and ``end_ts`` in seconds; ``speakers`` may give names.
"""

from __future__ import annotations

from collections.abc import Sequence
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


class _Element(Part):
    type: str = "text"
    value: Text = ""
    ts: Seconds | None = None
    end_ts: Seconds | None = None


class _Monologue(Part):
    speaker: Speaker | None = None
    speaker_name: Speaker | None = None
    elements: Items[_Element] = Field(default_factory=list)


class _Speaker(Part):
    id: Speaker
    name: Speaker | None = None


class _Transcript(Part):
    monologues: Items[_Monologue] = Field(min_length=1)
    speakers: Items[_Speaker] = Field(default_factory=list)


def parse_rev(text: str, path: Path) -> MeetingWords:
    """A meeting from Rev's JSON; `path` stands in messages.

    Raises:
        InputError: not of this form, no words.
    """
    draft = Draft(path)
    found = checked(_Transcript, text, path)
    names = {one.id: one.name for one in found.speakers if one.name}
    for index, one in enumerate(found.monologues):
        place = f"monologues[{index}]"
        name = one.speaker_name or names.get(one.speaker or "") or one.speaker
        speaker = draft.speaker(name, place, one.speaker)
        words = _words(one.elements)
        if words is not None:
            draft.say(speaker, "", None, None, place, words)
        else:
            draft.say(speaker, "".join(part.value for part in one.elements), None, None, place)
    return draft.meeting()


def _words(elements: Sequence[_Element]) -> list[tuple[str, Samples, Samples]] | None:
    """Words with the punctuation that follows them; None where a word has no time."""
    words: list[tuple[str, Samples, Samples]] = []
    for part in elements:
        if part.type == "text" and part.value.strip():
            if part.ts is None:
                return None
            start = to_samples(part.ts)
            end = start if part.end_ts is None else to_samples(part.end_ts)
            words.append((part.value, start, max(start, end)))
        elif part.type == "punct" and words and part.value.strip():
            word, start, end = words[-1]
            words[-1] = (word + part.value.strip(), start, end)
    return words
