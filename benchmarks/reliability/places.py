"""Whether one meeting is decided alike by other Pythons and on older processors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Decided: TypeAlias = tuple[int, str, str, str | None]
"""When, what, why, and by which act."""

PROCESSORS: Mapping[str, Mapping[str, str]] = {
    "as it is": {},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "no vectors": {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
}
"""What libraries are told to use of the processor."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a meeting in one place.

    Attributes:
        decisions: in their order.
        journal: its bytes.
        number_type: in which the embedded mind computed.
    """

    decisions: Sequence[Decided]
    journal: bytes
    number_type: str | None

    def differing(self, other: Replayed) -> int:
        """Decisions that are not those of the other."""
        pairs = zip(self.decisions, other.decisions, strict=False)
        same = sum(one == two for one, two in pairs)
        return max(len(self.decisions), len(other.decisions)) - same


def replayed(python: Path, inputs: Sequence[str], role: str, processor: str, out: Path) -> Replayed:
    """Replays a meeting in another process.

    Args:
        python: the interpreter, which has the product.
        inputs: as `moderator replay` takes them.
        role: likewise.
        processor: one of `PROCESSORS`.
        out: directory for the results.

    Raises:
        RuntimeError: it failed.
    """
    command = [str(python), "-m", "moderator", "replay", *inputs, "--role", role]
    command += ["--offline", "--json", "--out", str(out)]
    environment = {**os.environ, **PROCESSORS[processor]}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"{python}, {processor}: {done.stderr[-2000:]}")
    journal = (out / "journal.jsonl").read_bytes()
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    return Replayed(_decisions(journal), journal, summary.get("number_type"))


def _decisions(journal: bytes) -> list[Decided]:
    lines = map(json.loads, journal.splitlines())
    return [
        (line["at"], line["action"], line["reason"], line["act"])
        for line in lines
        if line["kind"] == "decision"
    ]
