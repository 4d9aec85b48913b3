from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moderator.mouth.base import Sentence
from moderator.mouth.cleaning import plain, without_thoughts
from moderator.mouth.sentences import SentenceSplitter, sentences, speak, split
from moderator.testing.mouth import ToneVoice

_BRACKETS = ("[THINK]", "[/THINK]")


async def arriving(pieces: list[str]) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


def streamed(pieces: list[str]) -> list[str]:
    async def collect() -> list[str]:
        return [sentence async for sentence in sentences(arriving(pieces))]

    return asyncio.run(collect())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello. How are you? Fine!", ["Hello.", "How are you?", "Fine!"]),
        ("It costs 3.50 euros. Dr. Smith paid.", ["It costs 3.50 euros.", "Dr. Smith paid."]),
        ("42.", ["42."]),
        ("First point\nSecond point", ["First point", "Second point"]),
        ("", []),
        ("  ... \n\n *** ", []),
    ],
)
def test_text_is_cut_into_sentences(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_a_sentence_comes_as_soon_as_the_next_one_begins() -> None:
    splitter = SentenceSplitter()
    assert list(splitter.push("Hello the")) == []
    assert list(splitter.push("re. ")) == []
    assert list(splitter.push("And")) == ["Hello there."]
    assert list(splitter.finish()) == ["And"]


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [
                *("Hello", "you", "a, b", "secret", "Dr. ", "e.g. ", "3.5", " ", "  ", ". ", "."),
                *("? ", "…", "*", "“Yes.” ", "\n", "<", ">", "</", "<think>", "</think>", "x" * 40),
            ]
        ),
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_pieces_make_no_difference(words: list[str], random: object) -> None:
    text = "".join(words)
    depth = 0
    for word in words:
        depth += (word == "<think>") - (word == "</think>")
        if depth < 0:
            return  # What was handed out before an unopened thought ended cannot be taken back.
    whole = SentenceSplitter(max_sentence=30)
    expected = [*whole.push(text), *whole.finish()]
    cuts = sorted(random.sample(range(len(text) + 1), min(5, len(text))))  # type: ignore[attr-defined]
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    parts = SentenceSplitter(max_sentence=30)
    found = [sentence for piece in pieces for sentence in parts.push(piece)]
    assert [*found, *parts.finish()] == expected


@pytest.mark.parametrize(
    "text",
    [
        "<think>secret plan</think>Hello.",
        "<think>secret <think>secret</think> secret</think>Hello.",
        "<THINK >secret</ Think >Hello.",
        "<thinking>secret</thinking>Hello.",
        '<think budget="3">secret</think>Hello.',
        "secret secret.</think>Hello.",
        "Hello.<think>secret",
        "Hello.<think>secret</thi",
        "Hello. <thi",
        "<reasoning>\nsecret. Secret!\n\n</reasoning>\nHello.",
        "&lt;think&gt;secret&lt;/think&gt;Hello.",
        "&#60;think&#x3e;secret&#x3C;/think&#62;Hello.",
        "\uff1cthink\uff1esecret\uff1c/think\uff1eHello.",
        "<th\u200bink>secret</\u200bthink>Hello.",
        "\u25c1think\u25b7secret\u25c1/think\u25b7Hello.",
        "[THINK]secret[/THINK]Hello.",
        "secret[/THINK]Hello.",
        "<seed:think>secret</seed:think>Hello.",
        "<|think|>secret<|/think|>Hello.",
    ],
)
def test_thoughts_are_never_spoken(text: str) -> None:
    assert split(text) == ["Hello."]
    assert without_thoughts(text).strip().rstrip("<thi").strip() in ("Hello.", "Hello")


@settings(max_examples=100)
@given(
    st.lists(st.integers(1, 4), min_size=1),
    st.text("ab <>/.&[", max_size=12),
    st.sampled_from([("<think>", "</think>"), ("&lt;think&gt;", "&lt;/think&gt;"), _BRACKETS]),
)
@example([1], "<thin", _BRACKETS)
def test_no_cutting_lets_a_thought_through(
    sizes: list[int], noise: str, tags: tuple[str, str]
) -> None:
    text = f"Before. {tags[0]}SECRET {noise} SECRET{tags[1]} After."
    pieces: list[str] = []
    at = 0
    while at < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[at : at + size])
        at += size
    assert streamed(pieces) == ["Before.", "After."]


def test_a_thought_without_an_opening_stops_what_is_still_here() -> None:
    assert streamed(["I should be secret", "</think>", "Hello."]) == ["Hello."]


def test_smaller_than_is_not_a_thought() -> None:
    assert split("Three < four. Yes.") == ["Three four.", "Yes."]
    assert split("Three &lt; four, Ben & Ana [think]. Yes.") == [
        "Three four, Ben & Ana think .",
        "Yes.",
    ]
    assert split("Three < four. <thi") == ["Three four."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Hello** _dear_ `Ben`", "Hello dear Ben"),
        ("# Agenda", "Agenda"),
        ("- [the plan](https://example.org/a.b?c)", "the plan"),
        ("![a cat](cat.png) Look", "Look"),
        ("<b>Bold</b> &amp; brave", "Bold & brave"),
        ("Good \U0001f600 morning\u200b\x07", "Good morning"),
        ("\ufb01ne \uff12", "fine 2"),
        ("> quoted", "quoted"),
        ("call 12345678901234567 now", "call 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 now"),
        ("1,000,000.50 and 2026", "1,000,000.50 and 2026"),
        ("[[hhh]] and [word](/wd/)", "hhh and word"),
    ],
)
def test_markup_is_left_out(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_long_sentences_are_cut_at_pauses() -> None:
    text = ", ".join(["one two three four five"] * 40) + "."
    parts = split(text)
    assert all(len(part) <= 300 for part in parts)
    assert all(part.endswith(",") for part in parts[:-1])
    assert " ".join(parts) == text


def test_a_number_read_digit_by_digit_is_bounded_too() -> None:
    parts = split("9" * 250)
    assert all(len(part) <= 300 for part in parts)
    assert "".join(parts).replace(" ", "") == "9" * 250


def test_a_turn_has_an_end() -> None:
    parts = split("This is a sentence. " * 10_000)
    assert sum(map(len, parts)) <= 4_000
    assert len(parts) > 100


def test_text_without_spaces_is_cut_too() -> None:
    assert all(len(part) <= 300 for part in split("x" * 3_000))


def test_speech_begins_while_the_text_is_still_written() -> None:
    voice = ToneVoice()
    seen: list[list[str]] = []

    async def pieces() -> AsyncIterator[str]:
        yield "Hello there. How"
        seen.append(list(voice.said))
        yield " are you?"

    async def collect() -> list[Sentence]:
        return [sentence async for sentence in speak(voice, pieces())]

    spoken = asyncio.run(collect())
    assert [sentence.text for sentence in spoken] == ["Hello there.", "How are you?"]
    assert seen == [["Hello there."]]
