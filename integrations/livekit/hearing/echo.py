"""Takes the agent's own voice off the tracks of people who have it on a loudspeaker.

The echo canceller is WebRTC's (AEC3), run here because only some clients run theirs. It finds the
echo up to half a second after the reference it is given; the way out to a loudspeaker and back may
take longer, so two cancellers listen with references half a second apart, and the one that leaves
less is believed. When the way changes its length, as jitter buffers do, a canceller needs a moment
to find the echo again; what it leaves meanwhile is known by its likeness to the reference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from livekit import rtc
from livekit.rtc.apm import AudioProcessingModule

from moderator.audio import AudioChunk, Waveform, silence, to_pcm16
from moderator.timeline import SAMPLE_RATE, Samples, to_samples

FRAME = SAMPLE_RATE // 100
"""The cancellers take 10 ms at a time."""

DELAYS = (to_samples(0.05), to_samples(0.5))
"""By which each canceller's reference is behind; each finds echoes up to 0.5 s later."""

TAIL = to_samples(1.2)
"""How long after the agent's last sound an echo of it may still come: delay and reverberation."""

RESIDUE = 10.0 ** (-10.0 / 10.0)
"""Where a canceller leaves less than this share of the power there is nobody but the agent."""

LIKENESS = 0.3
"""Peak of the normalised cross-correlation with the reference from which what is left is echo."""

CERTAIN = 0.4
"""The same for a track as it comes: with `CONSTANT`, it is known to bring echoes from then on."""

CONSTANT = 3
"""So many times more, in ticks, the same delay must be found: by then nothing is left in the window
of the first time. A voice that begins may be like the reference once, by chance."""

_SAME: Samples = 32  # delays that differ by less, 2 ms, are one

_WINDOW: Samples = 4_096  # compared at a time, 256 ms
_REACH = to_samples(1.05)  # the longest way
_TRANSFORM = 32_768  # holds a window and its delays
_MEMORY = to_samples(8.0)
_SMOOTHING = 0.1
"""Weight of a new frame in the powers that are compared."""


class _Canceller:
    """One AEC3 and what it leaves of a track."""

    def __init__(self, delay: Samples) -> None:
        self.delay = delay
        self.power = 0.0
        self._aec = AudioProcessingModule(echo_cancellation=True)

    def run(self, reference: bytes, captured: bytes) -> Waveform:
        """The captured 10 ms without the reference's echo; both 16-bit PCM."""
        self._aec.process_reverse_stream(_frame(reference))
        self._aec.set_stream_delay_ms(0)
        frame = _frame(captured)
        self._aec.process_stream(frame)
        left = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32) / 32768.0
        self.power += _SMOOTHING * (_power(left) - self.power)
        return left


