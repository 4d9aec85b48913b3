"""Everybody's sound on a tape of their own, so that one person's can be erased until the end."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from integrations.files.disk.atomic import disk_errors
from integrations.files.sound.wav import WavWriter
from moderator.audio import Waveform, silence, to_pcm16
from moderator.plain_json import parse_json
from moderator.timeline import SAMPLE_RATE, Samples

OWN: Final = ""
"""The agent's track; no participant's identity is empty."""

_INDEX: Final = "tracks.jsonl"
_BLOCK: Final[Samples] = 60 * SAMPLE_RATE
_BYTES: Final = 2


class Tapes:
    """Files of 16-bit PCM, one a track, mixed when the meeting is over.

    What was written is in the files at once; an index says whose they are, so that a meeting that
    was killed can be mixed, or a person taken out of it, by whoever finds it.

    Args:
        folder: is created, and removed with everything in it once it was mixed.

    Raises:
        InputError: it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._others: list[BinaryIO] = []
        self._count = 0
        with disk_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()

    @classmethod
    def found(cls, folder: Path) -> Tapes | None:
        """The tapes that a meeting left when it broke off; None if there are none.

        Raises:
            InputError: they cannot be read.
        """
        if not folder.is_dir():
            return None
        tapes = cls.__new__(cls)
        tapes._folder, tapes._files, tapes._others, tapes._count = folder, {}, [], 0
        with disk_errors(folder):
            for name, track in _index(folder):
                tapes._count += 1  # no name is given twice
                path = folder / name
                if path.is_file():
                    before = tapes._files.get(track)
                    if before is not None:  # they had refused, and agreed anew
                        tapes._others.append(before)
                    tapes._files[track] = path.open("r+b", buffering=0)
        return tapes

    def write(self, track: str, start: Samples, samples: Waveform) -> None:
        """Puts samples, ``(n,)``, at meeting time `start` of a track.

        Raises:
            InputError: the disk is full, or the file cannot be written.
        """
        data = to_pcm16(samples).astype("<i2").tobytes()
        with disk_errors(self._folder):
            if track not in self._files:
                self._open(track)
            handle, done = self._files[track].fileno(), 0
            while done < len(data):
                done += os.pwrite(handle, data[done:], _BYTES * start + done)

    def _open(self, track: str) -> None:
        """The index comes first: no sound is without a name."""
        self._count += 1
        name = f"{self._count}.pcm"
        with (self._folder / _INDEX).open("a", encoding="utf-8") as index:
            index.write(json.dumps({"file": name, "track": track}) + "\n")
        self._files[track] = (self._folder / name).open("w+b", buffering=0)

    def erase(self, track: str) -> None:
        """Destroys what a track has brought so far."""
        tape = self._files.get(track)
        if tape is not None:
            with disk_errors(self._folder):
                Path(tape.name).unlink(missing_ok=True)
            del self._files[track]
            tape.close()

    def erase_before(self, track: str, before: Samples) -> None:
        """Makes silence of what a track brought before a meeting time, on all its tapes."""
        names = [name for name, whose in _index(self._folder) if whose == track]
        with disk_errors(self._folder):
            for name in names:
                path = self._folder / name
                if path.is_file():
                    with path.open("r+b", buffering=0) as tape:
                        _blank(tape, [(0, before)])

    def blank(self, track: str, spans: Iterable[tuple[Samples, Samples]]) -> None:
        """Makes silence of some spans of a track; may be called in another thread."""
        tape = self._files.get(track)
        if tape is not None:
            with disk_errors(self._folder):
                _blank(tape, spans)

    def mix(self, out: WavWriter, duration: Samples) -> None:
        """Writes the sum of all tapes; they stay until `remove`.

        Raises:
            InputError: the disk is full, or a file cannot be read or written.
        """
        length = min(self.length, duration)
        for at in range(0, length, _BLOCK):
            mixed = silence(min(_BLOCK, length - at))
            for tape in (*self._files.values(), *self._others):
                with disk_errors(self._folder):
                    data = os.pread(tape.fileno(), _BYTES * len(mixed), _BYTES * at)
                part = np.frombuffer(data[: len(data) // _BYTES * _BYTES], dtype="<i2")
                mixed[: len(part)] += part.astype(np.float32) / 32768.0
            out.write(mixed)
        out.pad_to(duration)

    @property
    def length(self) -> Samples:
        """Meeting time up to which anything was written."""
        tapes = (*self._files.values(), *self._others)
        return max((os.fstat(tape.fileno()).st_size // _BYTES for tape in tapes), default=0)

    def release(self) -> None:
        """Closes the files, and leaves them where they are."""
        for tape in (*self._files.values(), *self._others):
            tape.close()
        self._files.clear()
        self._others.clear()

    def remove(self) -> None:
        """Removes the tapes."""
        self.release()
        shutil.rmtree(self._folder, ignore_errors=True)


def _index(folder: Path) -> list[tuple[str, str]]:
    """File and track of every tape there was, in the order in which they were begun."""
    found = []
    try:
        text = (folder / _INDEX).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    for line in text.splitlines():
        try:
            entry = parse_json(line)
            name, track = str(entry["file"]), str(entry["track"])
        except (ValueError, KeyError, TypeError):
            continue  # cut off by a crash: nothing was written to its tape yet
        if name.removesuffix(".pcm").isdigit():  # no path that leads elsewhere
            found.append((name, track))
    return found


def _blank(tape: BinaryIO, spans: Iterable[tuple[Samples, Samples]]) -> None:
    length = os.fstat(tape.fileno()).st_size // _BYTES
    for start, end in spans:
        for at in range(max(0, start), min(end, length), _BLOCK):
            count = min(_BLOCK, min(end, length) - at)
            os.pwrite(tape.fileno(), bytes(_BYTES * count), _BYTES * at)
