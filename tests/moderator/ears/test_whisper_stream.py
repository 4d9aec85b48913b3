from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from moderator.audio import Waveform, silence
from moderator.ears.agreement import Piece
from moderator.ears.whisper import Encoded, Hypothesis, Whisper
from moderator.ears.whisper_stream import StreamOptions, WhisperRecogniser, WhisperStream
from moderator.meeting.assembly import UNHURRIED_S
from moderator.timeline import SAMPLE_RATE, TICK, Samples, to_samples

WORD = to_samples(0.4)


class FakeWhisper:
    """Reads words from the audio itself: each sample holds the number of the word it is part of.

    Numbers are scaled by 1e-4. The last, incomplete word is misheard, as whisper does.
    """

    language = "en"

    def __init__(self, tail: Sequence[str] = ()) -> None:
        self.windows: list[Samples] = []
        self.prefixes: list[int] = []
        self.tail = tail

    def encode(self, audio: Waveform, *, full: bool = False) -> Encoded:
        self.windows.append(len(audio))
        return Encoded(np.round(audio * 1e4).astype(int), len(audio))

    def decode(
        self, window: Encoded, prefix: Sequence[int], prompt: Sequence[int], **_: Any
    ) -> Hypothesis:
        numbers, counts = np.unique(window.view[window.view > 0], return_counts=True)
        told = [n for n in numbers.tolist() if n not in prefix]
        self.prefixes.append(len(prefix))
        pieces = [Piece(f"w{n}", (n,)) for n in told]
        if pieces and counts[-1] < WORD:
            pieces[-1] = Piece("what?", (int(numbers[-1]),))
        pieces += [Piece(text, (9_000 + i,)) for i, text in enumerate(self.tail)]
        return Hypothesis(tuple(pieces), -0.3, 0.0, bool(self.tail))

    def times(self, window: Encoded, pieces: Sequence[Piece]) -> list[tuple[Samples, Samples]]:
        found = []
        for piece in pieces:
            where = np.flatnonzero(window.view == piece.tokens[0])
            end = window.samples
            found.append((int(where[0]), int(where[-1]) + 1) if len(where) else (end, end))
        return found


class Prompted(FakeWhisper):
    """Is told of names; where nobody speaks it talks on if it is."""

    def __init__(self, no_speech: float) -> None:
        super().__init__()
        self.no_speech, self.prompts = no_speech, list[tuple[int, ...]]()

    def prompt(self, names: Sequence[str]) -> tuple[int, ...]:
        return tuple(range(7_000, 7_000 + len(names)))

    def decode(
        self, window: Encoded, prefix: Sequence[int], prompt: Sequence[int], **more: Any
    ) -> Hypothesis:
        self.prompts.append(tuple(prompt))
        found = super().decode(window, prefix, prompt, **more)
        more_words = (Piece("sorry", (8_000,)),) if prompt else ()
        return replace(found, pieces=found.pieces + more_words, no_speech=self.no_speech)


@pytest.mark.parametrize(("no_speech", "prompts"), [(0.1, [(7_000, 7_001)]), (0.5, None)])
def test_names_are_told_where_somebody_speaks(
    no_speech: float, prompts: list[tuple[int, ...]] | None
) -> None:
    fake = Prompted(no_speech)
    one = stream(fake)
    one.expect(["Robin", "Ana"])
    one.begin(0)
    one.push(talk(2), True)
    one.end(2 * WORD)
    found = [word.text for word in one.read().words]
    if prompts is None:
        assert fake.prompts == [(7_000, 7_001), ()]
        assert "sorry" not in found
    else:
        assert fake.prompts == prompts


def stream(fake: FakeWhisper, **options: float) -> WhisperStream:
    made = WhisperRecogniser(cast(Whisper, fake), StreamOptions(**options))  # type: ignore[arg-type]
    return made.open()


def talk(words: int) -> Waveform:
    return np.repeat(np.arange(1, words + 1), WORD).astype(np.float32) * np.float32(1e-4)


def feed(one: WhisperStream, audio: Waveform) -> tuple[list[tuple[str, Samples, Samples]], int]:
    """Words with their ends and when they became stable; and how many came before the end."""
    found = []
    one.begin(0)
    for at in range(0, len(audio), TICK):
        one.push(audio[at : at + TICK], True)
        if one.due:
            found += [(w.text, w.end, at + TICK) for w in one.read().words]
    early = len(found)
    one.end(len(audio))
    found += [(w.text, w.end, len(audio)) for w in one.read().words]
    return found, early


