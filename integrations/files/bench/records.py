"""Meeting records and the benchmark's meetings: one made of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from integrations.files.disk.foreign import shown
from integrations.files.transcripts.records import POSITIONS, read_record
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.measure.bench.floor_turns import speakers, utterances
from moderator.measure.bench.meeting import AddressedAct, BenchMeeting, Seat, find_seat
from moderator.timeline import to_seconds

MOST_RECORDS = 10_000


def read_meetings(places: Sequence[Path]) -> list[BenchMeeting]:
    """The meetings of some directories and files, by file name within each place.

    Args:
        places: directories, whose ``*.json`` are read, or single records.

    Raises:
        InputError: a place is missing or has no records, a record is broken, or two are of one
            meeting.
    """
    meetings: list[BenchMeeting] = []
    found: dict[str, Path] = {}
    for path in [path for place in places for path in record_files(place)]:
        meeting = to_bench(read_record(path))
        before = found.setdefault(meeting.meeting_id, path)
        if before is not path:
            raise InputError(
                f"the meeting {meeting.meeting_id!a} twice",
                where=f"{shown(before)} and {shown(path)}",
                todo="leave one of them out",
            )
        meetings.append(meeting)
    return meetings


def record_files(place: Path) -> list[Path]:
    """The records in a directory, by name; a record itself.

    Raises:
        InputError: there are none, or too many.
    """
    if not place.is_dir():
        return [place]
    files = sorted(path for path in place.glob("*.json") if not path.name.startswith("."))
    if not files:
        raise InputError(
            "no meeting records (*.json) in it", where=shown(place), todo="check the directory"
        )
    if len(files) > MOST_RECORDS:
        raise InputError(f"more than {MOST_RECORDS} records", where=shown(place), todo="split it")
    return files


def to_bench(meeting: MeetingWords) -> BenchMeeting:
    """A meeting as the benchmark wants it."""
    acts = [AddressedAct(act.speaker, act.start, act.end, act.to, act.type) for act in meeting.acts]
    return BenchMeeting(
        meeting_id=meeting.meeting_id,
        duration=meeting.duration,
        words=meeting.words,
        participants=meeting.participants,
        moderator=meeting.moderator,
        acts=tuple(sorted(acts, key=lambda act: (act.start, act.end, act.speaker))),
        topics=tuple(sorted({topic.start for topic in meeting.topics})),
        people=frozenset(meeting.people),
        played=meeting.played,
    )


def turns_of(meeting: BenchMeeting) -> list[dict[str, Any]]:
    """What everybody says, as a meeting record has it: a turn an utterance, by time."""
    turns = [turn for speaker in speakers(meeting) for turn in _turns(meeting, speaker)]
    return sorted(turns, key=lambda turn: (turn["start"], turn["end"], turn["speaker"]))


def acts_of(meeting: BenchMeeting) -> list[dict[str, Any]]:
    """The dialogue acts, as a meeting record has them."""
    return [
        {
            "speaker": act.speaker,
            "start": to_seconds(act.start),
            "end": to_seconds(act.end),
            "type": act.type,
            "to": list(act.to),
        }
        for act in meeting.acts
    ]


def _turns(meeting: BenchMeeting, speaker: str) -> Iterator[dict[str, Any]]:
    own = (word for word in meeting.words if word.speaker == speaker)
    said = iter(sorted(own, key=lambda word: (word.start, word.end)))
    for span in utterances(meeting, speaker):
        words = [next(said) for _ in range(span.words)]
        yield {
            "speaker": speaker,
            "start": to_seconds(span.start),
            "end": to_seconds(span.end),
            "text": " ".join(word.text for word in words),
            "words": [_word(word) for word in words],
        }


def _word(word: Word) -> dict[str, Any]:
    return {"w": word.text, "s": to_seconds(word.start), "e": to_seconds(word.end)}


def find_seats(meetings: Sequence[BenchMeeting], wanted: str) -> list[Seat]:
    """The seat in every meeting that has it. A position may be abbreviated as in records.

    Raises:
        InputError: no meeting has it.
    """
    full = POSITIONS.get(wanted)
    seats: list[Seat] = []
    missing: list[InputError] = []
    for meeting in meetings:
        try:
            seats.append(find_seat(meeting, wanted, [full] if full else []))
        except InputError as error:
            missing.append(error)
    if not seats and len(missing) == 1:
        raise missing[0]
    if not seats:
        raise InputError(
            f"nobody has the seat {wanted[:60]!a} in any of {len(missing)} meetings",
            where="--seat",
            todo="choose another one, or other meetings",
        )
    return seats


def without_seat(meetings: Sequence[BenchMeeting], seats: Sequence[Seat]) -> list[BenchMeeting]:
    """The meetings in which nobody has the seat."""
    having = {seat.meeting.meeting_id for seat in seats}
    return [meeting for meeting in meetings if meeting.meeting_id not in having]


def check_apart(scored: Sequence[BenchMeeting], other: Sequence[BenchMeeting], where: str) -> None:
    """Refuses meetings that are both scored and used to train or choose.

    Raises:
        InputError: there is one.
    """
    known = {meeting.words: meeting.meeting_id for meeting in scored}
    names = {meeting.meeting_id for meeting in scored}
    for meeting in other:
        if meeting.meeting_id in names or meeting.words in known:
            raise InputError(
                f"the meeting {meeting.meeting_id!a} is also scored",
                where=where,
                todo="keep the meetings that are scored apart",
            )
