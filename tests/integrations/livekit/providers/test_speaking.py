"""An app's TTS as a voice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from integrations.livekit.providers import speaking
from integrations.livekit.providers.home import Home
from integrations.livekit.providers.speaking import TtsVoice
from integrations.livekit.providers.usage import Usage
from moderator.errors import VoiceError
from moderator.mouth.base import Sentence
from moderator.mouth.believed import believed
from moderator.testing.faulty import Mode
from moderator.timeline import to_samples
from tests.integrations.livekit.providers.fakes import FakeTts


def spoken(plugin: FakeTts, text: str) -> tuple[list[Sentence], Any]:
    async def run() -> tuple[list[Sentence], Any]:
        usage = Usage()
        voice = TtsVoice(plugin, Home(), usage, "en")
        return await asyncio.to_thread(lambda: list(believed(voice.say(text)))), usage.totals()

    return asyncio.run(run())


@pytest.mark.parametrize("streaming", [True, False])
def test_it_speaks_sentence_by_sentence(streaming: bool) -> None:
    plugin = FakeTts(streaming=streaming)
    found, used = spoken(plugin, "Hello there. How are you?")
    assert [one.text for one in found] == plugin.texts == ["Hello there.", "How are you?"]
    assert abs(len(found[0].samples) - to_samples(0.2)) < to_samples(0.02)
    assert [word.text for word in found[1].words] == ["How", "are", "you?"]
    assert found[1].words[-1].end == len(found[1].samples)
    assert used["tts"]["characters"] == 24


@pytest.mark.parametrize("streaming", [True, False])
def test_its_own_word_times_are_taken_where_it_has_them(streaming: bool) -> None:
    (found,), _ = spoken(FakeTts(streaming=streaming, aligned=True), "A considerable one.")
    ends = [word.end / to_samples(0.1) for word in found.words]
    assert ends == pytest.approx([1, 2, 3], abs=0.1)
    (found,), _ = spoken(FakeTts(streaming=streaming), "A considerable one.")
    assert found.words[0].end < to_samples(0.06)  # by length


@pytest.mark.parametrize("mode", [Mode.CRASH, Mode.RUBBISH, Mode.HANG])
def test_what_fails_hangs_or_is_silent_is_told_without_its_message(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "FIRST_WITHIN_S", 0.3)
    plugin = FakeTts()
    plugin.switch.mode = mode
    with pytest.raises(VoiceError) as error:
        spoken(plugin, "Hello.")
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize("aligned", [True, False])
def test_a_long_sentence_sounds_before_it_is_made(aligned: bool) -> None:
    text = " ".join(["word"] * 30) + "."
    plugin = FakeTts(streaming=True, aligned=aligned)
    plugin.pause_s = 0.02

    async def run() -> tuple[list[Sentence], list[int]]:
        voice = TtsVoice(plugin, Home(), Usage(), "en")
        made: list[int] = []

        def say() -> list[Sentence]:
            parts = []
            for part in voice.say(text):
                parts.append(part)
                made.append(plugin.made)
            return parts

        return await asyncio.to_thread(say), made

    parts, made = asyncio.run(run())
    assert len(parts) > 2
    assert made[0] < 20 < made[-1] == 30
    assert [part.goes_on for part in parts] == [False] + [True] * (len(parts) - 1)
    assert [word.text for part in parts for word in part.words] == text.split()
    assert abs(sum(len(part.samples) for part in parts) - to_samples(3.0)) < to_samples(0.1)
    at, ends = 0, []
    for part in parts:
        ends += [(at + word.end) / to_samples(0.1) for word in part.words]
        at += len(part.samples)
    assert ends == sorted(ends)
    if aligned:
        assert ends == pytest.approx(range(1, 31), abs=0.6)
    else:  # never heard before it sounds
        assert all(end >= 0.8 * number for number, end in enumerate(ends, start=1))


def test_who_is_cut_off_needs_no_more_of_it() -> None:
    plugin = FakeTts(streaming=True)
    plugin.pause_s = 0.02

    async def run() -> int:
        parts = TtsVoice(plugin, Home(), Usage(), "en").say(" ".join(["word"] * 50))
        await asyncio.to_thread(next, parts)
        await asyncio.to_thread(parts.close)  # type: ignore[attr-defined]
        await asyncio.sleep(0.1)
        made = plugin.made
        await asyncio.sleep(0.2)
        assert plugin.made == made
        return made

    assert asyncio.run(run()) < 50
