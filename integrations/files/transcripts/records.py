"""Reads meeting records: words with times, positions, dialogue acts and topics in one JSON object.

The format: ``meeting_id``, ``duration`` (s), ``moderator`` (ids), ``speakers`` ({id: {role,
description}}),
``turns`` ([{speaker, start, end, text, words: [{w, s, e}]}]), ``dialogue_acts``
([{speaker, start, end, type, to}]), ``topics`` ([{start, end, type, depth}]) and ``played`` (the id
of a participant who plays a role); times in seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from integrations.files.disk import foreign
from integrations.files.disk.foreign import Items, checked_id, clipped, invalid, read_text, shown
from integrations.files.transcripts.segments import Segment, join_words
from integrations.files.transcripts.words import (
    LATEST_S,
    DialogueAct,
    MeetingWords,
    Span,
    Topic,
    clean,
    in_order,
    joined_turns,
    spread,
    with_lengths,
)
from moderator.errors import InputError
from moderator.events import Word
from moderator.mind.base import Participant
from moderator.timeline import Samples, to_samples, to_seconds

POSITIONS: Final = {
    "PM": "project manager",
    "ME": "marketing expert",
    "UI": "interface designer",
    "ID": "industrial designer",
}
"""What AMI's abbreviations for participants' positions mean; others are taken as they are."""

OUTSIDE_ALLOWED_S: Final = 0.05
"""By how much a word may reach beyond its turn, s."""

WORD_OVERLAP_ALLOWED_S: Final = 1.0
"""By how much two words of one turn may overlap, s. Aligned transcripts have up to 0.5 s."""

_Time = Annotated[float, Field(ge=0, le=LATEST_S, allow_inf_nan=False)]


def _numbered(id_: object) -> object:
    """Ids may be whole numbers."""
    return str(id_) if isinstance(id_, int) and not isinstance(id_, bool) else id_


_Id = Annotated[str, BeforeValidator(_numbered), Field(max_length=1000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Word(_Part):
    w: Annotated[str, Field(max_length=1000)]
    s: _Time
    e: _Time


class _Turn(_Part):
    speaker: _Id
    start: _Time
    end: _Time
    text: Annotated[str, Field(max_length=100_000)] = ""
    words: Items[_Word] | None = None


class _Speaker(_Part):
    role: Annotated[str, Field(max_length=200)] | None = None
    name: Annotated[str, Field(max_length=60)] | None = None
    description: Annotated[str, Field(max_length=10_000)] | None = None
    global_name: _Id | None = None


class _Act(_Part):
    speaker: _Id
    start: _Time
    end: _Time
    type: str | None = None
    to: Items[_Id] = []


class _Topic(_Part):
    start: _Time
    end: _Time
    type: str | None = None
    depth: int = 0


class _Record(_Part):
    meeting_id: Annotated[str, Field(min_length=1, max_length=1000)]
    duration: _Time = 0.0
    moderator: Items[_Id] = []
    speakers: Annotated[dict[_Id, _Speaker], Field(min_length=1, max_length=100)]
    turns: Items[_Turn]
    dialogue_acts: Items[_Act] = []
    topics: Items[_Topic] = []
    played: _Id | None = None


def read_record(path: Path) -> MeetingWords:
    """Reads a meeting record.

    A turn without ``words`` has its text spread over its time (see `words.spread`).

    Raises:
        InputError: unreadable, not of this form, times reversed or words out of order.
    """
    return parse_record(read_text(path), path)


def parse_record(text: str, path: Path) -> MeetingWords:
    """A meeting record from its text; `path` stands in messages. Raises as `read_record`."""
    try:
        record = _Record.model_validate_json(text)
    except ValidationError as error:
        raise invalid(error, path) from None
    participants = {id_: _participant(id_, who, path) for id_, who in record.speakers.items()}
    people = record.speakers.values()
    _check_ids(record, path)
    turns, joined = joined_turns(_span(i, turn, path) for i, turn in enumerate(record.turns))
    said = [_words(i, turn, path) for i, turn in enumerate(record.turns)]
    unheard = [word for some in said if all(w.end == w.start for w in some) for word in some]
    heard = (word for some in said if any(w.end > w.start for w in some) for word in some)
    lengthened, guessed = with_lengths(unheard)
    words = in_order([*heard, *lengthened])
    if not words:
        raise InputError("no words in it", where=shown(path), todo="give a record with words")
    ends = max(max(word.end for word in words), max((turn.end for turn in turns), default=0))
    return MeetingWords(
        meeting_id=foreign.meeting_id(record.meeting_id),
        duration=max(to_samples(record.duration), ends),
        words=words,
        turns=turns,
        participants=participants,
        moderator=tuple(record.moderator),
        acts=tuple(_act(i, act, path) for i, act in enumerate(record.dialogue_acts)),
        topics=tuple(_topic(i, topic, path) for i, topic in enumerate(record.topics)),
        people=tuple(sorted({one.global_name for one in people if one.global_name})),
        played=record.played,
        notes=(*joined, *guessed),
    )


def record_text(
    meeting_id: str, duration: Samples, words: Iterable[Word], names: Mapping[str, str]
) -> str:
    """Words as a meeting record, a turn a segment (see `segments.join_words`).

    Args:
        meeting_id: the meeting's name.
        duration: its length.
        words: in any order.
        names: what people are called, by id; who says nothing is in the record, too.
    """
    by_speaker: dict[str, list[Word]] = {}
    for word in in_order(words):
        by_speaker.setdefault(word.speaker, []).append(word)
    left = {speaker: iter(some) for speaker, some in by_speaker.items()}
    turns = []
    for segment in join_words(word for some in by_speaker.values() for word in some):
        said = _taken(segment, left[segment.speaker])
        turns.append(
            {
                "speaker": segment.speaker,
                "start": to_seconds(min(word.start for word in said)),
                "end": to_seconds(max(word.end for word in said)),
                "text": segment.text,
                "words": [
                    {"w": word.text, "s": to_seconds(word.start), "e": to_seconds(word.end)}
                    for word in said
                ],
            }
        )
    people = {**{word: word for word in by_speaker}, **names}
    record = {
        "meeting_id": meeting_id,
        "duration": to_seconds(duration),
        "speakers": {id_: {"name": name} for id_, name in people.items()},
        "turns": turns,
    }
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def _taken(segment: Segment, words: Iterator[Word]) -> list[Word]:
    """The speaker's next words, of which a segment is made."""
    said: list[Word] = []
    length = -1  # of the words with a space between them
    while length < len(segment.text):
        said.append(next(words))
        length += len(said[-1].text) + 1
    return said


