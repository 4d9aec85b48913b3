"""The agent's own voice on somebody's microphone, as a loudspeaker and a room make it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from integrations.livekit.hearing.echo import EchoGuard
from moderator.audio import AudioChunk, Waveform, silence
from moderator.timeline import SAMPLE_RATE, TICK, to_samples

AGENT = (
    "I will now tell you at some length what has happened in this meeting so far, and then more."
)
PERSON = "No wait, that is not what I wanted to know, let me say it in another way."
BEGIN, OVER = to_samples(0.5), to_samples(3.0)


@lru_cache
def voices() -> tuple[Waveform, Waveform]:
    from integrations.files.sound.render import speech
    from moderator.cli.models import open_store
    from moderator.mouth.loading import HIBARI_SPEAKERS, VoiceLoader
    from roles.schema import VoiceChoice

    load = VoiceLoader(open_store(offline=True, show_progress=False))
    own = speech(load(VoiceChoice()), "", AGENT).samples
    return own, speech(load(VoiceChoice(speaker=next(iter(HIBARI_SPEAKERS)))), "", PERSON).samples


def heard(delay_s: float, gain: float, *, person: bool) -> tuple[list[float], float]:
    """Where voices begin on the cleaned track, in seconds, and the longest without the person."""
    from moderator.cli.models import open_store
    from moderator.ears.loading import VAD
    from moderator.ears.utterances import GateOptions, VoiceGate
    from moderator.ears.vad import SileroVad, load_silero

    own, said = voices()
    random = np.random.default_rng(7)
    length = (len(own) + SAMPLE_RATE) // TICK * TICK
    reference, track = silence(length), silence(length)
    reference[BEGIN : BEGIN + len(own)] = own
    tail = random.standard_normal(4800) * np.exp(-6.9 * np.arange(4800) / 4800) * 0.1
    tail[0] = 1.0
    echo = np.convolve(reference, tail / np.sqrt(np.sum(tail**2)))[:length].astype(np.float32)
    delay = to_samples(delay_s)
    track[delay:] = gain * echo[: length - delay]
    if person:
        track[OVER : OVER + len(said)] += said[: length - OVER]
    track += random.standard_normal(length).astype(np.float32) * 1e-4
    guard, cleaned = EchoGuard(), []
    for at in range(TICK, length, TICK):
        guard.said(at, reference[at : at + TICK])
        chunk = AudioChunk("ana", at - TICK, track[at - TICK : at])
        cleaned.append(guard.clean([chunk])[0].samples)
    audio = np.concatenate(cleaned)
    vad = SileroVad(load_silero(open_store(offline=True, show_progress=False).path(VAD)))
    gate = VoiceGate(GateOptions(), vad.frame, 0)
    begins: list[float] = []
    longest, was_open = 0.0, False
    for probability in vad.push(audio[: len(audio) // vad.frame * vad.frame]).tolist():
        if gate.take(probability) and not was_open:
            begins.append(gate.now / SAMPLE_RATE)
        was_open = gate.open
        longest = max(longest, (gate.until - gate.since) / SAMPLE_RATE if was_open else 0.0)
    return begins, longest


@pytest.mark.e2e
@pytest.mark.parametrize(("delay_s", "gain"), [(0.12, 0.9), (0.4, 0.5), (0.75, 0.25)])
def test_an_echo_alone_is_nobodys_voice(delay_s: float, gain: float) -> None:
    _, longest = heard(delay_s, gain, person=False)
    assert longest < 0.2, "what makes the agent retreat"


@pytest.mark.e2e
@pytest.mark.parametrize(("delay_s", "gain"), [(0.12, 0.5), (0.3, 0.3), (0.3, 0.0)])
def test_a_person_over_the_agent_is_heard_at_once(delay_s: float, gain: float) -> None:
    begins, _ = heard(delay_s, gain, person=True)
    first = next(at for at in begins if at > OVER / SAMPLE_RATE)
    assert first - OVER / SAMPLE_RATE < 0.35


@pytest.mark.e2e
@pytest.mark.parametrize("pause_s", [0.2, 1.0])
def test_a_person_with_headphones_is_not_damped_after_the_agent_paused(pause_s: float) -> None:
    own, said = voices()
    random = np.random.default_rng(7)
    track = random.standard_normal(OVER + len(said)).astype(np.float32) * np.float32(1e-4)
    track[OVER:] += said
    guard, kept, loud = EchoGuard(), 0, 0
    for at in range(0, len(track) - TICK, TICK):
        if at < OVER + to_samples(pause_s):
            guard.said(at, own[at : at + TICK])
        came = AudioChunk("ana", at, track[at : at + TICK])
        cleaned = guard.clean([came])[0].samples
        level = float(np.sqrt(np.mean(came.samples**2)))
        loud += level > 0.02
        kept += level > 0.02 and float(np.sqrt(np.mean(cleaned**2))) > level / 4
    assert loud > 20
    assert kept >= loud - 2


def test_nothing_is_touched_while_the_agent_is_silent() -> None:
    guard = EchoGuard()
    noise = np.random.default_rng(1).standard_normal(TICK).astype(np.float32) * 0.1
    chunk = AudioChunk("ana", 10 * SAMPLE_RATE, noise)
    assert not guard.concerns([chunk])
    guard.said(0, noise)
    guard.said(8 * SAMPLE_RATE, silence(TICK))
    assert not guard.concerns([chunk])
    assert guard.clean([chunk])[0] is chunk
    guard.said(10 * SAMPLE_RATE - TICK, noise)
    assert guard.concerns([chunk])
