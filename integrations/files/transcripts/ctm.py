"""CTM: one word a line with its times (NIST, Rich Transcription evaluation plan, 2009).

``<file> <channel> <start s> <duration s> <word> [<confidence> [<type> [<speaker>]]]``. Words of
which only one of several alternatives was said stand between ``<ALT_BEGIN>`` and ``<ALT_END>``,
parted by ``<ALT>``; the first alternative is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from integrations.files.disk import foreign
from integrations.files.disk.foreign import (
    check_people,
    checked_id,
    clipped,
    read_text,
    shown,
)
from integrations.files.transcripts.drafts import meeting_of
from integrations.files.transcripts.rttm import (
    NUMBER,
    nist_field,
    numbered_fields,
    times,
    white_space,
)
from integrations.files.transcripts.words import NOBODY, MeetingWords, clean
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import Samples, to_seconds

_WORD_TYPES: Final = frozenset({"lex", "fp", "frag", "un-lex", "for-lex"})
_OTHER_TYPES: Final = frozenset({"non-lex", "misc", "noscore", "noise"})
_NO_WORD: Final = re.compile(r"<(?!unk>)[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\}|!?sil", re.IGNORECASE)
_NO_CONFIDENCE: Final = frozenset({"NA", "<NA>", "-"})
_MARKS: Final = frozenset({"<ALT_BEGIN>", "<ALT>", "<ALT_END>"})


@dataclass(frozen=True, slots=True)
class CtmWord:
    """A line of a CTM file; times in samples. The speaker is `NOBODY` where it names none."""

    file: str
    channel: str
    start: Samples
    end: Samples
    text: str
    speaker: str = NOBODY


@dataclass(slots=True)
class CtmWords:
    """What a CTM file says.

    Attributes:
        words: by start.
        notes: what had to be assumed, in words.
    """

    words: Sequence[CtmWord]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Counts:
    alternatives: int = 0
    others: int = 0
    taken: list[bool] = field(default_factory=lambda: [True])  # all around are first alternatives

    def passes(self, said: str) -> bool:
        """Takes a mark of alternatives; whether a word that is none counts."""
        if said == "<ALT_BEGIN>":
            self.taken.append(self.taken[-1])
        elif said == "<ALT>" and len(self.taken) > 1:
            self.taken[-1] = False
        elif said == "<ALT_END>" and len(self.taken) > 1:
            self.taken.pop()
            self.alternatives += 1
        return said not in _MARKS and self.taken[-1]


def read_ctm(path: Path) -> CtmWords:
    """Reads a CTM file.

    Raises:
        InputError: unreadable, a line that does not fit, a negative start or duration, no word.
    """
    return parse_ctm(read_text(path), path)


def parse_ctm(text: str, path: Path) -> CtmWords:
    """Words from the text of a CTM file; `path` stands in messages. Raises as `read_ctm`."""
    lines = list(numbered_fields(text))
    at = times_at([fields for _, fields in lines])
    words: list[CtmWord] = []
    counts = _Counts()
    for number, fields in lines:
        where = f"{shown(path)}:{number}"
        if len(fields) < at + 3:
            raise InputError(
                f"{len(fields)} fields where CTM has 5 or more",
                where=where,
                todo="correct the line",
            )
        if not counts.passes(fields[at + 2]):
            continue
        start, end = times(fields[at], fields[at + 1], where)
        if not _rest_fits(fields[at + 3 :]):
            more = clipped(" ".join(fields[at + 3 :]))
            raise white_space(f"'{more}' where CTM has a confidence, a type and a speaker", where)
        type_, speaker = _type_and_speaker(fields[at + 3 :])
        if type_ in _OTHER_TYPES or _NO_WORD.fullmatch(fields[at + 2]):
            counts.others += 1
        elif said := clean(fields[at + 2]):
            who = checked_id(unquote(speaker), where) if speaker else NOBODY
            file = unquote(" ".join(fields[: at - 1]))
            words.append(CtmWord(file, fields[at - 1], start, end, said, who))
    if not words:
        raise InputError(
            "no words in it", where=shown(path), todo="give the CTM of a meeting with words"
        )
    notes = []
    if counts.alternatives:
        notes.append(f"{counts.alternatives} times the first of several alternatives was taken")
    if counts.others:
        notes.append(f"{counts.others} entries that are no words left out (noises, pauses)")
    return CtmWords(sorted(words, key=lambda word: (word.start, word.end)), tuple(notes))


def times_at(lines: Sequence[Sequence[str]]) -> int:
    """Where the start stands in every line; 2 where no place fits all of them.

    White space in the name of the recording moves it.
    """
    spoken = [fields for fields in lines if not _MARKS & set(fields)]
    most = max((len(fields) for fields in spoken), default=0)
    return next((at for at in range(2, min(most, 12)) if _fit(spoken, at)), 2)


def fits(lines: Sequence[Sequence[str]], at: int | None = None) -> bool:
    """Whether all lines can be read as CTM, with the start at a place, or wherever it fits."""
    spoken = [fields for fields in lines if not _MARKS & set(fields)]
    return _fit(spoken, times_at(lines) if at is None else at)


def begins(fields: Sequence[str]) -> bool:
    """Whether a line begins like one of CTM."""
    return len(fields) >= 5 and NUMBER.fullmatch(fields[2]) is not None


def _fit(lines: Sequence[Sequence[str]], at: int) -> bool:
    return all(
        len(fields) > at + 2
        and NUMBER.fullmatch(fields[at])
        and NUMBER.fullmatch(fields[at + 1])
        and _rest_fits(fields[at + 3 :])
        for fields in lines
    )


def _rest_fits(rest: Sequence[str]) -> bool:
    """Whether fields behind a word are a confidence, a type and a speaker."""
    if not rest or rest[0].lower() in _WORD_TYPES | _OTHER_TYPES:
        return True
    return rest[0] in _NO_CONFIDENCE or (
        NUMBER.fullmatch(rest[0]) is not None and 0 <= float(rest[0]) <= 100
    )


def _type_and_speaker(rest: Sequence[str]) -> tuple[str, str]:
    if rest and rest[0].lower() not in _WORD_TYPES | _OTHER_TYPES:
        rest = rest[1:]
    type_ = rest[0].lower() if rest else ""
    speaker = " ".join(rest[1:])
    return type_, "" if speaker in _NO_CONFIDENCE or speaker == "unknown" else speaker


def by_speaker(ctm: CtmWords, path: Path) -> MeetingWords:
    """A meeting from a CTM file alone, whose speakers, or else channels, or files, are its people.

    Words are `NOBODY`'s where there is one channel and one file only.

    Raises:
        InputError: several files and several channels, a bad name, or too many people.
    """
    words = ctm.words
    channels, files = {word.channel for word in words}, {word.file for word in words}
    name = words[0].file
    who = [word.speaker for word in words]
    if all(who) or len(channels) == len(files) == 1:
        pass
    elif len(channels) > 1 and len(files) > 1:
        raise InputError(
            "several files and several channels", where=shown(path), todo="add the RTTM file"
        )
    elif len(channels) > 1:
        who = [checked_id(word.channel, shown(path)) for word in words]
    else:
        who = [checked_id(word.file, shown(path)) for word in words]
        name = path.stem
    check_people(len(set(who)), path)
    said = [
        Word(speaker, word.text, word.start, word.end)
        for speaker, word in zip(who, words, strict=True)
    ]
    return meeting_of(foreign.meeting_id(name), said, notes=ctm.notes)


def ctm_text(meeting_id: str, words: Sequence[Word]) -> str:
    """Words as CTM, with their speakers; white space in a name as in a URL."""
    file = nist_field(meeting_id)
    return "".join(
        f"{file} 1 {to_seconds(word.start):.6f} {to_seconds(word.end - word.start):.6f}"
        f" {'_'.join(word.text.split())} NA lex {nist_field(word.speaker)}\n"
        for word in words
    )
