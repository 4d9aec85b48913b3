"""RTTM and CTM: reading, attributing words to speakers, writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize.base import SpeakerActivity
from integrations.files.transcripts.attribution import attribute, named
from integrations.files.transcripts.ctm import by_speaker, parse_ctm
from integrations.files.transcripts.rttm import merged, numbered_fields, parse_rttm, write_rttm
from integrations.files.transcripts.words import NOBODY, MeetingWords
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE
from tests.integrations.files.transcripts.words import FILE, ids, refused, times

RTTM = """;; a comment
SPKR-INFO M 1 <NA> <NA> <NA> unknown Ann <NA>
SPEAKER M 1 0.00 2.00 <NA> <NA> Ann <NA> <NA>

SPEAKER M 1 1.50 2.50 <NA> <NA> Bob <NA> <NA>
SPEAKER M 1 6.00 1.00 <NA> <NA> Ann <NA>
"""
CTM = """;; a comment
M A 0.20 0.30 hello 0.9
M A 1.40 0.40 there
M A 1.95 0.50 well
M A 4.10 0.20 late
M A 6.10 0.20 again lex Ann
"""


def joined(rttm: str, ctm: str) -> MeetingWords:
    return attribute(parse_rttm(rttm, FILE), parse_ctm(ctm, FILE), FILE)


def test_words_go_to_who_spoke_longest_over_them() -> None:
    meeting = joined(RTTM, CTM)
    assert meeting.meeting_id == "M"
    assert [(w.text, w.speaker) for w in meeting.words] == [
        ("hello", "Ann"),
        ("there", "Ann"),  # 0.4 s of Ann, 0.3 s of Bob
        ("well", "Bob"),
        ("late", "Bob"),  # outside all turns; Bob ended 0.1 s before
        ("again", "Ann"),
    ]
    assert meeting.notes == ("1 words outside all turns, given to the nearest",)
    assert meeting.duration == 7 * SAMPLE_RATE


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SPEAKER M 1 -0.5 1 <NA> <NA> A <NA> <NA>", "negative start"),
        ("SPEAKER M 1 1.5 -1 <NA> <NA> A <NA> <NA>", "ends before it starts"),
        ("SPEAKER M 1 nan 1 <NA> <NA> A <NA> <NA>", "not finite"),
        ("SPEAKER M 1 1 inf <NA> <NA> A <NA> <NA>", "not finite"),
        ("SPEAKER M 1 one 1 <NA> <NA> A <NA> <NA>", "no numbers"),
        ("SPEAKER M 1 1e9 1 <NA> <NA> A <NA> <NA>", "beyond"),
        ("SPEAKER M 1 1.0 1", "5 fields"),
        ("SPEAKER N 1 1.0 1 <NA> <NA> A <NA> <NA>", "two recordings"),
        ("SPEAKER M 1 1.0 1 <NA> <NA> %1B[2J <NA> <NA>", "bad participant name"),
        ("WORDS M 1 1.0 1", "unknown type"),
    ],
)
def test_bad_rttm(line: str, expected: str) -> None:
    message = refused(parse_rttm, f"SPEAKER M 1 0 1 <NA> <NA> A <NA> <NA>\n\n{line}\n")
    assert expected in message
    assert f"{FILE}:3" in message


def test_overlapping_turns_of_one_speaker_are_joined_and_noted() -> None:
    text = "".join(f"SPEAKER M 1 {at} 2 <NA> <NA> A <NA> <NA>\n" for at in (1, 2, 3.5, 6))
    speech = parse_rttm(text, FILE)
    seconds = [(turn.start / SAMPLE_RATE, turn.end / SAMPLE_RATE) for turn in speech.turns]
    assert seconds == [(1, 5.5), (6, 8)]
    (note,) = speech.notes
    assert note.startswith("overlapping turns of one speaker joined: line 2 (2.00-4.00 s) of A")
    assert note.endswith(", and 1 more")


@pytest.mark.parametrize("text", [";; nothing\n", "SPEAKER M 1 1 0 <NA> <NA> A <NA> <NA>\n"])
def test_rttm_without_speech(text: str) -> None:
    assert "no SPEAKER line" in refused(parse_rttm, text)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("M A -1 1 word", "negative start"),
        ("M A 1 -1 word", "ends before it starts"),
        ("M A 1 one word", "no numbers"),
        ("M A 1 1", "4 fields"),
    ],
)
def test_bad_ctm(line: str, expected: str) -> None:
    message = refused(parse_ctm, f"M A 0 1 so\n{line}\n")
    assert expected in message
    assert f"{FILE}:2" in message


def test_rttm_and_ctm_of_two_recordings() -> None:
    with pytest.raises(InputError, match="words of 'N' beside turns of 'M'"):
        joined(RTTM, "N A 1 1 word\n")


def test_ctm_whose_channels_or_files_are_the_speakers() -> None:
    meeting = by_speaker(parse_ctm("M Ann 0 1 hi\nM Bob 1 1 ho\n", FILE), FILE)
    assert [(w.speaker, w.text) for w in meeting.words] == [("Ann", "hi"), ("Bob", "ho")]
    meeting = by_speaker(parse_ctm("Ann 1 0 1 hi\nBob 1 1 1 ho\n", FILE), FILE)
    assert list(meeting.participants) == ["Ann", "Bob"]
    meeting = by_speaker(parse_ctm("M 1 0 1 hi\n", FILE), FILE)
    assert [word.speaker for word in meeting.words] == [NOBODY]
    with pytest.raises(InputError, match="does not say who speaks"):
        named(meeting, FILE)


activities = st.lists(
    st.builds(
        lambda who, start, length: SpeakerActivity(who, start, start + length),
        ids,
        times,
        st.integers(0, 10**6),
    ),
    min_size=1,
    max_size=12,
)


@given(pieces=activities, name=ids)
def test_rttm_round_trip(
    pieces: list[SpeakerActivity], name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.rttm"
    turns = merged(pieces)
    write_rttm(path, name, pieces)
    text = path.read_text(encoding="utf-8")
    assert all(len(fields) == 10 for _, fields in numbered_fields(text))
    if turns:
        speech = parse_rttm(text, path)
        assert speech.file == name
        assert list(speech.turns) == turns
        assert merged(speech.turns) == turns


@given(
    pieces=activities,
    starts=st.lists(st.tuples(times, st.integers(0, 30_000)), min_size=1, max_size=12),
)
def test_attribution_agrees_with_looking_at_every_turn(
    pieces: list[SpeakerActivity], starts: list[tuple[int, int]]
) -> None:
    turns = merged(pieces)
    if not turns:
        return
    lines = [f"M A {at / SAMPLE_RATE:.7f} {n / SAMPLE_RATE:.7f} w" for at, n in starts]
    words = parse_ctm("\n".join(lines), FILE)
    rttm = parse_rttm(_rttm_text(turns), FILE)
    for said in attribute(rttm, words, FILE).words:
        end = max(said.end, said.start + 1)
        shared: dict[str, int] = {}
        for t in turns:
            overlap = max(0, min(t.end, end) - max(t.start, said.start))
            shared[t.speaker] = shared.get(t.speaker, 0) + overlap
        if any(shared.values()):
            assert shared[said.speaker] == max(shared.values())
        else:
            gaps = {id(t): max(t.start - said.end, said.start - t.end) for t in turns}
            best = [t.speaker for t in turns if gaps[id(t)] == min(gaps.values())]
            assert said.speaker in best


def _rttm_text(turns: list[SpeakerActivity]) -> str:
    from urllib.parse import quote

    return "".join(
        f"SPEAKER M 1 {t.start / SAMPLE_RATE:.7f} {(t.end - t.start) / SAMPLE_RATE:.7f}"
        f" <NA> <NA> {quote(t.speaker)} <NA> <NA>\n"
        for t in turns
    )
