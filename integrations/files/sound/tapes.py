"""Everybody's sound on a tape of their own, so that one person's can be erased until the end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO

import numpy as np

from integrations.files.disk.atomic import disk_errors
from integrations.files.sound.wav import WavWriter
from moderator.audio import Waveform, silence, to_pcm16
from moderator.timeline import SAMPLE_RATE, Samples

_BLOCK: Samples = 60 * SAMPLE_RATE
_BYTES = 2


class Tapes:
    """Files of 16-bit PCM, one a track, mixed when the meeting is over.

    Args:
        folder: is created, and removed with everything in it.

    Raises:
        InputError: it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._count = 0
        with disk_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()

    def write(self, track: str, start: Samples, samples: Waveform) -> None:
        """Puts samples, ``(n,)``, at meeting time `start` of a track.

        Raises:
            InputError: the disk is full, or the file cannot be written.
        """
        with disk_errors(self._folder):
            if track not in self._files:
                self._count += 1
                self._files[track] = (self._folder / f"{self._count}.pcm").open("w+b")
            tape = self._files[track]
            tape.seek(_BYTES * start)
            tape.write(to_pcm16(samples).astype("<i2").tobytes())

    def erase(self, track: str) -> None:
        """Destroys what a track has brought so far."""
        tape = self._files.pop(track, None)
        if tape is not None:
            with disk_errors(self._folder):
                tape.close()
                Path(tape.name).unlink()

    def mix(self, out: WavWriter, duration: Samples) -> None:
        """Writes the sum of all tapes, and removes them.

        Raises:
            InputError: the disk is full, or a file cannot be read or written.
        """
        for at in range(0, duration, _BLOCK):
            mixed = silence(min(_BLOCK, duration - at))
            for tape in self._files.values():
                with disk_errors(self._folder):
                    tape.seek(_BYTES * at)
                    part = np.frombuffer(tape.read(_BYTES * len(mixed)), dtype="<i2")
                mixed[: len(part)] += part.astype(np.float32) / 32768.0
            out.write(mixed)
        self.close()

    def close(self) -> None:
        """Removes the tapes."""
        for tape in self._files.values():
            tape.close()
        self._files.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
