"""Writes 16-bit wav files as a stream: flat memory, and valid at every moment."""

from __future__ import annotations

import os
import struct
import wave
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from integrations.files.disk.atomic import disk_errors, part_path, sync_directory
from moderator.audio import Waveform, to_pcm16
from moderator.errors import InputError, ModeratorError
from moderator.timeline import SAMPLE_RATE, Samples

LONGEST: Final[Samples] = (2**32 - 2**16) // 2
"""Samples that fit into a wav file, whose length fields have 32 bits: 37 hours.

There are formats for longer ones (RF64, W64), but few players take them, browsers among them.
"""

AGENTS: Final = "The agent's voice in this file is synthetic speech, made by a machine."
MIXED: Final = f"Recorded people, and an agent. {AGENTS}"
"""Comments in the files of a run, so that its sound says of itself what it is."""

HEADER: Final = 44
"""Bytes before the first sample in what `WavWriter` writes."""

_HEADER_EVERY: Final[Samples] = SAMPLE_RATE // 2
"""Samples after which the header is brought up to date, for the case of a crash."""

_SILENCE_BLOCK: Final[Samples] = 60 * SAMPLE_RATE
_BYTES: Final = 2


class _Wave(wave.Wave_write):
    """Closed by its owner alone: the library's own `__del__` complains of a full disk again."""

    def __del__(self) -> None:
        pass

    def go_on(self, frames: int) -> None:
        """So many frames are behind the header already."""
        self._nframeswritten, self._datawritten = frames, frames * _BYTES


class WavWriter:
    """Writes mono 16 kHz 16-bit PCM to ``NAME.part.wav`` and renames it to ``NAME.wav`` at close.

    As a context manager it closes at the end. After a failure that was raised on purpose (a
    `ModeratorError`: a full disk, say) it leaves nothing behind; when the run is interrupted, what
    was written so far stays, valid, under the name with ``.part``. A killed process leaves that
    too, with a header at most half a second of audio old. What comes after `LONGEST` samples is not
    written: a file of 37 hours is better than none.

    Args:
        path: the file's final name.
        comment: stands in the finished file's metadata.
        goes_on: behind what a killed process left of it, if it did.

    Raises:
        InputError: it cannot be written.
    """

    def __init__(self, path: Path, comment: str = "", *, goes_on: bool = False) -> None:
        self.path, self._comment = path, comment
        self.part = part_path(path)
        self._written: Samples = 0
        self._header_at: Samples = 0
        self._open = True
        with disk_errors(path):
            goes_on = goes_on and self.part.is_file()
            self._file = self.part.open("r+b" if goes_on else "wb")
            there = _length(self._file) if goes_on else 0
            self._file.seek(0)
        self._wav = _Wave(self._file)
        self._wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        try:
            with disk_errors(path):
                self._wav.writeframes(b"")  # the header, so that it is a wav from now on
                self._file.truncate(HEADER + _BYTES * there)
                self._file.seek(0, os.SEEK_END)
                self._wav.go_on(there)
                self._written = self._header_at = there
                self._file.flush()
        except InputError:
            self.discard()
            raise

    @property
    def open(self) -> bool:
        """It can be written to: neither closed nor discarded."""
        return self._open

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
        self._append(to_pcm16(samples).astype("<i2").tobytes(), len(samples))

    def _append(self, data: bytes, count: Samples) -> None:
        try:
            with disk_errors(self.path):
                if self._written + count - self._header_at >= _HEADER_EVERY:
                    self._wav.writeframes(data)
                    self._header_at = self._written + count
                else:
                    self._wav.writeframesraw(data)
                self._file.flush()
        except InputError:
            self.discard()
            raise
        self._written += count

    def pad_to(self, at: Samples) -> None:
        """Appends silence up to position `at`; nothing if that is passed. Raises as `write`."""
        at = min(at, LONGEST)
        while self._written < at:
            count = min(at - self._written, _SILENCE_BLOCK)
            self._append(bytes(2 * count), count)

    def blank(self, spans: Iterable[tuple[Samples, Samples]]) -> None:
        """Makes silence of what was written in some spans; may be called in another thread.

        Raises:
            InputError: the file cannot be written.
        """
        if self._open:
            with disk_errors(self.path):
                _silence(self._file.fileno(), spans, self._written)

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
                if self._comment:
                    _remark(self.part, self._comment)
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


def complete_part(part: Path, until: Samples, comment: str = "") -> Path:
    """Gives what a run that broke off left of a wav its header, length and name.

    Args:
        part: what `part_path` names.
        until: silence is added up to this length.
        comment: stands in the finished file's metadata.

    Returns:
        The finished file.

    Raises:
        InputError: it cannot be written.
    """
    path = part.with_name(part.name.replace(".part", "", 1))
    with disk_errors(path), part.open("r+b") as file:
        there = _length(file)
        length = min(max(there, until), LONGEST)
        file.truncate(HEADER + _BYTES * there)  # half a sample, or a comment, may be behind it
        file.seek(0)
        file.write(_header(length))
        file.truncate(HEADER + _BYTES * length)
        file.flush()
        os.fsync(file.fileno())
        if comment:
            _remark(part, comment)
        part.replace(path)
    sync_directory(path.parent)
    return path


def _remark(path: Path, comment: str) -> None:
    """Puts a comment behind the sound, as RIFF has it: a list of information."""
    text = comment.encode("ascii") + b"\0"
    text += b"\0" * (len(text) % 2)
    entry = b"INFOICMT" + struct.pack("<I", len(text)) + text
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"LIST" + struct.pack("<I", len(entry)) + entry)
        size = file.tell()
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
        file.flush()
        os.fsync(file.fileno())


def _header(length: Samples) -> bytes:
    """The first bytes of a wav of so many samples: RIFF, format, and the head of its data."""
    size = _BYTES * length
    fmt = (16, 1, 1, SAMPLE_RATE, _BYTES * SAMPLE_RATE, _BYTES, 8 * _BYTES)
    riff = (b"RIFF", HEADER - 8 + size, b"WAVE", b"fmt ")
    return struct.pack("<4sI4s4sIHHIIHH4sI", *riff, *fmt, b"data", size)


def blank(path: Path, spans: Iterable[tuple[Samples, Samples]]) -> None:
    """Makes silence of some spans of a finished wav that `WavWriter` wrote.

    Raises:
        InputError: it cannot be written.
    """
    with disk_errors(path), path.open("r+b") as file:
        _silence(file.fileno(), spans, _length(file))
        os.fsync(file.fileno())


def _length(file: BinaryIO) -> Samples:
    """Samples in a wav that may have been cut short: its header may lag, a comment may follow."""
    end = os.fstat(file.fileno()).st_size
    file.seek(HEADER - 4)
    said = HEADER + int.from_bytes(file.read(4), "little")
    file.seek(said)
    if file.read(4) == b"LIST":
        end = said
    return max(0, end - HEADER) // _BYTES


def _silence(handle: int, spans: Iterable[tuple[Samples, Samples]], length: Samples) -> None:
    for start, end in spans:
        for at in range(max(0, start), min(end, length), _SILENCE_BLOCK):
            count = min(_SILENCE_BLOCK, min(end, length) - at)
            os.pwrite(handle, bytes(_BYTES * count), HEADER + _BYTES * at)
