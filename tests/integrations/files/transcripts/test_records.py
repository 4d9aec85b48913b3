"""Meeting records, SegLST, RTTM and CTM: what is read, what is refused and where it says so."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize.base import SpeakerActivity
from integrations.files.transcripts.records import parse_record, read_record
from integrations.files.transcripts.seglst import parse_seglst, read_seglst, write_seglst
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.words import OVERLAP_ALLOWED, spread
from moderator.events import Word
from moderator.mind.base import Participant
from moderator.timeline import SAMPLE_RATE
from tests.integrations.files.transcripts.words import FILE, refused, spoken, times


def record(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "meeting_id": "M1",
        "duration": 20.0,
        "moderator": ["A"],
        "speakers": {"A": {"role": "PM"}, "B": {"role": None}},
        "turns": [
            {
                "speaker": "A",
                "start": 1.0,
                "end": 2.0,
                "text": "Good morning.",
                "words": [{"w": "Good", "s": 1.0, "e": 1.5}, {"w": "morning.", "s": 1.5, "e": 2.0}],
            },
            {"speaker": "B", "start": 1.8, "end": 3.0, "text": "Hi all", "words": None},
        ],
        "dialogue_acts": [{"speaker": "A", "start": 1, "end": 2, "type": "inf", "to": ["B"]}],
        "topics": [{"start": 1.0, "end": 3.0, "type": "opening", "depth": 0}],
    }
    return {**whole, **changes}


def turn(start: float, end: float, speaker: str = "A", **changes: Any) -> dict[str, Any]:
    return {"speaker": speaker, "start": start, "end": end, "text": "so be it", **changes}


def word(start: Any, end: Any) -> dict[str, Any]:
    return {"w": "so", "s": start, "e": end}


# Meeting records


def test_record() -> None:
    meeting = parse_record(json.dumps(record()), FILE)
    assert meeting.meeting_id == "M1"
    assert meeting.duration == 20 * SAMPLE_RATE
    assert meeting.moderator == ("A",)
    assert meeting.participants == {
        "A": Participant("A", "A", "project manager"),
        "B": Participant("B", "B", None),
    }
    assert [(w.speaker, w.text, w.start) for w in meeting.words] == [
        ("A", "Good", 16_000),
        ("A", "morning.", 24_000),
        ("B", "Hi", 28_800),
        ("B", "all", 28_800 + 19_200 * 3 // 7),
    ]
    assert meeting.turns[1] == SpeakerActivity("B", 28_800, 48_000)
    assert meeting.acts[0].to == ("B",)
    assert meeting.topics[0].type == "opening"


def test_words_after_the_stated_end_make_the_meeting_longer() -> None:
    meeting = parse_record(json.dumps(record(duration=2.5)), FILE)
    assert meeting.duration == 3 * SAMPLE_RATE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"turns": [turn(1, 2, words=[{"w": "so", "s": 1}])]}, "turns[0].words[0].e"),
        ({"turns": [turn(1, 2, words=[word(1, None)])]}, "turns[0].words[0].e"),
        ({"turns": [turn(1, 2, words=[word("1", 2)])]}, "turns[0].words[0].s"),
        ({"turns": [turn(1, 2, words=[word(1, True)])]}, "turns[0].words[0].e"),
        ({"turns": [turn(1, 2, words=[word(-1, 2)])]}, "turns[0].words[0].s"),
        ({"turns": [turn(1, 2, words=[word(1, math.nan)])]}, "finite"),
        ({"turns": [turn(1, 2, words=[word(1, 1e9)])]}, "turns[0].words[0].e"),
        ({"turns": [turn(1, 2, words=[word(2, 1)])]}, "ends before it starts"),
        ({"turns": [turn(1, 2, words=[word(1.5, 2), word(1, 1.5)])]}, "turns[0].words[1]"),
        ({"turns": [turn(1, 2, words=[word(1, 2.2)])]}, "word outside its turn"),
        ({"turns": [turn(2, 1)]}, "ends before it starts"),
        ({"turns": [turn(1, 2, speaker="C")]}, "'C' is none of the speakers"),
        ({"turns": []}, "no words"),
        ({"turns": [turn(1, 2, text=" ")]}, "no words"),
        ({"turns": "none"}, "turns"),
        ({"moderator": ["Z"]}, "moderator[0]"),
        ({"speakers": {}}, "speakers"),
        ({"speakers": {"A": {}, "x" * 61: {}}}, "bad participant name"),
        ({"speakers": {"A": {}, "a\x1b[2J": {}}}, "bad participant name"),
        ({"speakers": {"A": {}, "?": {}}}, "reserved"),
        ({"speakers": {"A": {}, " B": {}}}, "spaces around it"),
        ({"meeting_id": ""}, "meeting_id"),
        ({"dialogue_acts": [{"speaker": "A", "start": 2, "end": 1}]}, "dialogue_acts[0]"),
    ],
)
def test_bad_record(changes: dict[str, Any], expected: str) -> None:
    assert expected in refused(parse_record, json.dumps(record(**changes)))


@pytest.mark.parametrize("text", ["{", "{}", '{"turns": [', "[" * 100_000, '{"a":' * 100_000])
def test_not_a_record(text: str) -> None:
    refused(parse_record, text)


def test_overlapping_turns_of_one_speaker_are_both_named() -> None:
    turns = [turn(1, 3), turn(0, 9, speaker="B"), turn(2.5, 4)]
    meeting = parse_record(json.dumps(record(turns=turns)), FILE)
    assert [one.speaker for one in meeting.turns] == ["B", "A"]
    (note,) = meeting.notes
    assert note == (
        "overlapping turns of one speaker joined: turns[2] (2.50-4.00 s) of A with 1.00-3.00 s"
    )


def test_a_turn_of_no_length_overlaps_nothing() -> None:
    turns = [turn(1, 9), turn(3, 3), turn(10, 11)]
    assert len(parse_record(json.dumps(record(turns=turns)), FILE).turns) == 3
    turns[2] = turn(8, 10)
    assert len(parse_record(json.dumps(record(turns=turns)), FILE).turns) == 2


def test_rounding_may_make_turns_touch() -> None:
    allowed = OVERLAP_ALLOWED / SAMPLE_RATE
    turns = [turn(1, 2), turn(2 - allowed, 3)]
    assert len(parse_record(json.dumps(record(turns=turns)), FILE).turns) == 2


def shared_records(data: Path) -> list[Path]:
    return sorted(path for part in ("ami", "icsi") for path in (data / part).rglob("*.json"))


@pytest.mark.parametrize(
    "step", [pytest.param(12, id="some"), pytest.param(3, id="many", marks=pytest.mark.e2e)]
)
def test_shared_records_load(step: int, recorded_meetings: Path) -> None:
    for path in shared_records(recorded_meetings)[::step]:
        meeting = read_record(path)
        raw = json.loads(path.read_bytes())
        assert len(meeting.words) == sum(len(turn["words"]) for turn in raw["turns"])
        assert len(meeting.turns) == len(raw["turns"])
        assert list(meeting.moderator) == raw["moderator"]
        assert list(meeting.words) == sorted(meeting.words, key=lambda word: word.start)


# SegLST


def segment(**changes: Any) -> dict[str, Any]:
    whole = {
        "session_id": "S",
        "speaker": "Ann",
        "start_time": 1.0,
        "end_time": 2.0,
        "words": "a b",
    }
    return {**whole, **changes}


def test_seglst() -> None:
    meeting = parse_seglst(
        json.dumps([segment(start_time="1.5", end_time="3"), segment(speaker="Bob Lee")]), FILE
    )
    assert meeting.meeting_id == "S"
    assert meeting.words == (
        Word("Bob Lee", "a", 16_000, 24_000),
        Word("Bob Lee", "b", 24_000, 32_000),
        Word("Ann", "a", 24_000, 36_000),
        Word("Ann", "b", 36_000, 48_000),
    )
    assert list(meeting.participants) == ["Ann", "Bob Lee"]


@pytest.mark.parametrize("key", ["session_id", "speaker", "start_time", "end_time", "words"])
def test_seglst_missing_key(key: str) -> None:
    broken = segment()
    del broken[key]
    message = refused(parse_seglst, json.dumps([segment(), broken]))
    assert "missing key" in message
    assert f"segment[1].{key}" in message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start_time": 3.0}, "ends before it starts"),
        ({"start_time": -1}, "segment[1].start_time"),
        ({"end_time": "nan"}, "segment[1].end_time"),
        ({"end_time": "late"}, "segment[1].end_time"),
        ({"session_id": "T"}, "two sessions"),
        ({"speaker": "a\nb"}, "bad participant name"),
        ({"words": ["a"]}, "segment[1].words"),
    ],
)
def test_bad_seglst(changes: dict[str, Any], expected: str) -> None:
    broken = segment(start_time=2.0, end_time=2.5) | changes
    assert expected in refused(parse_seglst, json.dumps([segment(), broken]))


@pytest.mark.parametrize("text", ["[]", "[1]", "[[]]", "[{}", '[{"session_id": "\\ud800"}]'])
def test_not_seglst(text: str) -> None:
    refused(parse_seglst, text)


@given(words=spoken())
def test_seglst_round_trip(words: list[Word], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "round.seglst.json"
    write_seglst(path, "a meeting", words)
    meeting = read_seglst(path)
    segments = join_words(words)
    assert meeting.meeting_id == "a meeting"
    assert [(t.speaker, t.start, t.end) for t in meeting.turns] == [
        (s.speaker, s.start, s.end) for s in segments
    ]
    for speaker in {word.speaker for word in words}:
        said = [word.text for word in words if word.speaker == speaker]
        assert sorted(word.text for word in meeting.words if word.speaker == speaker) == sorted(
            said
        )


@given(text=st.text(max_size=200), start=times, length=st.integers(0, 10**7))
def test_spread_keeps_words_and_time(text: str, start: int, length: int) -> None:
    words = spread("A", text, start, start + length)
    if not words:
        return
    assert words[0].start == start
    assert words[-1].end == start + length
    assert all(a.end == b.start and a.start <= a.end for a, b in pairwise(words))
    assert all(word.text and " " not in word.text for word in words)
