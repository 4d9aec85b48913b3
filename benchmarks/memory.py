"""Whether the ears' memory stays flat over a long meeting.

    python -m benchmarks.memory [--hours 2] [--json FILE]

Pushes looped speech with pauses through one participant's track, as fast as it can be computed, and
prints the resident memory at every tenth minute of meeting time. Fails if it leaves ± 5 % of what
it was at minute 10.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from benchmarks.recognition import TRACK, rendered_clips
from moderator.audio import AudioChunk, Waveform, silence
from moderator.ears.listener import Listener
from moderator.ears.loading import load_ear_models
from moderator.models.store import ModelStore
from moderator.timeline import SAMPLE_RATE, TICK

REPORT_S = 600
TOLERANCE = 0.05


def resident_mb() -> float:
    """Resident memory of this process now, from the kernel (Linux)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not say how much memory is resident")


def looped_speech(store: ModelStore) -> Waveform:
    """All rendered texts, each followed by as much silence, in whole ticks."""
    parts = [part for clip in rendered_clips(store) for part in (clip.audio, 0 * clip.audio)]
    joined = np.concatenate(parts)
    return np.concatenate([joined, silence(-len(joined) % TICK)])


def main(
    hours: Annotated[float, typer.Option(help="Meeting time to push.")] = 2.0,
    output: Annotated[Path | None, typer.Option("--json", help="Write figures here.")] = None,
) -> None:
    """Prints resident memory by meeting time."""
    store = ModelStore.default()
    audio = looped_speech(store)
    listener = Listener([load_ear_models(store).own_track(TRACK)])
    console = Console()
    seen: list[tuple[int, float]] = []
    words = 0
    for at in range(0, int(hours * 3600 * SAMPLE_RATE), TICK):
        place = at % len(audio)
        chunk = AudioChunk(TRACK, at, audio[place : place + TICK])
        words += len(listener.hear(at + TICK, [chunk]).words)
        if (at + TICK) % (REPORT_S * SAMPLE_RATE) == 0:
            seen.append(((at + TICK) // SAMPLE_RATE // 60, round(resident_mb(), 1)))
            console.print(f"minute {seen[-1][0]}: {seen[-1][1]} MB, {words} words")
    change = max((abs(mb / seen[0][1] - 1) for _, mb in seen), default=0.0)
    console.print(f"largest change after minute 10: {change:.1%}")
    if output is not None:
        figures = {"resident_mb": dict(seen), "largest_change": round(change, 4), "words": words}
        output.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    if change > TOLERANCE:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
