"""An app's STT as a recogniser stream."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from livekit.agents import APIConnectionError
from livekit.agents.types import TimedString

from integrations.livekit.providers import hearing
from integrations.livekit.providers.hearing import SttRecogniser
from integrations.livekit.providers.home import Home
from integrations.livekit.providers.usage import Usage
from moderator.ears.recogniser import RecognisedWord, RecogniserStream
from moderator.testing.faulty import Mode
from moderator.timeline import Elapsed, to_samples
from tests.integrations.livekit.providers.fakes import FakeStt, final, interim

SECOND = to_samples(1.0)


def utterance(stream: RecogniserStream, at: int, length: int = SECOND) -> None:
    stream.begin(at)
    for _ in range(length // 1_600):
        stream.push(np.full(1_600, 0.1, np.float32), True)
    stream.end(at + length)


def understood(stream: RecogniserStream, within_s: float = 3.0) -> list[RecognisedWord]:
    """Reads until nothing is due any more."""
    words: list[RecognisedWord] = []
    since = Elapsed()
    while stream.due and since.seconds < within_s:
        words += stream.read().words
    return words


def heard(plugin: FakeStt, work: Callable[[RecogniserStream], Any]) -> Any:
    """What work with a stream gives, in a thread as in a meeting."""

    async def run() -> Any:
        recogniser = SttRecogniser(plugin, Home(), Usage(), "en")
        return await asyncio.to_thread(lambda: work(recogniser.open()))

    return asyncio.run(run())


def two(stream: RecogniserStream) -> list[RecognisedWord]:
    utterance(stream, 10 * SECOND)
    first = understood(stream)
    utterance(stream, 30 * SECOND)
    return first + understood(stream)


def spans(words: Sequence[RecognisedWord]) -> list[tuple[str, float, float, bool]]:
    return [(w.text, w.start / SECOND, w.end / SECOND, w.estimated) for w in words]


@pytest.mark.parametrize("streaming", [True, False])
def test_words_without_times_share_out_their_utterance_by_length(streaming: bool) -> None:
    plugin = FakeStt(lambda _: [final("aaaa bbbb")], streaming=streaming)
    assert spans(heard(plugin, two)) == [
        ("aaaa", 10.0, 10.5, True),
        ("bbbb", 10.5, 11.0, True),
        ("aaaa", 30.0, 30.5, True),
        ("bbbb", 30.5, 31.0, True),
    ]


def test_times_of_the_stream_become_meeting_time() -> None:
    def script(sent: float) -> list[Any]:
        begun = sent - 1.8  # a second of voice and the silence behind it
        words = [
            TimedString("one", begun + 0.1, begun + 0.4),
            TimedString("two", begun + 0.5, begun + 0.9),
        ]
        return [final("one two", words=words)]

    assert spans(heard(FakeStt(script), two)) == [
        ("one", 10.1, 10.4, False),
        ("two", 10.5, 10.9, False),
        ("one", 30.1, 30.4, False),
        ("two", 30.5, 30.9, False),
    ]


def test_times_that_cannot_be_are_not_believed() -> None:
    words = [TimedString("one", 900.0, 901.0), TimedString("two", float("nan"), 2.0)]
    found = heard(FakeStt(lambda _: [final("one two", words=words)]), two)
    assert [word.estimated for word in found] == [True] * 4
    assert all(10 <= word.start / SECOND <= word.end / SECOND <= 31 for word in found)


def test_interim_transcripts_are_partials_and_final_ones_words() -> None:
    def work(stream: RecogniserStream) -> list[str]:
        utterance(stream, 0)
        seen = []
        since = Elapsed()
        while stream.due and since.seconds < 3:
            found = stream.read()
            seen += [found.partial, *(word.text for word in found.words)]
        return list(dict.fromkeys(seen))

    plugin = FakeStt(lambda _: [interim("hello th"), final("Hello there.")])
    seen = heard(plugin, work)  # the interim one, too, unless both came at once
    assert [one for one in seen if one] in (["hello th", "Hello", "there."], ["Hello", "there."])
    plugin = FakeStt(lambda _: [interim("hello th")])
    hearing_within = hearing.ANSWERS_WITHIN_S
    hearing.ANSWERS_WITHIN_S = 0.5
    try:
        with pytest.raises(TimeoutError):
            heard(plugin, work)
    finally:
        hearing.ANSWERS_WITHIN_S = hearing_within


def test_its_speakers_become_ours_and_nothing_else_of_them_is_taken() -> None:
    words = [
        TimedString("one", 0.1, 0.3, speaker_id="S7"),
        TimedString("two", 0.4, 0.5, speaker_id="../x\n"),
        TimedString("three", 0.6, 0.9, speaker_id="S1"),
    ]

    def work(stream: RecogniserStream) -> list[RecognisedWord]:
        utterance(stream, 0)
        return understood(stream)

    plugin = FakeStt(lambda _: [final("one two three", words=words)], diarization=True)
    assert [one.speaker for one in heard(plugin, work)] == ["speaker_1", None, "speaker_2"]
    plugin = FakeStt(lambda _: [final("one two three", words=words)])
    assert [one.speaker for one in heard(plugin, work)] == [None] * 3


@pytest.mark.parametrize("streaming", [True, False])
def test_what_a_plugin_fails_with_is_raised(streaming: bool) -> None:
    plugin = FakeStt(lambda _: [final("x")], streaming=streaming)
    plugin.switch.mode = Mode.CRASH
    with pytest.raises(APIConnectionError):
        heard(plugin, two)


def test_rubbish_is_no_transcript() -> None:
    plugin = FakeStt(lambda _: [])
    plugin.switch.mode = Mode.RUBBISH
    with pytest.raises(ValueError, match="its transcript is none"):
        heard(plugin, two)


def test_everybody_has_a_stream_that_ends_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = FakeStt(lambda _: [final("x")])

    async def run() -> None:
        recogniser = SttRecogniser(plugin, Home(), Usage(), "en")
        one, other = recogniser.open(), recogniser.open()
        await asyncio.to_thread(utterance, one, 0)
        await asyncio.to_thread(understood, one)
        assert len(plugin.streams) == 2
        del one, other
        gc.collect()
        async with asyncio.timeout(2):
            while not all(stream._task.done() for stream in plugin.streams):
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_audio_that_is_sent_is_counted() -> None:
    async def run() -> Any:
        usage = Usage()
        recogniser = SttRecogniser(FakeStt(lambda _: [final("x")]), Home(), usage, "en")
        await asyncio.to_thread(two, recogniser.open())
        return usage.totals()

    assert asyncio.run(run()) == {"stt": {"audio_s": 3.6}}
