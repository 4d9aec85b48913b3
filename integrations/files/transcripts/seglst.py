"""SegLST: a JSON list of segments with session, speaker, times in seconds and words.

The format of the CHiME challenges and MeetEval (von Neumann et al. 2023), with the keys
``session_id``, ``speaker``, ``start_time``, ``end_time`` and ``words``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from integrations.files.disk.atomic import write_text
from integrations.files.disk.foreign import Items, clipped, invalid, read_text, shown
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.words import LATEST_S, MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import to_samples, to_seconds

_Time = Annotated[float, Field(ge=0, le=LATEST_S, allow_inf_nan=False)]


class _Segment(BaseModel):
    """One segment; other keys are ignored.

    Times may be numbers or strings that are numbers, and names may be numbers.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    session_id: Annotated[str, Field(min_length=1, max_length=1000)]
    speaker: Annotated[str, Field(min_length=1, max_length=1000)]
    start_time: _Time
    end_time: _Time
    words: Annotated[str, Field(max_length=100_000)]


_Segments = TypeAdapter(Items[_Segment])


def read_seglst(path: Path) -> MeetingWords:
    """Reads a SegLST file of one session.

    The words of a segment get times in proportion to their length (see `words.spread`).

    Raises:
        InputError: unreadable, a key is missing, times are reversed, or there is more than one
            session.
    """
    return parse_seglst(read_text(path), path)


def parse_seglst(text: str, path: Path) -> MeetingWords:
    """A meeting from the text of a SegLST file; `path` stands in messages."""
    try:
        segments = _Segments.validate_json(text)
    except ValidationError as error:
        raise invalid(error, path, root="segment") from None
    _check_one_session(segments, path)
    draft = Draft(path, segments[0].session_id)
    for index, segment in enumerate(segments):
        place = f"segment[{index}]"
        who = draft.speaker(segment.speaker, place)
        start, end = to_samples(segment.start_time), to_samples(segment.end_time)
        draft.say(who, segment.words, start, end, place)
    return draft.meeting("give segments with words")


def write_seglst(path: Path, meeting_id: str, words: Iterable[Word]) -> None:
    """Writes words, the agent's own among them, as `seglst_text`.

    Raises:
        InputError: it cannot be written.
    """
    write_text(path, seglst_text(meeting_id, words))


def seglst_text(meeting_id: str, words: Iterable[Word]) -> str:
    """Words as SegLST, one segment a line."""
    lines = [
        json.dumps(
            {
                "session_id": meeting_id,
                "speaker": segment.speaker,
                "start_time": to_seconds(segment.start),
                "end_time": to_seconds(segment.end),
                "words": segment.text,
            },
            ensure_ascii=False,
        )
        for segment in join_words(words)
    ]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def _check_one_session(segments: list[_Segment], path: Path) -> None:
    if not segments:
        raise InputError("no segments in it", where=shown(path), todo="give segments with words")
    for index, segment in enumerate(segments):
        if segment.session_id != segments[0].session_id:
            first, other = clipped(segments[0].session_id), clipped(segment.session_id)
            raise InputError(
                f"two sessions, '{first}' and '{other}'",
                where=f"{shown(path)}: segment[{index}]",
                todo="give one session a file",
            )
