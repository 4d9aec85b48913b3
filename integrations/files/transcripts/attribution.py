"""Says who says a word: words without a speaker given to speaker turns, or to their neighbours."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from diarize.base import SpeakerActivity
from integrations.files.disk import foreign
from integrations.files.disk.foreign import clipped, shown
from integrations.files.transcripts.ctm import CtmWords
from integrations.files.transcripts.drafts import meeting_of
from integrations.files.transcripts.rttm import SpeakerTurns, merged
from integrations.files.transcripts.words import NOBODY, MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import Samples


class Timed(Protocol):
    """A word, or anything else that has a start and an end."""

    @property
    def start(self) -> Samples:
        """First sample."""
        ...

    @property
    def end(self) -> Samples:
        """One past the last sample."""
        ...


_Timed = TypeVar("_Timed", bound=Timed)


def attribute(speech: SpeakerTurns, ctm: CtmWords, path: Path) -> MeetingWords:
    """A meeting from an RTTM and a CTM file: each word goes to whose turns it overlaps longest.

    Where both files name the same channels, only turns on the word's own channel count. A word that
    overlaps no turn goes to the turn nearest in time; a note counts these. Where the CTM says who
    speaks, it is believed.

    Args:
        speech: the speaker turns.
        ctm: the words, by start.
        path: the CTM file, for messages.

    Raises:
        InputError: the two are about different recordings, or name different people.
    """
    for file in sorted({word.file for word in ctm.words}):
        if foreign.meeting_id(file) != speech.file:
            raise InputError(
                f"words of '{clipped(file)}' beside turns of '{clipped(speech.file)}'",
                where=shown(path),
                todo="give RTTM and CTM of one recording",
            )
    if all(word.speaker for word in ctm.words):
        said = [Word(word.speaker, word.text, word.start, word.end) for word in ctm.words]
        return with_turns(meeting_of(speech.file, said, notes=ctm.notes), speech, path)
    channels = {word.channel for word in ctm.words}
    apart = len(speech.channels) > 1 and channels <= speech.channels.keys()
    said, outside = [], 0
    for channel in sorted(channels) if apart else [None]:
        turns = merged(speech.turns if channel is None else speech.channels[channel])
        words = [word for word in ctm.words if channel in (None, word.channel)]
        for word, speaker, inside in given_to(turns, words):
            said.append(Word(speaker, word.text, word.start, word.end))
            outside += not inside
    return _beside(speech, said, ctm.notes, outside)


def attributed(meeting: MeetingWords, speech: SpeakerTurns) -> MeetingWords:
    """A meeting whose file says who speaks for none of its words, beside speaker turns."""
    given = given_to(merged(speech.turns), meeting.words)
    words = [(replace(word, speaker=speaker), inside) for word, speaker, inside in given]
    outside = sum(not inside for _, inside in words)
    return _beside(speech, [word for word, _ in words], meeting.notes, outside, meeting.meeting_id)


def with_turns(meeting: MeetingWords, speech: SpeakerTurns, path: Path) -> MeetingWords:
    """A meeting whose file says who speaks, with the turns of another file beside it.

    Raises:
        InputError: the two name different people.
    """
    named = {turn.speaker for turn in speech.turns}
    strange = sorted({word.speaker for word in meeting.words} - named)
    if strange:
        raise InputError(
            f"'{clipped(strange[0])}' of it speaks in no turn of the RTTM file",
            where=shown(path),
            todo="leave out the RTTM file: this one says who speaks",
        )
    turns = tuple(merged(speech.turns))
    joined = meeting_of(
        meeting.meeting_id,
        meeting.words,
        turns,
        names={one.id: one.name for one in meeting.participants.values()},
        notes=(*meeting.notes, *speech.notes),
    )
    return replace(joined, duration=max(joined.duration, meeting.duration))


def named(meeting: MeetingWords, path: Path) -> MeetingWords:
    """A meeting in which every word has a speaker: whoever speaks nearest before or behind it.

    Raises:
        InputError: no word has one.
    """
    unknown = [word for word in meeting.words if word.speaker == NOBODY]
    if not unknown:
        return meeting
    turns = merged(turn for turn in meeting.turns if turn.speaker != NOBODY)
    if not turns:
        raise InputError("it does not say who speaks", where=shown(path), todo="add the RTTM file")
    said = [word for word in meeting.words if word.speaker != NOBODY]
    taken = [replace(word, speaker=who) for word, who, _ in given_to(turns, unknown)]
    voices = [*turns, *(SpeakerActivity(w.speaker, w.start, w.end) for w in taken)]
    note = f"{len(unknown)} words without a speaker, given to the nearest"
    whole = meeting_of(
        meeting.meeting_id,
        [*said, *taken],
        merged(voices),
        names={one.id: one.name for one in meeting.participants.values()},
        notes=(*meeting.notes, note),
    )
    return replace(whole, duration=max(whole.duration, meeting.duration))


def given_to(
    turns: Sequence[SpeakerActivity], words: Iterable[_Timed]
) -> Iterable[tuple[_Timed, str, bool]]:
    """Each word with its speaker, and whether it overlaps one of their turns.

    Args:
        turns: by start; at least one.
        words: by start.
    """
    finder = _TurnFinder(turns)
    for word in words:
        speaker = finder.overlapping(word)
        yield word, finder.nearest(word) if speaker is None else speaker, speaker is not None


def _beside(
    speech: SpeakerTurns,
    words: Sequence[Word],
    notes: Sequence[str],
    outside: int,
    name: str | None = None,
) -> MeetingWords:
    counted = (f"{outside} words outside all turns, given to the nearest",) if outside else ()
    return meeting_of(
        speech.file if name is None else name,
        words,
        merged(speech.turns),
        notes=(*notes, *speech.notes, *counted),
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

    def overlapping(self, word: Timed) -> str | None:
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

    def nearest(self, word: Timed) -> str:
        """The speaker of the turn with the smallest gap to a word that overlaps none."""
        at = bisect_right(self._starts, word.start)
        candidates = self._turns[at : at + 1]
        if at:
            candidates = [self._ended_last[at - 1], *candidates]
        nearest = min(
            candidates, key=lambda turn: max(turn.start - word.end, word.start - turn.end)
        )
        return nearest.speaker
