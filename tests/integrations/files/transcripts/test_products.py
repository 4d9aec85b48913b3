"""What meeting products export: WebVTT, SRT, text and documents of Word."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.files.inputs import open_inputs
from integrations.files.transcripts.plain_text import parse_text, plain_text
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.srt import parse_srt, srt_text
from integrations.files.transcripts.vtt import LONGEST_CUE, parse_vtt, vtt_text
from integrations.files.transcripts.words import SPREAD, MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import SAMPLE_RATE
from tests.integrations.files.transcripts.test_cases import lines
from tests.integrations.files.transcripts.words import FILE, refused, spoken

TEAMS = """\ufeffWEBVTT\r
\r
5cbd9a0e-4c0b-4f2b-a95f-0a3f2b9f7a10/12-0\r
00:00:03.000 --> 00:00:05.500\r
<v Ana Lee>Good morning &amp; welcome.</v>\r
\r
5cbd9a0e-4c0b-4f2b-a95f-0a3f2b9f7a10/12-1\r
00:00:05.000 --> 00:00:07.000\r
<v Ana Lee>Shall we start?</v>\r
\r
5cbd9a0e-4c0b-4f2b-a95f-0a3f2b9f7a10/20-0\r
00:00:06.000 --> 00:00:08.000\r
<v Ode, Ben (Guest)>Yes: let's.\r
"""
ZOOM = """WEBVTT

1
00:00:01.000 --> 00:00:03.000
Ana Lee: 10:30 is fine: is it not?

2
00:00:04.000 --> 00:00:05.000
ben: Note: it is.

3
00:00:06.000 --> 00:00:07.000
and that is that
"""


def ends(meeting: MeetingWords) -> list[tuple[float, float]]:
    return [(t.start / SAMPLE_RATE, t.end / SAMPLE_RATE) for t in meeting.turns]


def test_teams_voice_tags_identifiers_and_overlapping_cues() -> None:
    meeting = parse_vtt(TEAMS.lstrip("\ufeff"), FILE)
    said: dict[str, list[str]] = {}
    for word in meeting.words:
        said.setdefault(word.speaker, []).append(word.text)
    assert said == {
        "Ana Lee": ["Good", "morning", "&", "welcome.", "Shall", "we", "start?"],
        "Ode, Ben (Guest)": ["Yes:", "let's."],
    }
    assert ends(meeting) == [(3.0, 7.0), (6.0, 8.0)]
    assert SPREAD in meeting.notes
    assert any("overlapping turns of one speaker joined" in note for note in meeting.notes)


def test_zoom_names_in_front() -> None:
    meeting = parse_vtt(ZOOM, FILE)
    assert lines(meeting) == [
        ("Ana Lee", "10:30 is fine: is it not?"),
        ("ben", "Note: it is. and that is that"),
    ]
    assert "1 captions without a name, given to who spoke before" in meeting.notes


def test_hours_may_be_missing_and_comments_are_no_captions() -> None:
    text = (
        "WEBVTT - a meeting\nKind: captions\n\nNOTE\n00:01.000 --> 00:02.000\nnothing\n\n"
        "STYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.500 align:start\n"
        "<v.loud Ana>So <i>good</i>\n<v Ben>Yes <00:00:02.000><c> yes</c>\n"
    )
    meeting = parse_vtt(text, FILE)
    assert lines(meeting) == [("Ana", "So good"), ("Ben", "Yes yes")]
    assert ends(meeting)[0][0] == 1.0
    assert ends(meeting)[-1][1] == 2.5


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        ("00:02 --> soon\nAna: hm", "no times on both sides"),
        ("00:02.000 --> 00:01.000\n<v Ana>hm", "ends before it starts"),
        ("999:00:00.000 --> 999:00:01.000\n<v Ana>hm", "a time of"),
        ("00:01.000 --> 00:02.000\n<v " + "x" * 61 + ">hm", "bad participant name"),
        ("00:01.000 --> 00:02.000\n<v ?>hm", "reserved"),
        ("00:01.000 --> 00:02.000\n<v Ana>", "no words"),
        ("", "no words"),
    ],
)
def test_bad_vtt(cue: str, expected: str) -> None:
    assert expected in refused(parse_vtt, f"WEBVTT\n\n{cue}\n")


SRT = """1
00:00:01,000 --> 00:00:03,000
Ana Lee: good morning

