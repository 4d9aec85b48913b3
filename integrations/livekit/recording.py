"""What is kept of a meeting's sound, as far as the role lets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from integrations.files.sound.tapes import OWN, Tapes
from integrations.files.sound.wav import WavWriter
from moderator.audio import AudioChunk, Waveform, silence
from moderator.errors import InputError
from moderator.meeting.ends import Sink
from moderator.timeline import TICK, Samples, to_samples

LATE = to_samples(0.5)
"""Audio that comes later than this after its time is not in the mix."""


class Recording:
    """Writes the agent's voice, and everybody mixed with it; a sink.

    Args:
        agent: gets the agent's voice on the meeting's timeline; None: not kept.
        meeting: gets everybody's sum with the agent's; None: not kept.
        tapes: keep everybody apart until the end, so that one can be erased; None: nobody can.
    """

    def __init__(
        self, agent: WavWriter | None, meeting: WavWriter | None, tapes: Tapes | None = None
    ) -> None:
        self._agent, self._meeting, self._tapes = agent, meeting, tapes
        self._mix: Waveform = silence(0)
        self._base: Samples = 0
        self._mute_until: Samples = 0

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        """Takes one tick."""
        if own is not None and start < self._mute_until:
            own = None  # what is left to sound of a turn that is being erased
        if own is not None and self._agent is not None:
            self._agent.pad_to(start)
            self._agent.write(own)
        if self._meeting is None:
            return
        parts = [(chunk.track, chunk.start, chunk.samples) for chunk in chunks]
        if own is not None:
            parts.append((OWN, start, own))
        for track, at, samples in parts:
            if self._tapes is not None:
                self._tapes.write(track, at, samples)
            else:
                self._add(at, samples)
        if self._tapes is None:
            self._write(start - LATE)

    def go_on(self, at: Samples) -> None:
        """The meeting goes on at `at`; before that there is silence."""
        self._base = at

    def erase(self, track: str) -> None:
        """Destroys what was kept of a track so far, where tracks are kept apart."""
        if self._tapes is not None:
            self._tapes.erase(track)

    def mute(self, until: Samples) -> None:
        """Keeps nothing of the agent's sound before a meeting time that comes from now on."""
        self._mute_until = max(self._mute_until, until)

    def erase_own(self, spans: Sequence[tuple[Samples, Samples]]) -> None:
        """Makes silence of the agent's own sound in some spans; may be called in a thread.

        Raises:
            InputError: a file cannot be written.
        """
        if self._agent is not None:
            self._agent.blank(spans)
        if self._tapes is not None:
            self._tapes.blank(OWN, spans)

    def finish(self, duration: Samples) -> None:
        """Pads both to the meeting's length and gives them their names; then the tapes go.

        Raises:
            InputError: the disk is full, or a file cannot be written.
        """
        self._mix_all(duration)
        for writer in (self._agent, self._meeting):
            if writer is not None:
                writer.pad_to(duration)
                writer.close()
        if self._tapes is not None:
            self._tapes.remove()

    def abandon(self, duration: Samples) -> None:
        """Leaves what there is for whoever recovers the meeting, and holds no file any more.

        Tapes go once they are mixed; where the disk has no room for that, they stay.
        """
        mixed = self._meeting is not None and self._meeting.path.is_file()
        if self._meeting is not None and self._meeting.open:
            with suppress(InputError):
                self._mix_all(duration)
                mixed = True
        for writer in (self._agent, self._meeting):
            if writer is not None:
                with suppress(InputError):
                    writer.keep_part()
        if self._tapes is not None:
            self._tapes.remove() if mixed else self._tapes.release()

    def _mix_all(self, duration: Samples) -> None:
        if self._meeting is not None and self._tapes is not None:
            self._tapes.mix(self._meeting, duration)
        elif self._meeting is not None:
            self._write(duration)

    def _add(self, start: Samples, samples: Waveform) -> None:
        skipped = max(0, self._base - start)
        samples, begin = samples[skipped:], max(0, start - self._base)
        missing = begin + len(samples) - len(self._mix)
        if missing > 0:
            self._mix = np.concatenate([self._mix, silence(missing + TICK)])
        self._mix[begin : begin + len(samples)] += samples

    def _write(self, until: Samples) -> None:
        count = until - self._base
        if count <= 0 or self._meeting is None:
            return
        part, self._mix = self._mix[:count], self._mix[count:].copy()
        if part.any():
            self._meeting.pad_to(self._base)
            self._meeting.write(part)
        self._base = until


class Sinks:
    """Gives each tick to several sinks, without those who have refused since it was heard.

    Args:
        allowed: whether somebody's audio from a meeting time on may be used.
        sinks: get the rest.
    """

    def __init__(self, allowed: Callable[[str, Samples], bool], *sinks: Sink) -> None:
        self._allowed, self._sinks = allowed, sinks

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        """Takes one tick."""
        chunks = [chunk for chunk in chunks if self._allowed(chunk.track, chunk.start)]
        for sink in self._sinks:
            sink.take(start, chunks, own)
