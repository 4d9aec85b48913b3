"""Recordings of single people, by which they are named on a shared microphone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from integrations.files.disk.foreign import checked_id
from integrations.files.sound.audio import AudioFile
from integrations.files.sound.containers import CONTAINERS
from moderator.audio import Waveform
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE

LONGEST_S: Final = 60
"""Seconds of a recording that are listened to."""

RECORDINGS: Final = (*(f".{kind}" for kind in CONTAINERS.split(", ")), ".opus", ".oga", ".mka")
"""Files of a directory that are taken for recordings."""


def read_enrolments(given: Sequence[str]) -> dict[str, Waveform]:
    """Reads ``NAME=RECORDING`` arguments, and directories of recordings called ``NAME.*``.

    Returns:
        By name, in the order given, up to `LONGEST_S` seconds: ``(n,)`` float32 at 16 kHz.

    Raises:
        InputError: not of that form, a name twice, or a recording that cannot be used.
    """
    voices: dict[str, Waveform] = {}
    for argument in _spread(given):
        name, separator, path = argument.partition("=")
        if not separator or not path:
            raise InputError(
                f"no recording in {argument[:60]!r}", where="--enrol", todo="give NAME=RECORDING"
            )
        name = checked_id(name, "--enrol")
        if name in voices:
            raise InputError(f"two voices are called {name!r}", where="--enrol", todo="rename one")
        blocks = islice(AudioFile(Path(path)).blocks(SAMPLE_RATE), LONGEST_S)
        voices[name] = np.concatenate(list(blocks))
    return voices


def _spread(given: Sequence[str]) -> Iterator[str]:
    """The arguments, with the recordings of a directory in its place."""
    for argument in given:
        folder = Path(argument)
        if "=" in argument or not folder.is_dir():
            yield argument
            continue
        recordings = sorted(path for path in folder.iterdir() if path.suffix.lower() in RECORDINGS)
        if not recordings:
            raise InputError(
                f"no recording in {argument[:60]!r}", where="--enrol", todo="call them NAME.wav"
            )
        yield from (f"{path.stem}={path}" for path in recordings)
