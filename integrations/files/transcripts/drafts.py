"""Makes a meeting of what a file says: segments or words, with or without times and speakers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diarize.base import SpeakerActivity
from integrations.files.disk import foreign
from integrations.files.disk.foreign import check_people, checked_id, shown
from integrations.files.transcripts.rttm import merged
from integrations.files.transcripts.words import (
    LATEST_S,
    NOBODY,
    SPREAD,
    MeetingWords,
    Span,
    clean,
    guessed_length,
    joined_turns,
    spread,
    with_lengths,
)
from moderator.errors import InputError
from moderator.events import Word
from moderator.mind.base import Participant
from moderator.timeline import Samples, to_samples, to_seconds

LATEST: Final = to_samples(LATEST_S)

_NO_END: Final = "segments have no ends; guessed from the length of what was said"
_NO_TIMES: Final = "some segments have no times of their own; guessed from the length of their text"


def meeting_of(
    name: str,
    words: Iterable[Word],
    turns: Iterable[SpeakerActivity] = (),
    *,
    names: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> MeetingWords:
    """A meeting of words.

    Args:
        name: the meeting's id.
        words: in any order; those of no length get one.
        turns: who had a voice when; where there are none, whoever says a word.
        names: names of participants by id, in their order; other people's are their ids.
        notes: what had to be assumed so far.
    """
    said, guessed = with_lengths(words)
    voices = tuple(turns) or tuple(merged(SpeakerActivity(w.speaker, w.start, w.end) for w in said))
    known = dict(names or {})
    for speaker in sorted({turn.speaker for turn in voices} | {word.speaker for word in said}):
        if speaker != NOBODY:
            known.setdefault(speaker, speaker)
    return MeetingWords(
        meeting_id=name,
        duration=max([word.end for word in said] + [turn.end for turn in voices]),
        words=said,
        turns=voices,
        participants={id_: Participant(id_, name) for id_, name in known.items()},
        notes=(*notes, *guessed),
    )


@dataclass(slots=True)
class _Segment:
    speaker: str
    text: str
    start: Samples | None
    end: Samples | None
    place: str
    words: list[Word] | None


class Draft:
    """Collects what a reader finds, in the file's order, and makes a meeting of it.

    Words that have no times get them in proportion to their length inside their segment; segments
    without an end last as long as their text takes, and not into the next one that has a start;
    segments without a start follow the one before. Notes say what was guessed.

    Args:
        path: the file, for messages.
        name: the meeting's id; the file's name where that is empty.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self._path = path
        self.name = name or path.name.split(".")[0]
        self._segments: list[_Segment] = []
        self._names: dict[str, str] = {}
        self._notes: list[str] = []

    def __len__(self) -> int:
        """Segments so far."""
        return len(self._segments)

    def note(self, text: str) -> None:
        """Adds to what people should know."""
        if text not in self._notes:
            self._notes.append(text)

    def speaker(self, name: str | None, place: str, id_: str | None = None) -> str:
        """The id of somebody called `name`; `NOBODY` where there is no name.

        Raises:
            InputError: no participant may be called so.
        """
        if name is None or not name.strip():
            return NOBODY
        where = f"{shown(self._path)}: {place}"
        called = checked_id(name, where)
        who = checked_id(id_, where) if id_ is not None else called
        self._names.setdefault(who, called)
        return who

    def time(self, seconds: float, place: str) -> Samples:
        """Seconds as samples.

        Raises:
            InputError: negative, not finite, or beyond `words.LATEST_S`.
        """
        if not 0 <= seconds <= LATEST_S:
            raise InputError(
                f"a time of {seconds:g} s",
                where=f"{shown(self._path)}: {place}",
                todo=f"give times of 0 s to {LATEST_S / 3600:.0f} hours",
            )
        return to_samples(seconds)

    def say(
        self,
        speaker: str,
        text: str,
        start: Samples | None,
        end: Samples | None,
        place: str,
        words: Iterable[tuple[str, Samples, Samples]] | None = None,
    ) -> None:
        """Takes a segment.

        Args:
            speaker: an id that `speaker` gave.
            text: what is said in it; not looked at where there are words.
            start: where it begins; None where the file does not say.
            end: where it ends; None where the file does not say. What ends where it starts has no
                end either: somebody said something.
            place: where it stands in the file, for messages.
            words: its words with their times, where these are known.

        Raises:
            InputError: it ends before it starts.
        """
        timed = None
        if words is not None:
            timed = [
                Word(speaker, said, begin, max(begin, upto))
                for word, begin, upto in words
                for said in [clean(word)]
                if said
            ]
        if start is not None and end is not None and end < start:
            raise InputError(
                f"ends before it starts ({to_seconds(start):g} to {to_seconds(end):g} s)",
                where=f"{shown(self._path)}: {place}",
                todo="correct the times",
            )
        if timed is None and end == start:
            end = None
        text = clean(text)
        if timed or (timed is None and text):
            self._segments.append(_Segment(speaker, text, start, end, place, timed))

    def meeting(self, empty: str = "give a transcript with words") -> MeetingWords:
        """The meeting.

        Args:
            empty: what to do where nothing was said.

        Raises:
            InputError: nothing was said, by too many people, or it would take too long.
        """
        if not self._segments:
            raise InputError("no words in it", where=shown(self._path), todo=empty)
        check_people(len(self._names), self._path)
        self._guess_times()
        words: list[Word] = []
        spans: list[Span] = []
        for segment in self._segments:
            start, end = segment.start or 0, segment.end or 0
            if segment.words is None:
                words += spread(segment.speaker, segment.text, start, end)
                self.note(SPREAD)
            else:
                words += segment.words
                start = min(start, *(word.start for word in segment.words))
                end = max(end, *(word.end for word in segment.words))
            spans.append(Span(segment.speaker, start, end, segment.place))
        turns, joined = joined_turns(spans)
        return meeting_of(
            foreign.meeting_id(self.name),
            words,
            turns,
            names=self._names,
            notes=(*self._notes, *joined),
        )

    def _guess_times(self) -> None:
        at = 0
        while at < len(self._segments):
            # Segments up to the next one that says when it starts share the time until then.
            upto = at + 1
            while upto < len(self._segments) and self._starts(upto) is None:
                upto += 1
            self._share(self._segments[at:upto], self._later_start(at, upto))
            at = upto

    def _starts(self, at: int) -> Samples | None:
        """Where a segment starts, if that is not where the one before starts."""
        segment, before = self._segments[at], self._segments[at - 1]
        if segment.words:
            return segment.words[0].start
        if segment.end is None and segment.start is not None and segment.start == before.start:
            return None
        return segment.start

    def _later_start(self, at: int, upto: int) -> Samples | None:
        if upto == len(self._segments):
            return None
        start, end = self._segments[at].start or 0, self._starts(upto) or 0
        return end if end > start else None

    def _share(self, group: Sequence[_Segment], until: Samples | None) -> None:
        first = group[0]
        if first.words:
            first.start = min(word.start for word in first.words)
            first.end = max(word.end for word in first.words)
        start = first.start or 0
        if first.start is not None and first.end is not None:
            group, start = group[1:], first.end
        if not group:
            return
        self.note(_NO_END if len(group) == 1 and first.start is not None else _NO_TIMES)
        lengths = [guessed_length(segment.text) for segment in group]
        total = sum(lengths)
        room = total if until is None else min(total, max(until - start, 0))
        done = 0
        for segment, length in zip(group, lengths, strict=True):
            begin = start + room * done // total
            done += length
            if segment.start is None or segment.end is None:
                segment.start, segment.end = begin, start + room * done // total
        if start + room > LATEST:
            hours = LATEST_S / 3600
            what = f"what is said would take more than {hours:.0f} hours"
            raise InputError(what, where=shown(self._path), todo="split the meeting")
