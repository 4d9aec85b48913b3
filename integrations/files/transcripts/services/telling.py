"""Tells the JSON of services apart by its keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from integrations.files.transcripts.services.assemblyai import parse_assemblyai
from integrations.files.transcripts.services.deepgram import parse_deepgram
from integrations.files.transcripts.services.fireflies import (
    parse_fireflies,
    parse_fireflies_answer,
)
from integrations.files.transcripts.services.recall import parse_recall
from integrations.files.transcripts.services.rev import parse_rev
from integrations.files.transcripts.services.whisper import parse_whisper
from integrations.files.transcripts.words import MeetingWords

Parse: TypeAlias = Callable[[str, Path], MeetingWords]

_BY_KEY: Final[Mapping[str, tuple[str, Parse]]] = {
    "results": ("deepgram", parse_deepgram),
    "monologues": ("rev", parse_rev),
    "sentences": ("fireflies", parse_fireflies),
    "data": ("fireflies", parse_fireflies_answer),
    "segments": ("whisper", parse_whisper),
    "utterances": ("assemblyai", parse_assemblyai),
    "audio_url": ("assemblyai", parse_assemblyai),
}


def service_of(value: Any) -> tuple[str, Parse] | None:
    """Name and reader of the service whose JSON a value is; None for others.

    Args:
        value: the whole of a JSON text.
    """
    if isinstance(value, dict):
        return next((_BY_KEY[key] for key in _BY_KEY if isinstance(value.get(key), _HOLDS)), None)
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, dict) and isinstance(first.get("words"), list):
        return "recall", parse_recall
    return None


_HOLDS: Final = (list, dict, str)
