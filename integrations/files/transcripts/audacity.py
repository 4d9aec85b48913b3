"""Labels of Audacity: ``<start s>`` tab ``<end s>`` tab ``<label>``, here ``Name: words``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from integrations.files.disk.foreign import shown
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.naming import Names
from integrations.files.transcripts.rttm import times
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.words import MeetingWords, clean
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import to_seconds


def fits(text: str) -> bool:
    """Whether lines are labels, as far as the first thousand tell."""
    lines = [line for line in islice(text.split("\n"), 1000) if line.strip() and line[:1] != "\\"]
    return bool(lines) and all(_fields(line) is not None for line in lines)


def parse_audacity(text: str, path: Path) -> MeetingWords:
    """A meeting from the text of a label track; `path` stands in messages.

    Raises:
        InputError: a line that does not fit, reversed times, no words.
    """
    draft = Draft(path)
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("\\"):  # frequencies of a spectral selection
            continue
        fields = _fields(line)
        if fields is None:
            raise InputError(
                "no two times and a label with tabs between",
                where=f"{shown(path)}:{number}",
                todo="correct the line",
            )
        found.append((number, fields))
    names = Names(fields[2] for _, fields in found)
    for number, (begin, upto, label) in found:
        place = f"line {number}"
        start, end = times(begin, repr(float(upto) - float(begin)), f"{shown(path)}:{number}")
        name, said = names.split(label)
        draft.say(draft.speaker(name, place), said, start, end, place)
    return draft.meeting("give labels with words")


def audacity_text(words: Iterable[Word], names: Mapping[str, str] | None = None) -> str:
    """Words as labels, a segment a line, their speakers' names in front.

    Args:
        words: in any order.
        names: what to show for a participant's id; the id itself where it is missing.
    """
    shown_as = names or {}
    return "".join(
        f"{to_seconds(segment.start):.6f}\t{to_seconds(segment.end):.6f}\t"
        f"{clean(shown_as.get(segment.speaker, segment.speaker))}: {clean(segment.text)}\n"
        for segment in join_words(words)
    )


def _fields(line: str) -> list[str] | None:
    fields = line.rstrip("\r").split("\t", 2)
    try:
        float(fields[0])
        float(fields[1])
    except (ValueError, IndexError):
        return None
    return [*fields[:2], clean(fields[2] if len(fields) > 2 else "")]