class _Track:
    """The cancellers of one track, once something on it was like the agent.

    They cost more than everything else that is done with a track, and most people wear headphones.
    """

    def __init__(self) -> None:
        self._cancellers: list[_Canceller] = []
        self._power = 0.0
        self._left, self._came = silence(_WINDOW), silence(_WINDOW)
        self._echoes = False
        self._suspected: tuple[Samples, int] = (0, 0)  # a delay, and how often it was found

    def clean(self, samples: Waveform, references: Sequence[Waveform], past: Waveform) -> Waveform:
        """The samples without the agent.

        Args:
            samples: as they came, ``(n,)``.
            references: what the agent said, for each canceller, ``(n,)``.
            past: what it said in the `_REACH` and `_WINDOW` before the end of `samples`.
        """
        self._came = np.concatenate([self._came, samples])[-_WINDOW:]
        found, delay = likeness(self._came, past) if self._came.any() else (0.0, 0)
        if not self._cancellers:
            if found < LIKENESS:
                self._left = self._came
                return samples
            self._begin(past[: len(past) - len(samples)])
        cleaned = self._cancel(samples, references)
        self._left = np.concatenate([self._left, cleaned])[-_WINDOW:]
        if found >= CERTAIN and not self._echoes:
            self._suspect(delay)
        if not self._echoes:  # a canceller that has found no echo yet also damps people
            return samples if found < LIKENESS else silence(len(samples))
        if cleaned.any() and likeness(self._left, past)[0] >= LIKENESS:
            return silence(len(samples))
        return cleaned

    def _begin(self, past: Waveform) -> None:
        """Makes the cancellers and tells them what the agent has said before."""
        self._cancellers = [_Canceller(delay) for delay in DELAYS]
        quiet = to_pcm16(silence(FRAME)).tobytes()
        for canceller in self._cancellers:
            own = to_pcm16(past[: len(past) - canceller.delay]).tobytes()
            for at in range(len(own) % (2 * FRAME), len(own), 2 * FRAME):
                canceller.run(own[at : at + 2 * FRAME], quiet)

    def _cancel(self, samples: Waveform, references: Sequence[Waveform]) -> Waveform:
        """What the canceller that leaves less leaves of the samples."""
        cleaned = samples.copy()
        captured = to_pcm16(samples).tobytes()
        own = [to_pcm16(reference).tobytes() for reference in references]
        for at in range(0, len(samples) // FRAME * FRAME, FRAME):
            part = slice(2 * at, 2 * (at + FRAME))
            self._power += _SMOOTHING * (_power(samples[at : at + FRAME]) - self._power)
            left = [
                canceller.run(reference[part], captured[part])
                for canceller, reference in zip(self._cancellers, own, strict=True)
            ]
            powers = [canceller.power for canceller in self._cancellers]
            best = powers.index(min(powers))
            alone = powers[best] < RESIDUE * self._power
            cleaned[at : at + FRAME] = 0.0 if alone else left[best]
        return cleaned

    def _suspect(self, delay: Samples) -> None:
        before, times = self._suspected
        times = times + 1 if abs(delay - before) < _SAME else 0
        self._suspected = (delay, times)
        self._echoes = times >= CONSTANT


class EchoGuard:
    """Knows what the agent says and takes it off what comes in.

    While the agent is silent, and has been for `TAIL`, audio passes untouched and costs nothing.
    """

    def __init__(self) -> None:
        self._own: deque[tuple[Samples, Waveform]] = deque()
        self._tracks: dict[str, _Track] = {}

    def said(self, at: Samples, own: Waveform) -> None:
        """Takes what leaves the agent's mouth at meeting time `at`, ``(n,)``; in order of time."""
        if own.any():
            self._own.append((at, own))
        while self._own and self._own[0][0] < at - _MEMORY:
            self._own.popleft()

    def concerns(self, chunks: Sequence[AudioChunk]) -> bool:
        """Whether the agent's voice may be in one of these."""
        return any(self._near(chunk) for chunk in chunks)

    def clean(self, chunks: Sequence[AudioChunk]) -> list[AudioChunk]:
        """The chunks without the agent's voice; the next of each track, as they came."""
        return [self._clean(chunk) if self._near(chunk) else chunk for chunk in chunks]

    def forget(self, present: frozenset[str]) -> None:
        """Drops the cancellers of tracks that have gone."""
        for gone in self._tracks.keys() - present:
            del self._tracks[gone]

    def _near(self, chunk: AudioChunk) -> bool:
        return any(
            start < chunk.end and start + len(own) + TAIL > chunk.start
            for start, own in list(self._own)  # cleaning goes on beside the mouth
        )

    def _clean(self, chunk: AudioChunk) -> AudioChunk:
        track = self._tracks.setdefault(chunk.track, _Track())
        references = [self._reference(chunk.start - d, len(chunk.samples)) for d in DELAYS]
        reach = _REACH + _WINDOW
        past = self._reference(chunk.end - reach, reach)
        cleaned = track.clean(chunk.samples, references, past)
        return AudioChunk(chunk.track, chunk.start, cleaned)

    def _reference(self, start: Samples, count: Samples) -> Waveform:
        """What the agent said in ``[start, start + count)``."""
        found = silence(count)
        for begun, own in list(self._own):
            first, last = max(start, begun), min(start + count, begun + len(own))
            if first < last:
                found[first - start : last - start] = own[first - begun : last - begun]
        return found


def likeness(heard: Waveform, said: Waveform) -> tuple[float, Samples]:
    """Largest normalised cross-correlation of a window with a longer stretch before its end.

    Both are differenced first: the strong low tones of all voices are alike.

    Args:
        heard: ``(n,)`` samples.
        said: ``(m,)`` samples, m ≥ n, which end with those of `heard`.

    Returns:
        The peak over all delays up to ``m - n``, in [0, 1], and where in `said` it lies.
    """
    heard, said = np.diff(heard, prepend=0.0), np.diff(said, prepend=0.0)
    spectrum = np.fft.rfft(said, _TRANSFORM) * np.conj(np.fft.rfft(heard, _TRANSFORM))
    found = np.abs(np.fft.irfft(spectrum, _TRANSFORM)[: len(said) - len(heard) + 1])
    energies = np.cumsum(np.concatenate([[0.0], said.astype(np.float64) ** 2]))
    energy = energies[len(heard) :] - energies[: len(said) - len(heard) + 1]
    scale = np.sqrt(np.maximum(energy, 1e-4) * max(float(np.dot(heard, heard)), 1e-6))
    alike = found / scale
    best = int(alike.argmax())
    return float(alike[best]), best


def _frame(pcm: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(bytearray(pcm), SAMPLE_RATE, 1, FRAME)


def _power(samples: Waveform) -> float:
    return float(np.dot(samples, samples))
