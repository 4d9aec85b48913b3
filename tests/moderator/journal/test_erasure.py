"""Words go out of a journal in their place, and what is owed stands in it until it is done."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.errors import InputError
from moderator.events import (
    Act,
    CommandGiven,
    ConsentGiven,
    Erased,
    Heard,
    Proposal,
    SaidAt,
    SpeakerActivity,
    TurnEnded,
    TurnStarted,
    Word,
    WordPlayed,
)
from moderator.journal.erasure import Erasure, owed, redact
from moderator.journal.file import Journal
from moderator.journal.lines import Event, read, turn_from
from roles.schema import Command

ANA = Erasure(("ana",), 4_000)


def said(number: int, who: str) -> Heard:
    return Heard(number, words=(Word(who, f"{who}{number}", number, number + 1),))


def written(path: Path, *events: Event) -> Journal:
    journal = Journal(path)
    for event in events:
        journal.write(event)
    return journal


def test_lines_that_come_while_words_are_erased_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = written(path, *(said(n, "ana" if n % 2 else "ben") for n in range(4_000)))
    erasing = threading.Thread(target=journal.erase, args=(ANA,))
    erasing.start()
    count = 4_000
    while erasing.is_alive() or count < 4_200:
        journal.write(said(count, "ana" if count % 2 else "ben"))
        count += 1
    erasing.join()
    journal.close()
    lines = list(read(path))
    assert [line["at"] for line in lines] == list(range(count))
    words = [word for line in lines for word in line.get("words", ())]
    assert {who for who, _, start, _ in words if start < 4_000} == {"ben"}
    assert [start for _, _, start, _ in words if start >= 4_000] == list(range(4_000, count))
    assert list(tmp_path.iterdir()) == [path]


def test_an_erasure_that_fails_midway_is_done_by_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = written(path, *(said(number, "ana") for number in range(100)))
    calls, pwrite = iter(range(60)), os.pwrite

    def full(handle: int, data: bytes, at: int) -> int:
        if next(calls, None) is None:
            raise OSError(errno.EIO, "Input/output error")
        return pwrite(handle, data, at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(InputError, match="cannot write the journal"):
            journal.erase(ANA)
    journal.write(said(100, "ben"))
    journal.erase(ANA)
    journal.write(said(101, "ben"))
    journal.close()
    lines = list(read(path))
    assert [line["at"] for line in lines] == list(range(102))
    assert {word[0] for line in lines for word in line.get("words", ())} == {"ben"}


def test_erasing_needs_no_space_and_moves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, said(1, "ana"), said(2, "ben"), said(3, "ana")).close()
    size, ben = path.stat().st_size, path.read_bytes().splitlines()[1]
    redact(path, ANA)
    assert path.stat().st_size == size
    assert path.read_bytes().splitlines()[1] == ben
    assert b"ana1" not in path.read_bytes()


def test_a_closed_journal_does_not_pretend_to_erase(tmp_path: Path) -> None:
    journal = written(tmp_path / "journal.jsonl", said(1, "ana"))
    journal.close()
    with pytest.raises(ValueError, match="closed"):
        journal.erase(ANA)
    with pytest.raises(ValueError, match="closed"):
        journal.write(said(2, "ana"))


def test_what_a_partial_says_at_the_very_moment_goes(tmp_path: Path) -> None:
    journal = written(tmp_path / "journal.jsonl", Heard(4_000, partials={"ana": "elephant"}))
    journal.erase(ANA)
    journal.close()
    assert "elephant" not in (tmp_path / "journal.jsonl").read_text()


def test_turns_that_may_quote_somebody_go_with_their_words(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = written(
        path,
        Heard(100, activities=(SpeakerActivity("ana", 10, 90),)),
        CommandGiven(200, Command.SAY, "ana", "chat", True, "elephants are grey"),
        Proposal(300, "dictated", 1.0, Act.ANSWER, cue="told to say: elephants are grey"),
        TurnStarted(400, 1, Act.ANSWER, None, ("ana",)),
        WordPlayed(1, "elephants", 400, 500),
        TurnEnded(600, 1, "elephants", "are grey", ("ana",)),
        TurnStarted(700, 2, Act.TIME_CHECK, None),
        WordPlayed(2, "halftime", 700, 800),
        TurnEnded(900, 2, "halftime", ""),
        TurnEnded(950, 3, "", "elephants again", ("ana", "ben")),
    )
    traces = journal.erase(ANA)
    journal.close()
    text = path.read_text()
    assert "elephants" not in text
    assert text.count("halftime") == 2
    assert traces.own_spans(10_000) == [(400, 600)]
    assert traces.spoke == [(10, 90)]


def test_a_turn_that_comes_to_quote_somebody_goes_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = written(
        path,
        TurnStarted(400, 1, Act.ANSWER, None, ("ben",)),
        WordPlayed(1, "elephants", 400, 500),
        TurnEnded(600, 1, "elephants", "", ("ana", "ben"), (SaidAt("ana", 7), SaidAt("ben", 9))),
        TurnStarted(700, 2, Act.ANSWER, None),
        TurnEnded(900, 2, "halftime", "", ("ben",), (SaidAt("ben", 9),)),
    )
    traces = journal.erase(ANA)
    journal.close()
    assert "elephants" not in path.read_text()
    assert traces.own_spans(10_000) == [(400, 600)]
    ended = [turn_from(line) for line in read(path) if line["kind"] == "turn_ended"]
    assert [one.lines for one in ended if isinstance(one, TurnEnded)] == [(), (SaidAt("ben", 9),)]


def test_voices_on_a_microphone_go_with_it_also_those_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(
        path,
        *(said(n, who) for n, who in enumerate(["hall/?", "hall/speaker_1", "hallway", "hall"])),
        Heard(9, partials={"hall/?": "elephant", "den/?": "kept"}),
    ).close()
    redact(path, Erasure(("hall", "hall/"), 100))
    text = path.read_text()
    assert "hallway2" in text
    assert "kept" in text
    for gone in ("hall/?0", "speaker_11", "hall3", "elephant"):
        assert gone not in text


@pytest.mark.parametrize(("label", "unnamed"), [("speaker_1", "?"), ("hall/speaker_1", "hall/?")])
def test_what_nobody_was_found_for_yet_may_be_theirs(
    tmp_path: Path, label: str, unnamed: str
) -> None:
    """On a shared microphone, words are there before it is known whose they are."""
    path = tmp_path / "journal.jsonl"
    partials = {unnamed: "elephants are", "den/?": "kept"}
    written(path, Heard(9, partials=partials), Heard(200, partials={unnamed: "later"})).close()
    redact(path, Erasure((label,), 100))
    text = path.read_text()
    assert "elephants" not in text
    assert "kept" in text
    assert "later" in text


def test_what_is_owed_until_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    refused = ConsentGiven(10, "ana", "chat", False, ("ana",), 9)
    journal = written(path, refused, ConsentGiven(11, "ben", "chat", False))
    journal.write(ConsentGiven(12, "cem", "chat", False, ("cem", "cem/"), 12))
    assert owed(path) == [Erasure(("ana",), 9), Erasure(("cem", "cem/"), 12)]
    journal.write(Erased(13, ("ana",), 9))
    assert owed(path) == [Erasure(("cem", "cem/"), 12)]
    journal.close()


people = st.sampled_from(["ana", "ben", "hall/?", "hall/speaker_1"])


@given(
    st.lists(st.tuples(people, st.integers(0, 99), st.text("abc é", min_size=1)), max_size=40),
    st.integers(1, 100),
    st.sampled_from([("ana",), ("hall", "hall/")]),
)
def test_nothing_is_left_and_nothing_else_is_touched(
    tmp_path_factory: pytest.TempPathFactory,
    talk: list[tuple[str, int, str]],
    before: int,
    labels: tuple[str, ...],
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    written(
        path, *(Heard(at + 1, words=(Word(who, text, at, at + 1),)) for who, at, text in talk)
    ).close()
    erasure = Erasure(labels, before)
    redact(path, erasure)
    redact(path, erasure)
    left = [tuple(word) for line in read(path) for word in line.get("words", ())]
    assert left == [
        (who, text, at, at + 1)
        for who, at, text in talk
        if not erasure.concerns(who) or at >= before
    ]


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "[]", '{"kind":1}', "\x00"])
def test_a_line_that_is_none_is_one_line_of_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(text + "\n")
    for work in (owed, lambda path: list(read(path))):
        with pytest.raises(InputError):
            work(path)
