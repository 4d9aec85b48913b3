"""Manifests of segments, one JSON object a line: those of NeMo and Lhotse's supervisions and cuts.

NeMo: ``{"audio_filepath", "offset", "duration", "text", "speaker"}``. Lhotse: ``{"recording_id",
"start", "duration", "text", "speaker", "alignment": {"word": [[word, start, duration, score]]}}``,
or cuts, which hold such ``supervisions`` with times from the cut's start; also as one JSON list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_core import from_json

from integrations.files.disk.foreign import Items, invalid, shown
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.recordings import Recordings
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.services.shape import Part, Seconds, Speaker, Text
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import to_samples, to_seconds


class _Nemo(Part):
    audio_filepath: Annotated[str, Field(max_length=10_000)]
    offset: Seconds | None = None
    duration: Seconds | None = None
    text: Text | None = None
    speaker: Speaker | None = None
    label: Speaker | None = None


class _Alignments(Part):
    word: tuple[tuple[Any, ...], ...] = ()


class _Supervision(Part):
    recording_id: Speaker = ""
    start: Seconds = 0.0
    duration: Seconds = 0.0
    text: Text | None = None
    speaker: Speaker | None = None
    alignment: _Alignments | None = None


class _Cut(Part):
    start: Seconds = 0.0
    supervisions: Items[_Supervision]


def parse_nemo(text: str, path: Path) -> MeetingWords:
    """A meeting from a manifest of NeMo; `path` stands in messages.

    Raises:
        InputError: a line that does not fit, several recordings of the same people, no words.
    """
    draft, recordings = Draft(path), Recordings(path)
    for place, value in _objects(text, path):
        one = _checked(_Nemo, value, path, place)
        label = one.label if one.label not in ("infer", "-") else None
        speaker = draft.speaker(one.speaker or label, place)
        recordings.take(PurePosixPath(one.audio_filepath).stem, speaker)
        start = to_samples(one.offset or 0.0)
        end = None if one.duration is None else start + to_samples(one.duration)
        said = "" if one.text in (None, "-") else one.text or ""
        draft.say(speaker, said, start, end, place)
    recordings.name(draft)
    return draft.meeting("give a manifest with text")


def parse_lhotse(text: str, path: Path) -> MeetingWords:
    """A meeting from supervisions or cuts of Lhotse; `path` stands in messages.

    Raises:
        InputError: a line that does not fit, several recordings of the same people, no words.
    """
    draft, recordings = Draft(path), Recordings(path)
    for place, value in _objects(text, path):
        if isinstance(value, dict) and "supervisions" in value:
            cut = _checked(_Cut, value, path, place)
            for one in cut.supervisions:
                _supervise(draft, recordings, one, cut.start, place)
        else:
            _supervise(draft, recordings, _checked(_Supervision, value, path, place), 0.0, place)
    recordings.name(draft)
    return draft.meeting("give supervisions with text")


def nemo_text(meeting_id: str, words: Iterable[Word]) -> str:
    """Words as a manifest of NeMo, a segment a line."""
    return "".join(
        json.dumps(
            {
                "audio_filepath": f"{meeting_id.replace('/', '_')}.wav",
                "offset": to_seconds(segment.start),
                "duration": to_seconds(segment.end - segment.start),
                "text": segment.text,
                "speaker": segment.speaker,
            },
            ensure_ascii=False,
        )
        + "\n"
        for segment in join_words(words)
    )


def lhotse_text(meeting_id: str, words: Iterable[Word]) -> str:
    """Words as supervisions of Lhotse, a segment a line."""
    return "".join(
        json.dumps(
            {
                "id": f"{meeting_id}-{number:06d}",
                "recording_id": meeting_id,
                "start": to_seconds(segment.start),
                "duration": to_seconds(segment.end - segment.start),
                "channel": 0,
                "text": segment.text,
                "speaker": segment.speaker,
            },
            ensure_ascii=False,
        )
        + "\n"
        for number, segment in enumerate(join_words(words), start=1)
    )


def _supervise(
    draft: Draft, recordings: Recordings, one: _Supervision, origin: float, place: str
) -> None:
    speaker = draft.speaker(one.speaker, place)
    recordings.take(one.recording_id, speaker)
    start = draft.time(origin + one.start, place)
    end = draft.time(origin + one.start + one.duration, place)
    words: list[tuple[str, int, int]] = []
    for item in one.alignment.word if one.alignment else ():
        if len(item) < 3 or not isinstance(item[0], str):
            words = []
            break
        try:
            begin, length = float(item[1]), float(item[2])
        except (TypeError, ValueError, OverflowError):
            words = []
            break
        at = draft.time(origin + begin, place)
        words.append((item[0], at, draft.time(origin + begin + max(length, 0.0), place)))
    draft.say(speaker, one.text or "", start, end, place, words or None)


def _objects(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    """The JSON values of lines, or of one list, each with its place."""
    if text.lstrip()[:1] == "[":
        yield from ((f"entry[{n}]", one) for n, one in enumerate(_parsed(text, shown(path))))
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"line {number}", _parsed(line, f"{shown(path)}:{number}")


def _parsed(text: str, where: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        raise InputError("no JSON", where=where, todo="correct the line") from None


def _checked(kind: Any, value: Any, path: Path, place: str) -> Any:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise invalid(error, path, place) from None
