"""The same replay by other Pythons and on lesser processors: are its decisions the same?"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product, zip_longest
from pathlib import Path
from typing import Any, Final

from moderator.errors import InputError
from moderator.journal.lines import read
from moderator.timeline import to_seconds

CAPABILITIES: Final[dict[str, dict[str, str]]] = {
    "best": {},
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
    "none": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    },
}
"""What torch, oneDNN and MKL are told to compute with: all there is, no AVX-512, no AVX at all."""

_TURNS: Final = ("turn_started", "turn_ended")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a replay runs.

    Attributes:
        python: the interpreter; the project is installed there.
        capability: of `CAPABILITIES`.
        name: of both, for people.
    """

    python: Path
    capability: str
    name: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A replay beside the same one at the first place.

    Attributes:
        place: where it ran.
        record: of which meeting.
        decisions: other than to wait, and turns.
        differ: of these.
        first_s: meeting time of the first that differs; None for none.
        same_bytes: the whole journal is the same, byte for byte.
    """

    place: Place
    record: Path
    decisions: int
    differ: int
    first_s: float | None
    same_bytes: bool


def places(pythons: Sequence[Path], capabilities: Sequence[str]) -> list[Place]:
    """All combinations, the first of both first.

    Raises:
        InputError: a capability is none, or an interpreter cannot be run.
    """
    unknown = [one for one in capabilities if one not in CAPABILITIES]
    if unknown:
        todo = f"use {', '.join(CAPABILITIES)}"
        raise InputError(f"no capability {unknown[0]!r}", where="--capability", todo=todo)
    versions = {python: _version(python) for python in pythons}
    return [
        Place(python, one, f"Python {versions[python]}, {one}")
        for python, one in product(pythons, capabilities)
    ]


def _version(python: Path) -> str:
    code = "import platform; print(platform.python_version())"
    try:
        return subprocess.run(
            [python, "-c", code], check=True, capture_output=True, text=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        todo = "name an interpreter"
        raise InputError("cannot be run", where=f"--python {python}", todo=todo) from None


def compare(
    records: Sequence[Path],
    where: Sequence[Place],
    role: str,
    mind: str,
    tell: Callable[[], None],
) -> Iterator[Compared]:
    """Replays each record at each place.

    Args:
        records: meetings of words.
        where: the places; the others are compared with the first.
        role: of the library, or a file.
        mind: as on the command line.
        tell: told of each replay.

    Raises:
        InputError: a replay failed.
    """
    for record in records:
        with tempfile.TemporaryDirectory(prefix="places-") as folder:
            first: Path | None = None
            for number, place in enumerate(where):
                out = Path(folder) / str(number)
                _replay(place, record, role, mind, out)
                tell()
                journal = out / "journal.jsonl"
                first = first or journal
                yield compared(place, record, first, journal)


def _replay(place: Place, record: Path, role: str, mind: str, out: Path) -> None:
    command = [str(place.python), "-m", "moderator", "replay", str(record), "--out", str(out)]
    command += ["--role", role, "--mind", mind, "--offline", "--json", "--no-audio-in-report"]
    environment = {**os.environ, **CAPABILITIES[place.capability]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        told = (done.stderr.splitlines() or ["nothing"])[-1]
        todo = "install the project there, and pull the models"
        raise InputError(f"the replay failed: {told}", where=place.name, todo=todo)


def compared(place: Place, record: Path, first: Path, journal: Path) -> Compared:
    """A replay's journal beside that of the first place."""
    pairs = list(zip_longest(turns(first), turns(journal)))
    differ = [(one or other) for one, other in pairs if one != other]
    at = to_seconds(differ[0]["at"]) if differ else None
    same = first.read_bytes() == journal.read_bytes()
    return Compared(place, record, len(pairs), len(differ), at, same)


def turns(journal: Path) -> list[dict[str, Any]]:
    """What the agent did: decisions other than to wait, and its turns with their words."""
    return [
        line
        for line in read(journal)
        if line["kind"] in _TURNS or (line["kind"] == "decision" and line["action"] != "wait")
    ]