2
00:00:03,500 --> 00:00:05,000
Ben: morning all
"""


def opened(folder: Path, text: str | bytes, name: str = "talk.txt") -> MeetingWords:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    meeting = open_inputs([str(path)])
    assert isinstance(meeting, MeetingWords)
    return meeting


def test_srt(tmp_path: Path) -> None:
    meeting = opened(tmp_path, SRT)
    assert lines(meeting) == [("Ana Lee", "good morning"), ("Ben", "morning all")]
    assert ends(meeting) == [(1.0, 3.0), (3.5, 5.0)]
    assert meeting.meeting_id == "talk"
    wide = opened(tmp_path, SRT.replace("\n", "\r\n").encode("utf-16"))
    assert lines(wide) == lines(meeting)


def test_captions_without_names_go_with_an_rttm(tmp_path: Path) -> None:
    text = SRT.replace("Ana Lee: ", "").replace("Ben: ", "")
    with pytest.raises(InputError, match=r"does not say who speaks, .*add the RTTM"):
        opened(tmp_path, text, "talk.srt")
    rttm = tmp_path / "talk.rttm"
    rttm.write_text(
        "SPEAKER talk 1 1 2.2 <NA> <NA> A <NA> <NA>\nSPEAKER talk 1 3.2 2 <NA> <NA> B <NA> <NA>\n"
    )
    meeting = open_inputs([str(tmp_path / "talk.srt"), str(rttm)])
    assert isinstance(meeting, MeetingWords)
    assert lines(meeting) == [("A", "good morning"), ("B", "morning all")]


@pytest.mark.parametrize(
    "text",
    [
        "[00:00:03] Ana Lee: Good morning.\n[00:00:08] Ben: Hi. 10:30 is fine.\n",
        "00:03 Ana Lee: Good morning.\n00:08 Ben: Hi. 10:30 is fine.\n",
        "Ana Lee  0:03  \nGood morning.\n\nBen  0:08\nHi.\n10:30 is fine.\n".replace("\n10", " 10"),
        "[Ana Lee] 10:00:03\nGood morning.\n\n[Ben] 10:00:08\nHi. 10:30 is fine.\n",
        "Ana Lee (00:03): Good morning.\nBen (00:08): Hi. 10:30 is fine.\n",
        "10:00:03 From Ana Lee to Everyone: Good morning.\n"
        "10:00:08 From Ben to Everyone: Hi. 10:30 is fine.\n",
        "0:0:3.0 --> 0:0:5.5\nAna Lee\nGood morning.\n"
        "0:0:8.0 --> 0:0:9.5\nBen\nHi. 10:30 is fine.\n",
        "Weekly call\nAttendees\nAna Lee, Ben\n00:00:03\nAna Lee: Good morning.\n00:00:08\n"
        "Ben: Hi. 10:30 is fine.\n",
    ],
)
def test_text_with_times_and_names(tmp_path: Path, text: str) -> None:
    meeting = opened(tmp_path, text)
    assert lines(meeting) == [("Ana Lee", "Good morning."), ("Ben", "Hi. 10:30 is fine.")]
    starts = [start for start, _ in ends(meeting)]
    assert starts[1] - starts[0] == 5.0
    assert starts[0] in (0.0, 3.0)
    assert SPREAD in meeting.notes


def test_segments_of_one_time_follow_each_other(tmp_path: Path) -> None:
    text = "00:00:00\nAna: one two three\nBen: four five\nAna: six\n00:05:00\nBen: seven\n"
    meeting = opened(tmp_path, text)
    assert lines(meeting) == [
        *(("Ana", "one two three"), ("Ben", "four five")),
        *(("Ana", "six"), ("Ben", "seven")),
    ]
    turns = ends(meeting)
    assert all(before[1] <= after[0] for before, after in pairwise(turns))
    assert turns[2][1] < 3.0
    assert turns[3][0] == 300.0
    assert any("guessed" in note for note in meeting.notes)


def test_a_meeting_past_midnight_goes_on(tmp_path: Path) -> None:
    text = "[Ana] 23:59:58\nlate\n[Ben] 00:00:03\nvery\n"
    assert ends(opened(tmp_path, text))[1][0] == 5.0


def docx(path: Path, *paragraphs: str, body: str | None = None) -> Path:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    made = body or "".join(
        "<w:p><w:r><w:t xml:space='preserve'>"
        + paragraph.replace("\n", "</w:t><w:br/><w:t>").replace("\t", "</w:t><w:tab/><w:t>")
        + "</w:t></w:r></w:p>"
        for paragraph in paragraphs
    )
    with ZipFile(path, "w", ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        text = f"<w:document xmlns:w='{space}'><w:body>{made}</w:body></w:document>"
        packed.writestr("word/document.xml", text if made[:2] not in ("<!", "<?") else made)
    return path


def test_documents_of_teams_and_meet(tmp_path: Path) -> None:
    teams = docx(tmp_path / "a.docx", "Weekly", "Ana Lee   0:03\nGood morning.", "Ben\t0:08\nHi.")
    meet = docx(tmp_path / "b.docx", "Transcript", "00:00:03", "Ana Lee: Good morning.", "Ben: Hi.")
    for path in (teams, meet):
        meeting = open_inputs([str(path)])
        assert isinstance(meeting, MeetingWords)
        assert lines(meeting) == [("Ana Lee", "Good morning."), ("Ben", "Hi.")]


@pytest.mark.parametrize(
    "body",
    [
        "<w:p>",
        "<?xml version='1.0' encoding='UTF-99'?><x/>",
        "<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><x>&c;</x>",
        "<w:p><w:r><w:t>no time at all</w:t></w:r></w:p>",
    ],
)
def test_bad_documents(tmp_path: Path, body: str) -> None:
    path = docx(tmp_path / "a.docx", body=body)
    with pytest.raises(InputError) as caught:
        open_inputs([str(path)])
    assert str(caught.value).isprintable()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError) as caught:
        open_inputs([str(path)])
    assert str(caught.value).isprintable()


names = st.from_regex(r"[A-Z][a-z]{1,8}( [A-Z][a-z]{1,8})?", fullmatch=True)


@st.composite
def told(draw: st.DrawFn) -> list[Word]:
    """As `spoken`, with plain names and words, no two segments of a speaker within 1 ms."""
    words: list[Word] = []
    for speaker in draw(st.lists(names, min_size=1, max_size=3, unique=True)):
        at = draw(st.integers(0, 10**5)) * 16
        for _ in range(draw(st.integers(1, 8))):
            at += draw(st.integers(0, 1500)) * 16
            end = at + draw(st.integers(10, 1500)) * 16
            words.append(Word(speaker, draw(st.from_regex(r"[a-z]{1,9}", fullmatch=True)), at, end))
            at = end
    return words


@pytest.mark.parametrize(
    ("write", "parse", "longest"),
    [
        (vtt_text, parse_vtt, LONGEST_CUE),
        (srt_text, parse_srt, LONGEST_CUE),
        (plain_text, parse_text, None),
    ],
    ids=["vtt", "srt", "text"],
)
@given(words=told())
def test_round_trips(write, parse, longest, words: list[Word]) -> None:  # type: ignore[no-untyped-def]
    meeting = parse(write(words), FILE)
    expected = [(s.speaker, s.start, s.end) for s in join_words(words, longest=longest)]
    assert [(t.speaker, t.start, t.end) for t in meeting.turns] == expected
    for speaker in {word.speaker for word in words}:
        assert [w.text for w in meeting.words if w.speaker == speaker] == [
            w.text for w in words if w.speaker == speaker
        ]


@given(words=spoken())
def test_any_name_comes_back_from_vtt(words: list[Word]) -> None:
    meeting = parse_vtt(vtt_text(words), FILE)
    assert set(meeting.participants) == {word.speaker for word in words}
    assert sorted(w.text for w in meeting.words) == sorted(w.text for w in words)


@given(text=st.text(alphabet="0123456789:.,-> \n<v/>Aab[]()\t\"'&;", max_size=300))
def test_whatever_it_is_it_is_one_line(text: str) -> None:
    for parse in (parse_vtt, parse_srt, parse_text):
        try:
            words = parse(text, FILE).words
        except InputError as caught:
            words, message = (), str(caught)
        else:
            message = ""
        assert "\n" not in message
        assert all(word.end > word.start for word in words)


@pytest.mark.parametrize(
    "text",
    [
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v " + " " * 300_000,
        "[00:01] Ana: b\n" * 30_000,
        "[00:01] From" + " " * 90_000,
        " " * 300_000,
    ],
    ids=["tag", "one time", "from", "nothing"],
)
def test_long_texts_take_no_time(tmp_path: Path, text: str) -> None:
    began = time.process_time()
    with suppress(InputError):
        opened(tmp_path, text)
    assert time.process_time() - began < 5.0
