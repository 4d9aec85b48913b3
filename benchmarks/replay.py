"""Speed, memory and repeatability of replays: words only, and four tracks with all models.

``python -m benchmarks.replay RECORD`` takes a meeting record. The words-only replay runs on it as
it is; for the other one its first minutes are spoken by the embedded voices, one track a speaker,
with the real turns, pauses and overlaps. Each replay runs twice in processes of its own, and the
two journals and agent tracks are compared byte by byte. The first tick is over when the journal
tells of more than what the meeting is.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

COMPARED = ("journal.jsonl", "agent.wav")


def main(
    record: Annotated[Path, typer.Argument(help="A meeting record.")],
    minutes: Annotated[float, typer.Option(help="Length of the spoken meeting; 0: none.")] = 5.0,
    role: Annotated[str, typer.Option(help="The agent's role.")] = "facilitator",
    recogniser: Annotated[str, typer.Option(help="A whisper model.")] = "whisper-tiny.en",
    mind: Annotated[str, typer.Option(help="moderator-lm or duties.")] = "moderator-lm",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measures both replays and prints a table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows.append(measure("words only", [str(record)], role, ["--mind", mind], Path(folder)))
        if minutes > 0:
            tracks = speak(record, minutes, Path(folder))
            options = ["--recogniser", recogniser, "--mind", mind]
            rows.append(measure(f"{len(tracks)} tracks", tracks, role, options, Path(folder)))
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = Table(
        "replay",
        "meeting",
        "x real time",
        "x with start",
        "first tick, s",
        "peak memory",
        "repeats",
    )
    for row in rows:
        table.add_row(
            row["name"],
            f"{row['meeting_s']:.0f} s",
            " / ".join(f"{speed:.1f}" for speed in row["speed"]),
            " / ".join(f"{speed:.1f}" for speed in row["speed_with_start"]),
            " / ".join(f"{seconds:.2f}" for seconds in row["first_tick_s"]),
            f"{row['peak_rss_mb']:.0f} MB",
            "byte for byte" if row["identical"] else "NO",
        )
    Console().print(table)


def speak(record: Path, minutes: float, folder: Path) -> list[str]:
    """Renders the record's first minutes; the inputs of a replay, one per speaker."""
    from integrations.files.sound.render import render_record, write_tracks
    from integrations.files.transcripts.records import read_record
    from moderator.models.store import ModelStore
    from moderator.mouth.loading import HIBARI_SPEAKERS, VoiceLoader
    from moderator.timeline import to_samples
    from roles.schema import VoiceChoice

    load = VoiceLoader(ModelStore.default())
    voices = [load(VoiceChoice(speaker=name)) for name in HIBARI_SPEAKERS]
    meeting = render_record(read_record(record), voices, to_samples(60 * minutes))
    paths = write_tracks(meeting, folder)
    return [f"{speaker}={path}" for speaker, path in paths.items()]


def measure(
    name: str, inputs: list[str], role: str, options: list[str], folder: Path
) -> dict[str, Any]:
    """Replays twice; speeds of both runs, the larger memory, and whether the results agree."""
    outs = [folder / f"{name}-{run}" for run in (1, 2)]
    summaries, walls, first = [], [], []
    for out in outs:
        command = [sys.executable, "-m", "moderator", "replay", *inputs, *options, "--role", role]
        command += ["--out", str(out), "--json", "--no-audio-in-report"]
        begun = time.perf_counter()
        with out.with_suffix(".json").open("w+") as printed:
            process = subprocess.Popen(command, stdout=printed, stderr=subprocess.DEVNULL)
            first.append(first_tick(process, out / "journal.jsonl", begun))
            if process.wait():
                raise RuntimeError(f"the replay failed: {' '.join(command)}")
            walls.append(time.perf_counter() - begun)
            printed.seek(0)
            summaries.append(json.loads(printed.read()))
    return {
        "name": name,
        "meeting_s": summaries[0]["duration_s"],
        "speed": [round(1 / summary["real_time_factor"], 2) for summary in summaries],
        "speed_with_start": [
            round(summary["duration_s"] / wall, 2)
            for summary, wall in zip(summaries, walls, strict=True)
        ],
        "first_tick_s": [round(seconds, 2) for seconds in first],
        "peak_rss_mb": max(summary["peak_rss_mb"] for summary in summaries),
        "identical": all(
            (outs[0] / file).read_bytes() == (outs[1] / file).read_bytes() for file in COMPARED
        ),
    }


def first_tick(process: subprocess.Popen[bytes], journal: Path, begun: float) -> float:
    """Seconds from the command until its journal has a second line, or until it has ended."""
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > 1:
            break
        time.sleep(0.01)
    return time.perf_counter() - begun


if __name__ == "__main__":
    typer.run(main)
