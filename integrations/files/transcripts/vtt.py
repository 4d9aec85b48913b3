"""WebVTT: the transcript as captions, with a voice tag for who says them (W3C, WebVTT)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Final

from integrations.files.disk.atomic import write_text
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.words import clean
from moderator.events import Word
from moderator.timeline import SAMPLE_RATE, Samples, to_samples

LONGEST_CUE: Final = to_samples(7.0)
"""Captions stand no longer than this: the usual limit in subtitling guidelines."""


def write_vtt(path: Path, words: Iterable[Word], names: Mapping[str, str] | None = None) -> None:
    """Writes words, the agent's own among them, as captions by start.

    Args:
        path: the file.
        words: in any order.
        names: what to show for a participant's id; the id itself where it is missing.

    Raises:
        InputError: it cannot be written.
    """
    shown = names or {}
    cues = [
        f"{_stamp(cue.start)} --> {_stamp(cue.end, after=cue.start)}\n"
        f"<v {_text(shown.get(cue.speaker, cue.speaker))}>{_text(cue.text)}\n"
        for cue in join_words(words, longest=LONGEST_CUE)
    ]
    write_text(path, "\n".join(["WEBVTT\n", *cues]))


def _text(text: str) -> str:
    """Text for a cue: one line, without markup, also safe inside a voice tag."""
    return escape(clean(text), quote=False)


def _stamp(at: Samples, after: Samples | None = None) -> str:
    """A time as ``hh:mm:ss.ttt``; at least 1 ms past `after`: a cue may not be empty."""
    ms = _milliseconds(at)
    if after is not None:
        ms = max(ms, _milliseconds(after) + 1)
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}"


def _milliseconds(at: Samples) -> int:
    return at * 1000 // SAMPLE_RATE