def _participant(id_: str, who: _Speaker, path: Path) -> Participant:
    if checked_id(id_, f"{shown(path)}: speakers") != id_:
        raise InputError(
            f"the name '{clipped(id_)}' has spaces around it or is not in Unicode's composed form",
            where=f"{shown(path)}: speakers",
            todo="correct the name",
        )
    name = checked_id(who.name, f"{shown(path)}: speakers.{id_}.name") if who.name else id_
    position = POSITIONS.get(who.role, clean(who.role)) if who.role else None
    return Participant(id_, name, position, clean(who.description) if who.description else None)


def _check_ids(record: _Record, path: Path) -> None:
    named = [(f"moderator[{i}]", id_) for i, id_ in enumerate(record.moderator)]
    named += [("played", record.played)] if record.played is not None else []
    named += [(f"turns[{i}].speaker", turn.speaker) for i, turn in enumerate(record.turns)]
    named += [
        (f"dialogue_acts[{i}].speaker", a.speaker) for i, a in enumerate(record.dialogue_acts)
    ]
    for place, id_ in named:
        if id_ not in record.speakers:
            raise InputError(
                f"'{clipped(id_)}' is none of the speakers",
                where=f"{shown(path)}: {place}",
                todo="list them under speakers",
            )


def _span(index: int, turn: _Turn, path: Path) -> Span:
    _check_order(turn.start, turn.end, f"turns[{index}]", path)
    return Span(turn.speaker, to_samples(turn.start), to_samples(turn.end), f"turns[{index}]")


def _words(index: int, turn: _Turn, path: Path) -> list[Word]:
    if turn.words is None:
        return spread(turn.speaker, turn.text, to_samples(turn.start), to_samples(turn.end))
    words: list[Word] = []
    before: _Word | None = None
    for i, word in enumerate(turn.words):
        place = f"turns[{index}].words[{i}]"
        _check_order(word.s, word.e, place, path)
        if before is not None and (word.s < before.s or word.s < before.e - WORD_OVERLAP_ALLOWED_S):
            raise InputError(
                "word out of order", where=f"{shown(path)}: {place}", todo="sort the words by time"
            )
        reach = OUTSIDE_ALLOWED_S
        if word.s < turn.start - reach or word.e > turn.end + reach:
            raise InputError(
                "word outside its turn", where=f"{shown(path)}: {place}", todo="correct the times"
            )
        before = word
        if said := clean(word.w):
            words.append(Word(turn.speaker, said, to_samples(word.s), to_samples(word.e)))
    return words


def _act(index: int, act: _Act, path: Path) -> DialogueAct:
    _check_order(act.start, act.end, f"dialogue_acts[{index}]", path)
    start, end = to_samples(act.start), to_samples(act.end)
    return DialogueAct(act.speaker, start, end, act.type, tuple(act.to))


def _topic(index: int, topic: _Topic, path: Path) -> Topic:
    _check_order(topic.start, topic.end, f"topics[{index}]", path)
    return Topic(to_samples(topic.start), to_samples(topic.end), topic.type, topic.depth)


def _check_order(start: float, end: float, place: str, path: Path) -> None:
    if end < start:
        raise InputError(
            f"ends before it starts ({start} to {end} s)",
            where=f"{shown(path)}: {place}",
            todo="correct the times",
        )
