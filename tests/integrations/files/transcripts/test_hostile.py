"""Small files made to take long or to take much memory: they are read in time, or refused."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import ZIP_LZMA

import pytest
from pydantic import ValidationError

from integrations.files.inputs import open_inputs
from integrations.files.transcripts.chat import parse_chat
from integrations.files.transcripts.ctm import parse_ctm
from integrations.files.transcripts.plain_text import parse_text
from integrations.files.transcripts.records import record_text
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from tests.fuzz.forms import DOCUMENT, docx
from tests.integrations.files.transcripts.words import FILE, refused

SECONDS = 5.0
"""What each took tens of times when it took the square of its length."""

_OPEN = "a 1 1 0 <ALT_BEGIN>\n" * 20_000
SLOW: Mapping[str, Mapping[str, str]] = {
    "digits in stm": {"a.stm": f"a 1 b {'1' * 200_000}x 2 c\n"},
    "digits in ctm": {"a.ctm": f"a 1 1 {'1' * 200_000}x hi\n"},
    "digits in a textgrid": {
        "a.TextGrid": f'File type = "ooTextFile"\nObject class = "TextGrid"\n{"1" * 200_000}x'
    },
    "a pause in chat": {"a.cha": f"@UTF8\n*A:\thi ({'1' * 200_000}\n"},
    "noughts in chat": {"a.cha": f"@UTF8\n*A:\thi {'0' * 200_000}!\n"},
    "spaces behind names": {"a.txt": "0:01 a\n" + ("a" + " " * 98 + "x\n") * 9_000},
    "senders of chats": {"a.txt": ("0:01 From" + "     to     a" * 13 + "\n") * 5_000},
    "alternatives": {"a.ctm": _OPEN + "a 1 1 0 x\n" * 40_000},
    "people at once": {
        "a.rttm": "".join(
            f"SPEAKER t 1 {n / 1000} 90000 <NA> <NA> s{n} <NA> <NA>\n" for n in range(18_000)
        ),
        "a.ctm": "".join(f"t 1 {10_000 + n} 1 hi\n" for n in range(40_000)),
    },
    "stretches": {
        "u.uem": "".join(f"t 1 {n} {n}.4\n" for n in range(40_000)),
        "a.stm": "".join(f"t 1 b {n} {n}.9 c d e\n" for n in range(30_000)),
    },
}


def opened(folder: Path, files: Mapping[str, str | bytes]) -> MeetingWords:
    for name, data in files.items():
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    meeting = open_inputs([str(folder / name) for name in files])
    assert isinstance(meeting, MeetingWords)
    return meeting


@pytest.mark.parametrize("name", SLOW)
def test_time_is_in_proportion_to_length(tmp_path: Path, name: str) -> None:
    began = time.process_time()
    with suppress(InputError):
        opened(tmp_path, SLOW[name])
    assert time.process_time() - began < SECONDS


def test_a_record_of_one_long_segment_is_written_in_time() -> None:
    words = [Word("a", "b", at, at + 1) for at in range(300_000)]
    began = time.process_time()
    assert record_text("m", 300_000, words, {}).count('"w"') == len(words)
    assert time.process_time() - began < SECONDS


LISTS = {
    "whisper": '{"segments":[%s]}',
    "words of whisper": '{"segments":[{"start":0,"end":1,"words":[%s]}]}',
    "deepgram": '{"results":{"channels":[{"alternatives":[{"words":[%s]}]}]}}',
    "assemblyai": '{"utterances":[%s]}',
    "rev": '{"monologues":[{"elements":[%s]}]}',
    "fireflies": '{"sentences":[%s]}',
    "recall": '[{"words":[%s]}]',
    "lhotse": '[{"recording_id":"a","supervisions":[%s]}]',
    "seglst": '[{"session_id":"a"},%s]',
    "record": '{"meeting_id":"a","speakers":{"a":{}},"turns":[%s]}',
}


@pytest.mark.parametrize("name", LISTS)
def test_the_first_fault_of_a_list_is_enough(tmp_path: Path, name: str) -> None:
    """Pydantic keeps each of half a million: hundreds of megabytes."""
    with pytest.raises(InputError) as caught:
        opened(tmp_path, {"a.json": LISTS[name] % ",".join("0" * 50)})
    faults = caught.value.__context__
    assert isinstance(faults, ValidationError)
    assert faults.error_count() <= 4  # of one entry


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.docx", lambda: docx(b"<w:p/>" * 500_000)),
        ("a.docx", lambda: docx(DOCUMENT.encode().replace(b"<w:br/>", b"<w:br/>" * 600_000), 0)),
        ("a.docx", lambda: docx(DOCUMENT.encode(), ZIP_LZMA)),
        ("a.docx", lambda: docx(DOCUMENT.encode())[:-40] + b"\0" * 40),
        ("a.json.gz", lambda: gzip.compress(b'{"segments":[' + b"0," * 10**6 + b"0]}")),
    ],
)
def test_what_unpacks_to_very_much_is_refused(
    tmp_path: Path, name: str, make: Callable[[], bytes]
) -> None:
    began = time.process_time()
    with pytest.raises(InputError) as caught:
        opened(tmp_path, {name: make()})
    assert str(caught.value).isprintable()
    assert time.process_time() - began < SECONDS


def test_a_damaged_stream_in_a_document_is_one_line(tmp_path: Path) -> None:
    data = bytearray(docx(DOCUMENT.encode()))
    at = data.index(b"word/document.xml") + len("word/document.xml")
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(InputError, match="a document that cannot be read"):
        opened(tmp_path, {"a.docx": bytes(data)})


def test_numbers_too_large_for_a_time(tmp_path: Path) -> None:
    word = f'["a",{10**400},1]'
    line = f'{{"recording_id":"a","duration":1,"speaker":"b","alignment":{{"word":[{word}]}}}}'
    with pytest.raises(InputError, match="no words"):
        opened(tmp_path, {"a.jsonl": line})


def test_a_meeting_of_thousands_is_none() -> None:
    text = "".join(f"0:01 A{number}: x\n" for number in range(201))
    assert "201 people in it" in refused(parse_text, text)


def test_names_of_chats_are_still_found() -> None:
    text = "0:01 From  Ana Lee  to  Everyone : good: morning\n0:02 From the start: Ben: no\n"
    said = [(word.speaker, word.text) for word in parse_text(text, FILE).words]
    assert said[:2] == [("Ana Lee", "good:"), ("Ana Lee", "morning")]


def test_noughts_in_chat_are_words_left_out_and_in_numbers_they_are_not() -> None:
    text = "@UTF8\n*A:\tit 0is 10 or 1.0 of 0them , 0 .\x151_1000\x15\n"
    assert " ".join(word.text for word in parse_chat(text, FILE).words) == "it 10 or 1.0 of"


def test_alternatives_within_alternatives() -> None:
    line = "a 1 1 0.1 {}\n"
    marks = "<ALT_BEGIN> a <ALT_BEGIN> b <ALT> c <ALT_END>"
    marks += " <ALT> d <ALT_BEGIN> e <ALT_END> <ALT_END> f"
    words = parse_ctm("".join(map(line.format, marks.split())), FILE).words
    assert sorted(word.text for word in words) == ["a", "b", "f"]