def test_all_words_come_once_in_order_with_their_times_and_soon() -> None:
    found, early = feed(stream(FakeWhisper()), talk(50))
    assert [text for text, *_ in found] == [f"w{n}" for n in range(1, 51)]
    assert [end for _, end, _ in found] == [n * WORD for n in range(1, 51)]
    assert early >= 46
    assert max(at - end for _, end, at in found) <= to_samples(1.5)


def test_where_hypotheses_are_rare_words_come_later_but_all_of_them_do() -> None:
    fake = FakeWhisper()
    found, early = feed(stream(fake, step_s=UNHURRIED_S), talk(50))
    assert [text for text, *_ in found] == [f"w{n}" for n in range(1, 51)]
    assert [end for _, end, _ in found] == [n * WORD for n in range(1, 51)]
    assert early >= 40
    assert max(at - end for _, end, at in found) <= to_samples(2 * UNHURRIED_S + 1.0)
    assert len(fake.windows) <= 12


def test_a_long_monologue_is_trimmed_and_loses_nothing() -> None:
    fake = FakeWhisper()
    found, _ = feed(stream(fake), talk(200))
    assert [text for text, *_ in found] == [f"w{n}" for n in range(1, 201)]
    assert max(fake.windows) <= to_samples(9.6)
    assert max(fake.prefixes) > 0


def test_what_repeats_at_the_end_is_not_said() -> None:
    fake = FakeWhisper(tail=["so", "it", "goes"] * 3)
    found, _ = feed(stream(fake), talk(5))
    assert [text for text, *_ in found][:5] == [f"w{n}" for n in range(1, 6)]
    assert [text for text, *_ in found][5:] in (["so", "it", "goes"], [])


def test_pauses_are_not_decoded() -> None:
    fake = FakeWhisper()
    one = stream(fake)
    one.begin(0)
    one.push(talk(3), True)
    one.read()
    before = len(fake.windows)
    one.push(silence(2 * SAMPLE_RATE), False)
    assert not one.due
    assert len(fake.windows) == before


def test_a_pause_is_decoded_ahead_once_and_the_end_costs_nothing_more() -> None:
    fake = FakeWhisper()
    one = stream(fake, ahead_s=0.05)
    one.begin(0)
    one.push(talk(3), True)
    one.read()
    one.push(silence(1_600), False)
    assert one.due
    assert not one.read().words
    assert not one.due
    before = len(fake.windows)
    one.push(silence(3_200), False)
    one.end(3 * WORD)
    assert one.prepared
    assert [word.text for word in one.read().words] == ["w1", "w2", "w3"]
    assert len(fake.windows) == before


def test_a_voice_that_comes_back_undoes_what_was_decoded_ahead() -> None:
    one, plain = (stream(FakeWhisper(), **given) for given in ({"ahead_s": 0.05}, {}))
    for each in (one, plain):
        each.begin(0)
        each.push(talk(3), True)
        each.read()
        each.push(silence(1_600), False)
        if each.due:
            each.read()
        each.push(talk(6)[3 * WORD :], True)
        each.end(6 * WORD + 1_600)
        assert not each.prepared
    assert one.read() == plain.read()


def test_what_was_decoded_ahead_comes_once() -> None:
    one = stream(FakeWhisper(), ahead_s=0.05)
    one.begin(0)
    one.push(talk(3), True)
    found = list(one.read().words)
    one.push(talk(4)[3 * WORD :], True)  # a voice for less than a step since then
    for _ in range(12):
        one.push(silence(800), False)
        if one.due:
            found += one.read().words
    one.end(4 * WORD)
    found += one.read().words
    assert [word.text for word in found] == ["w1", "w2", "w3", "w4"]


def test_audio_that_nobody_reads_is_cut_and_kept() -> None:
    one = stream(FakeWhisper())
    one.begin(0)
    one.push(talk(100), True)
    one.end(100 * WORD)
    said = [word.text for word in one.read().words]
    assert {f"w{n}" for n in range(1, 101)} - set(said) <= {"w38", "w39", "w75", "w76"}
    assert not one.due


def test_an_utterance_without_speech_is_dropped() -> None:
    class Unsure(FakeWhisper):
        def decode(self, *args: Any, **_: Any) -> Hypothesis:
            return Hypothesis((Piece("Thank", (1,)), Piece("you.", (2,))), -1.4, 0.9, False)

    one = stream(Unsure())
    one.begin(0)
    one.push(talk(2), True)
    one.end(2 * WORD)
    assert one.read().words == ()
