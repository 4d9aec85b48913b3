"""WebVTT: the transcript as captions, with a voice tag for who says them (W3C, WebVTT).

Read is what Teams (voice tags), Zoom and Meet (names in front) export, and what is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Final

from integrations.files.disk.atomic import write_text
from integrations.files.transcripts.captions import captions_in, meeting_of_captions
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.stamps import stamp_of
from integrations.files.transcripts.words import MeetingWords, clean
from moderator.events import Word
from moderator.timeline import to_samples

LONGEST_CUE: Final = to_samples(7.0)
"""Captions stand no longer than this: the usual limit in subtitling guidelines."""


def fits(text: str) -> bool:
    """Whether a text is WebVTT."""
    return text.startswith("WEBVTT") and text[6:7] in ("", " ", "\t", "\n", "\r")


def parse_vtt(text: str, path: Path) -> MeetingWords:
    """A meeting from the text of a WebVTT file; `path` stands in messages.

    Raises:
        InputError: times that cannot be read or are reversed, a bad name, no words.
    """
    return meeting_of_captions(list(captions_in(text, path)), path)


def write_vtt(path: Path, words: Iterable[Word], names: Mapping[str, str] | None = None) -> None:
    """Writes words, the agent's own among them, as captions by start; as `vtt_text`.

    Raises:
        InputError: it cannot be written.
    """
    write_text(path, vtt_text(words, names))


def vtt_text(words: Iterable[Word], names: Mapping[str, str] | None = None) -> str:
    """Words as captions by start.

    Args:
        words: in any order.
        names: what to show for a participant's id; the id itself where it is missing.
    """
    shown = names or {}
    cues = [
        f"{stamp_of(cue.start)} --> {stamp_of(cue.end, after=cue.start)}\n"
        f"<v {_text(shown.get(cue.speaker, cue.speaker))}>{_text(cue.text)}\n"
        for cue in join_words(words, longest=LONGEST_CUE)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _text(text: str) -> str:
    """Text for a cue: one line, without markup, also safe inside a voice tag."""
    return escape(clean(text), quote=False)
