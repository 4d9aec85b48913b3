"""Transcripts as people have them, with what is right for each; read as the command line does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from integrations.files.inputs import open_inputs
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, to_seconds

CASES = Path(os.environ.get("MODERATOR_DATA", "none")).parent / "cases"
"""Files with the same properties; not in the repository."""

SAID = [("1", "good morning everyone"), ("2", "morning shall we start"), ("1", "yes the budget")]


def stm(*files: str) -> str:
    return (
        f"{files[0]} 1 1 0.50 2.30 good morning everyone\n"
        f"{files[1]} 1 2 2.60 4.10 morning shall we start\n"
        f"{files[0]} 1 1 4.40 6.00 yes the budget\n"
    )


def rttm(*turns: tuple[float, float, str], file: str = "call", channel: str = "1") -> str:
    return "".join(
        f"SPEAKER {file} {channel} {start} {length} <NA> <NA> {name} <NA> <NA>\n"
        for start, length, name in turns
    )


def ctm(*words: tuple[float, str], file: str = "call", channel: str = "1") -> str:
    return "".join(f"{file} {channel} {start} 0.4 {word}\n" for start, word in words)


def opened(folder: Path, **texts: str) -> MeetingWords:
    paths = []
    for name, text in texts.items():
        path = folder / f"in.{name}"
        path.write_text(text)
        paths.append(str(path))
    return read(*paths)


def read(*paths: str) -> MeetingWords:
    meeting = open_inputs(list(paths))
    assert isinstance(meeting, MeetingWords)
    return meeting


def case(*names: str) -> MeetingWords:
    if not CASES.is_dir():
        pytest.skip("the cases are not there")
    return read(*(str(CASES / name) for name in names))


def lines(meeting: MeetingWords) -> list[tuple[str, str]]:
    """Who says what, by turn: words of one speaker in a row joined."""
    said: list[tuple[str, str]] = []
    for word in meeting.words:
        if said and said[-1][0] == word.speaker:
            said[-1] = (word.speaker, f"{said[-1][1]} {word.text}")
        else:
            said.append((word.speaker, word.text))
    return said


def talk(meeting: MeetingWords) -> float:
    return to_seconds(sum(word.end - word.start for word in meeting.words))


# STM


def test_stm_is_stm(tmp_path: Path) -> None:
    meeting = opened(tmp_path, stm=stm("council", "council"))
    assert meeting.meeting_id == "council"
    assert lines(meeting) == SAID
    assert [(t.start / SAMPLE_RATE, t.end / SAMPLE_RATE) for t in meeting.turns] == [
        (0.5, 2.3),
        (2.6, 4.1),
        (4.4, 6.0),
    ]
    assert lines(opened(tmp_path, txt=stm("council", "council"))) == SAID


def test_stm_beside_the_turns_it_agrees_with(tmp_path: Path) -> None:
    turns = rttm((0.5, 1.8, "1"), (2.6, 1.5, "2"), (4.4, 1.9, "1"), file="council")
    meeting = opened(tmp_path, stm=stm("council", "council"), rttm=turns)
    assert lines(meeting) == SAID
    assert meeting.duration == to_samples(6.3)
    with pytest.raises(InputError, match=r"'1' of it speaks in no turn .* leave out the RTTM"):
        opened(tmp_path, stm=stm("council", "council"), rttm=rttm((0, 1, "Ann")))


def to_samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def test_stm_of_a_recording_for_each_person(tmp_path: Path) -> None:
    meeting = opened(tmp_path, stm=stm("left", "right"))
    assert lines(meeting) == SAID
    assert "2 recordings with a speaker each, taken as one meeting" in meeting.notes
    both = stm("left", "right") + "right 1 1 7.0 8.0 and me\n"
    with pytest.raises(InputError, match="several recordings, 'left' and 'right'"):
        opened(tmp_path, stm=both)


def test_segments_of_one_word_are_stm_too(tmp_path: Path) -> None:
    text = "m 1 Ann 0.5 2.3 yes\nm 1 Bob 2.6 4.1 no\n"
    assert lines(opened(tmp_path, txt=text)) == [("Ann", "yes"), ("Bob", "no")]


@pytest.mark.parametrize("names", [("numbers.stm", "numbers.rttm"), ("perspk.stm",)])
def test_stm_cases(names: tuple[str, ...]) -> None:
    assert lines(case(*names)) == [*SAID[:2], ("1", "yes the budget comes first")]


def test_stm_with_labels_alternatives_and_stretches_that_do_not_count(tmp_path: Path) -> None:
    text = (
        ";; a comment\n"
        "m 1 Ann%20Lee 0.5 2 <o,f0,female> so { uh / um / @ } yes { @ / no }\n"
        "m 1 inter_segment_gap 2 3 <o,,>\n"
        "m 1 Bob 3 4 ignore_time_segment_in_scoring\n"
        "m 1 Bob 5 6 fine\n"
    )
    meeting = opened(tmp_path, stm=text)
    assert lines(meeting) == [("Ann Lee", "so uh yes"), ("Bob", "fine")]
    assert "the first of several alternatives was taken" in meeting.notes


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("m 1 Bob 5 4 hm", "ends before it starts"),
        ("m 1 Bob -5 4 hm", "negative start"),
        ("m 1 Bob", "no start and end"),
        ("board room 1 Bob 5 6 hm", "white space in a name"),
        ("n 1 Ann 5 6 hm", "several recordings"),
    ],
)
def test_bad_stm(tmp_path: Path, line: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        opened(tmp_path, stm=f"m 1 Ann 0 1 hi\n{line}\n")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_stm_with_white_space_in_speakers_alone(tmp_path: Path) -> None:
    text = "m 1 Ana Lee 0 1 hi 5 6\nm 1 Ana Kim 1 2 ho\n"
    assert lines(opened(tmp_path, stm=text)) == [("Ana Lee", "hi 5 6"), ("Ana Kim", "ho")]


# White space in names


NAMES = [("Ana Lee", "hello everyone"), ("Ana Kim", "good morning"), ("Ben Ode", "shall we")]
WORDS = [
    *((0.6, "hello"), (1.1, "everyone"), (4.2, "good"), (4.7, "morning")),
    *((7.2, "shall"), (7.7, "we")),
]


def test_white_space_in_names(tmp_path: Path) -> None:
    turns = rttm((0.5, 3, "Ana Lee"), (4, 2.5, "Ana Kim"), (7, 3, "Ben Ode"))
    assert lines(opened(tmp_path, rttm=turns, ctm=ctm(*WORDS))) == NAMES
    short = turns.replace(" <NA> <NA>\n", "\n")
    assert lines(opened(tmp_path, rttm=short, ctm=ctm(*WORDS))) == NAMES


def test_white_space_in_the_name_of_a_recording(tmp_path: Path) -> None:
    turns = rttm((0.5, 3, "a"), (4, 2.5, "b"), (7, 3, "c"), file="team call")
    words = ctm(*WORDS, file="team call")
    meeting = opened(tmp_path, rttm=turns, ctm=words)
    assert meeting.meeting_id == "team call"
    assert [text for _, text in lines(meeting)] == [text for _, text in NAMES]
    assert meeting.words[0].start == to_samples(0.6)


@pytest.mark.parametrize("names", [("names.rttm", "names.ctm"), ("call.rttm", "call.ctm")])
def test_white_space_cases(names: tuple[str, str]) -> None:
    meeting = case(*names)
    assert [text for _, text in lines(meeting)][:2] == ["hello everyone", "good morning"]
    assert {word.speaker for word in meeting.words} in (
        {"Ana Lee", "Ana Kim", "Ben Ode"},
        {"speaker_0", "speaker_1"},
    )


@pytest.mark.parametrize(
    "names",
    [
        ("Speaker 0 <NA>", "Speaker 1 <NA>"),  # two people, or one with confidences
        ("Speaker 1 <NA>", "Speaker 2 <NA>"),
        ("Ana 3", "Ben 4"),
    ],
)
def test_names_that_can_be_read_in_two_ways_are_refused(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    text = "".join(f"SPEAKER m 1 {at} 1 <NA> <NA> {name}\n" for at, name in enumerate(names))
    with pytest.raises(InputError, match=r"white space in a name.*write it as %20"):
        opened(tmp_path, rttm=text, ctm=ctm((0.1, "hi"), file="m"))


def test_confidences_are_no_names(tmp_path: Path) -> None:
    text = "SPEAKER m 1 0 1 <NA> <NA> Ann 0.9 <NA>\nSPEAKER m 1 1 1 <NA> <NA> Ann 1.0 0.5\n"
    meeting = opened(tmp_path, rttm=text, ctm=ctm((0.1, "hi"), file="m"))
    assert list(meeting.participants) == ["Ann"]


def test_a_word_with_more_behind_it_than_ctm_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="white space in a name"):
        opened(tmp_path, ctm="m 1 0 1 hello 0.9\nm 1 1 1 good morning all\n")


# One speaker's turns overlap


def test_turns_that_overlap_themselves(tmp_path: Path) -> None:
    turns = rttm((0.5, 4, "1"), (4.2, 2, "1"), (6.1, 1.5, "1"), (3, 2.5, "2"), (8, 2, "2"))
    words = ctm((0.6, "hello"), (3.9, "well"), (6.2, "again"), (8.2, "fine"))
    meeting = opened(tmp_path, rttm=turns, ctm=words)
    assert lines(meeting) == [("1", "hello well again"), ("2", "fine")]
    assert any("overlapping turns of one speaker joined" in note for note in meeting.notes)


def test_self_overlap_case() -> None:
    meeting = case("self-overlap.rttm", "self-overlap.ctm")
    assert lines(meeting) == [("1", "hello well again"), ("2", "fine")]
    assert [turn.speaker for turn in meeting.turns] == ["1", "2", "2"]


def test_segments_that_overlap_themselves(tmp_path: Path) -> None:
    segments = [
        {"session_id": "S", "speaker": "A", "start_time": at, "end_time": at + 2, "words": "a b"}
        for at in (0, 1, 5)
    ]
    meeting = opened(tmp_path, json=json.dumps(segments))
    assert [(t.start, t.end) for t in meeting.turns] == [
        (0, 3 * SAMPLE_RATE),
        (5 * SAMPLE_RATE, 7 * SAMPLE_RATE),
    ]
    assert any("overlapping turns of one speaker joined" in note for note in meeting.notes)
    record = {
        "meeting_id": "R",
        "speakers": {"A": {}},
        "turns": [{"speaker": "A", "start": at, "end": at + 2, "text": "a b"} for at in (0, 1)],
    }
    meeting = opened(tmp_path, json=json.dumps(record))
    assert [turn.end for turn in meeting.turns] == [3 * SAMPLE_RATE]
    assert any("overlapping turns of one speaker joined" in note for note in meeting.notes)


# CTM

ALTERNATIVES = """talk A 0.50 0.30 good 0.9
talk A * * <ALT_BEGIN>
talk A 0.90 0.30 morning 0.7
talk A * * <ALT>
talk A 0.90 0.30 mourning 0.3
talk A * * <ALT_END>
talk B 2.00 0.30 hello 0.9
"""


def test_the_first_of_several_alternatives(tmp_path: Path) -> None:
    meeting = opened(tmp_path, ctm=ALTERNATIVES)
    assert lines(meeting) == [("A", "good morning"), ("B", "hello")]
    assert meeting.notes == ("1 times the first of several alternatives was taken",)
    assert lines(case("alternatives.ctm")) == [("A", "good morning"), ("B", "hello")]


def test_channels_come_before_overlap(tmp_path: Path) -> None:
    turns = rttm((0, 2, "A"), file="m") + rttm((0, 2, "B"), file="m", channel="2")
    words = ctm((0.5, "hello"), file="m") + ctm((0.6, "there"), file="m", channel="2")
    assert lines(opened(tmp_path, rttm=turns, ctm=words)) == [("A", "hello"), ("B", "there")]
    other = words.replace("m 2", "m B")  # they do not agree on channels: time alone says it
    assert lines(opened(tmp_path, rttm=turns, ctm=other)) == [("A", "hello there")]


def test_channels_case() -> None:
    meeting = case("channels.rttm", "channels.ctm")
    assert lines(meeting) == [("A", "hello"), ("B", "there")]


COLUMN_8 = """m 1 0.5 0.4 hello NA lex ann
m 1 1.2 0.4 laughter NA non-lex ann
m 1 1.6 0.2 [noise] NA lex ann
m 1 2.0 0.4 there NA lex bob
m 1 2.6 0.3 <eps> NA lex bob
"""


def test_column_8_is_the_speaker_and_only_words_are_words(tmp_path: Path) -> None:
    meeting = opened(tmp_path, ctm=COLUMN_8)
    assert lines(meeting) == [("ann", "hello"), ("bob", "there")]
    assert meeting.notes == ("3 entries that are no words left out (noises, pauses)",)
    assert lines(case("speakers-in-column-8.ctm")) == [("ann", "hello"), ("bob", "there")]


def test_the_speakers_of_column_8_are_believed_before_times(tmp_path: Path) -> None:
    turns = rttm((0, 5, "ann"), (1.9, 1, "bob"), file="m")
    assert lines(opened(tmp_path, rttm=turns, ctm=COLUMN_8)) == [("ann", "hello"), ("bob", "there")]


def test_words_of_no_length_count_as_speech(tmp_path: Path) -> None:
    text = "one 1 1.0 0 good\none 1 1.5 0 morning\ntwo 1 3.0 0 hello\ntwo 1 3.4 0 there\n"
    for meeting in (opened(tmp_path, ctm=text), case("words-of-no-length.ctm")):
        assert lines(meeting) == [("one", "good morning"), ("two", "hello there")]
        assert all(word.end > word.start for word in meeting.words)
        assert 0.5 < talk(meeting) < 2.0
        assert meeting.notes == ("4 words have no length; theirs are guesses",)


def test_turns_of_no_length_count_as_speech(tmp_path: Path) -> None:
    record = {
        "meeting_id": "R",
        "speakers": {"A": {}},
        "turns": [
            {"speaker": "A", "start": 1, "end": 1, "words": [{"w": "yes", "s": 1, "e": 1}]},
            {
                "speaker": "A",
                "start": 2,
                "end": 3,
                "words": [{"w": "so", "s": 2, "e": 3}, {"w": ".", "s": 3, "e": 3}],
            },
        ],
    }
    meeting = opened(tmp_path, json=json.dumps(record))
    assert [word.end > word.start for word in meeting.words] == [True, True, False]
    segment = {"session_id": "S", "speaker": "A", "start_time": 1, "end_time": 1, "words": "yes so"}
    assert talk(opened(tmp_path, json=json.dumps([segment]))) > 0.3


def test_a_speaker_may_be_a_number(tmp_path: Path) -> None:
    segments = [
        {"session_id": 5, "speaker": n, "start_time": n, "end_time": n + 1, "words": "hi"}
        for n in (0, 1)
    ]
    meeting = opened(tmp_path, json=json.dumps(segments))
    assert lines(meeting) == [("0", "hi"), ("1", "hi")]
    record = {
        "meeting_id": "R",
        "speakers": {"0": {}},
        "turns": [{"speaker": 0, "start": 0, "end": 1, "text": "hi"}],
    }
    assert lines(opened(tmp_path, json=json.dumps(record))) == [("0", "hi")]
    assert lines(case("number-speaker.seglst.json"))[0] == ("0", "good morning everyone")
