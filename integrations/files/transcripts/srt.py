"""SRT: captions with numbers, the speaker's name in front of the text (SubRip)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from integrations.files.transcripts.captions import captions_in, meeting_of_captions
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.stamps import stamp_of
from integrations.files.transcripts.vtt import LONGEST_CUE
from integrations.files.transcripts.words import MeetingWords, clean
from moderator.events import Word

_TOLD_BY: Final = 2000  # characters
_BEGIN: Final = re.compile(
    r"(?:\d+[ \t]*\r?\n)?[ \t]{0,9}(?:\d+:)?\d{2}:\d{2}[,.]\d{1,3}[ \t]*-->[ \t]*\d"
)


def fits(text: str) -> bool:
    """Whether a text is SRT: times first, or behind a number."""
    return _BEGIN.match(text[:_TOLD_BY].lstrip()) is not None


def parse_srt(text: str, path: Path) -> MeetingWords:
    """A meeting from the text of an SRT file; `path` stands in messages.

    Raises:
        InputError: times that cannot be read or are reversed, a bad name, no words.
    """
    return meeting_of_captions(list(captions_in(text, path)), path)


def srt_text(words: Iterable[Word], names: Mapping[str, str] | None = None) -> str:
    """Words as captions by start, with their speakers' names in front.

    Args:
        words: in any order.
        names: what to show for a participant's id; the id itself where it is missing.
    """
    shown = names or {}
    return "\n".join(
        f"{number}\n{stamp_of(cue.start, point=',')} --> "
        f"{stamp_of(cue.end, point=',', after=cue.start)}\n"
        f"{clean(shown.get(cue.speaker, cue.speaker))}: {clean(cue.text)}\n"
        for number, cue in enumerate(join_words(words, longest=LONGEST_CUE), start=1)
    )
