"""CTM: one word a line with its times (NIST), and its words given to the speakers of an RTTM.

``<file> <channel> <start s> <duration s> <word> [<confidence> ...]``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diarize.base import SpeakerActivity
from integrations.files.disk import foreign
from integrations.files.disk.foreign import checked_id, clipped, read_text, shown
from integrations.files.transcripts.rttm import SpeakerTurns, merged, numbered_fields, times
from integrations.files.transcripts.words import MeetingWords, clean, in_order
from moderator.errors import InputError
from moderator.events import Word
from moderator.mind.base import Participant
from moderator.timeline import Samples


@dataclass(frozen=True, slots=True)
class CtmWord:
    """A line of a CTM file; times in samples."""

    file: str
    channel: str
    start: Samples
    end: Samples
    text: str


def read_ctm(path: Path) -> tuple[CtmWord, ...]:
    """Reads a CTM file; words by start.

    Raises:
        InputError: unreadable, a line that does not fit, a negative start or duration, no word.
    """
    return parse_ctm(read_text(path), path)


def parse_ctm(text: str, path: Path) -> tuple[CtmWord, ...]:
    """Words from the text of a CTM file; `path` stands in messages."""
    words = []
    for number, fields in numbered_fields(text):
        where = f"{shown(path)}:{number}"
        if len(fields) < 5:
            raise InputError(
                f"{len(fields)} fields where CTM has 5 or more",
                where=where,
                todo="correct the line",
            )
        start, end = times(fields[2], fields[3], where)
        if said := clean(fields[4]):
            words.append(CtmWord(fields[0], fields[1], start, end, said))
    if not words:
        raise InputError(
            "no words in it", where=shown(path), todo="give the CTM of a meeting with words"
        )
    return tuple(sorted(words, key=lambda word: (word.start, word.end)))


def attribute(speech: SpeakerTurns, words: Sequence[CtmWord], path: Path) -> MeetingWords:
    """A meeting from an RTTM and a CTM file: each word goes to whose turns it overlaps longest.

    A word that overlaps no turn goes to the turn nearest in time; a note counts these.

    Args:
        speech: the speaker turns.
        words: the words, by start.
        path: the CTM file, for messages.

    Raises:
        InputError: the two are about different recordings.
    """
    files = sorted({word.file for word in words})
    for file in files:
        if foreign.meeting_id(file) != speech.file:
            raise InputError(
                f"words of '{clipped(file)}' beside turns of '{clipped(speech.file)}'",
                where=shown(path),
                todo="give RTTM and CTM of one recording",
            )
    turns = merged(speech.turns)
    finder = _TurnFinder(turns)
    said, outside = [], 0
    for word in words:
        speaker = finder.overlapping(word)
        if speaker is None:
            speaker = finder.nearest(word)
            outside += 1
        said.append(Word(speaker, word.text, word.start, word.end))
    notes = (f"{outside} words outside all turns, given to the nearest",) if outside else ()
    return _meeting(speech.file, said, turns, notes)


def by_channel(words: Sequence[CtmWord], path: Path) -> MeetingWords:
    """A meeting from a CTM file alone, whose channels, or else files, are the speakers.

    Raises:
        InputError: there is one channel and one file only, or a bad name.
    """
    channels, files = {word.channel for word in words}, {word.file for word in words}
    if len(channels) > 1 and len(files) > 1:
        raise InputError(
            "several files and several channels", where=shown(path), todo="add the RTTM file"
        )
    if len(channels) == 1 and len(files) == 1:
        raise InputError("it does not say who speaks", where=shown(path), todo="add the RTTM file")
    per_channel = len(channels) > 1
    said = [
        Word(
            checked_id(word.channel if per_channel else word.file, shown(path)),
            word.text,
            word.start,
            word.end,
        )
        for word in words
    ]
    name = words[0].file if per_channel else path.stem
    turns = merged(SpeakerActivity(word.speaker, word.start, word.end) for word in said)
    return _meeting(foreign.meeting_id(name), said, turns, ())


def _meeting(
    name: str, words: list[Word], turns: Sequence[SpeakerActivity], notes: tuple[str, ...]
) -> MeetingWords:
    ids = sorted({turn.speaker for turn in turns} | {word.speaker for word in words})
    ends = [word.end for word in words] + [turn.end for turn in turns]
    return MeetingWords(
        meeting_id=name,
        duration=max(ends),
        words=in_order(words),
        turns=tuple(turns),
        participants={id_: Participant(id_, id_) for id_ in ids},
        notes=notes,
    )


class _TurnFinder:
    """Finds a word's turn. Words must come by start: turns that are over are forgotten."""

    def __init__(self, turns: Sequence[SpeakerActivity]) -> None:
        self._turns = turns
        self._starts = [turn.start for turn in turns]
        self._ended_last: list[SpeakerActivity] = []
        for turn in turns:
            latest = self._ended_last[-1] if self._ended_last else turn
            self._ended_last.append(turn if turn.end > latest.end else latest)
        self._next = 0
        self._open: list[SpeakerActivity] = []

    def overlapping(self, word: CtmWord) -> str | None:
        """The speaker whose turns share most time with a word; ties go to who began first."""
        end = max(word.end, word.start + 1)
        while self._next < len(self._turns) and self._starts[self._next] < end:
            self._open.append(self._turns[self._next])
            self._next += 1
        self._open = [turn for turn in self._open if turn.end > word.start]
        shared: dict[str, Samples] = {}
        for turn in self._open:
            overlap = min(turn.end, end) - max(turn.start, word.start)
            if overlap > 0:
                shared[turn.speaker] = shared.get(turn.speaker, 0) + overlap
        return max(shared, key=lambda speaker: shared[speaker]) if shared else None

    def nearest(self, word: CtmWord) -> str:
        """The speaker of the turn with the smallest gap to a word that overlaps none."""
        at = bisect_right(self._starts, word.start)
        candidates = self._turns[at : at + 1]
        if at:
            candidates = [self._ended_last[at - 1], *candidates]
        nearest = min(
            candidates, key=lambda turn: max(turn.start - word.end, word.start - turn.end)
        )
        return nearest.speaker
