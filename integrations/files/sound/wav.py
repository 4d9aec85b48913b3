"""Writes 16-bit wav files as a stream: flat memory, and valid at every moment."""

from __future__ import annotations

import os
import wave
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from integrations.files.disk.atomic import disk_errors, part_path, sync_directory
from moderator.audio import Waveform, silence, to_pcm16
from moderator.errors import InputError, ModeratorError
from moderator.timeline import SAMPLE_RATE, Samples

LONGEST: Final[Samples] = (2**32 - 2**16) // 2
"""Samples that fit into a wav file, whose length fields have 32 bits: 37 hours.

There are formats for longer ones (RF64, W64), but few players take them, browsers among them.
"""

_HEADER_EVERY: Final[Samples] = 10 * SAMPLE_RATE
"""Samples after which the header is brought up to date, for the case of a crash."""

_SILENCE_BLOCK: Final[Samples] = 60 * SAMPLE_RATE


class _Wave(wave.Wave_write):
    """Closed by its owner alone: the library's own `__del__` complains of a full disk again."""

    def __del__(self) -> None:
        pass


class WavWriter:
    """Writes mono 16 kHz 16-bit PCM to ``NAME.part.wav`` and renames it to ``NAME.wav`` at close.

    As a context manager it closes at the end. After a failure that was raised on purpose (a
    `ModeratorError`: a full disk, say) it leaves nothing behind; when the run is interrupted, what
    was written so far stays, valid, under the name with ``.part``. A killed process leaves that
    too, with a header at most ten seconds of audio old. What comes after `LONGEST` samples is not
    written: a file of 37 hours is better than none.

    Args:
        path: the file's final name.

    Raises:
        InputError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = part_path(path)
        self._written: Samples = 0
        self._header_at: Samples = 0
        self._open = True
        with disk_errors(path):
            self._file = self.part.open("wb")
        self._wav = _Wave(self._file)
        self._wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))

    @property
    def position(self) -> Samples:
        """Samples written so far."""
        return self._written

    def write(self, samples: Waveform) -> None:
        """Appends samples, shape ``(n,)``, in [-1, 1]; louder ones are clipped.

        Raises:
            InputError: the disk is full, or the file cannot be written.
        """
        samples = samples[: LONGEST - self._written]
        data = to_pcm16(samples).astype("<i2").tobytes()
        try:
            with disk_errors(self.path):
                if self._written + len(samples) - self._header_at >= _HEADER_EVERY:
                    self._wav.writeframes(data)
                    self._file.flush()
                    self._header_at = self._written + len(samples)
                else:
                    self._wav.writeframesraw(data)
        except InputError:
            self.discard()
            raise
        self._written += len(samples)

    def pad_to(self, at: Samples) -> None:
        """Appends silence up to position `at`; nothing if that is passed. Raises as `write`."""
        at = min(at, LONGEST)
        while self._written < at:
            self.write(silence(min(at - self._written, _SILENCE_BLOCK)))

    def close(self) -> None:
        """Completes the file and gives it its name; does nothing the second time.

        Raises:
            InputError: the disk is full, or the file cannot be written.
        """
        if not self._open:
            return
        try:
            with disk_errors(self.path):
                self._finish()
                self.part.replace(self.path)
        except InputError:
            self.discard()
            raise
        sync_directory(self.path.parent)

    def discard(self) -> None:
        """Removes what was written."""
        self._open = False
        self._release()
        with suppress(OSError):
            self.part.unlink()

    def keep_part(self) -> None:
        """Completes what was written and leaves it under the name with ``.part``."""
        if self._open:
            with disk_errors(self.path):
                self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        elif isinstance(error, ModeratorError):
            self.discard()
        else:
            self.keep_part()

    def _finish(self) -> None:
        self._wav.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._open = False

    def _release(self) -> None:
        # Closing tries once more to write what did not fit; the file goes away anyway.
        with suppress(OSError, ValueError):
            self._wav.close()
        with suppress(OSError, ValueError):
            self._file.close()
