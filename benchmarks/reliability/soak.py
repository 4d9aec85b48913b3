"""Whether a replay of many hours stays as small and as fast as it was at its beginning.

The product's own command replays four tracks, in which the same ten minutes of rendered speech come
round again and again; this process only looks on: at the memory, files and threads that the kernel
counts for it, its computing time, and how far its journal is.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.recognition import rendered_clips
from moderator.audio import Waveform, silence, to_pcm16
from moderator.models.store import ModelStore
from moderator.timeline import SAMPLE_RATE, to_samples

PEOPLE = ("ana", "ben", "cem", "dana")
CYCLE = to_samples(600.0)
PAUSES_S = (-0.5, 30.0)
"""Between two utterances; below 0 they are heard at once."""

WARM_S = 1800.0
"""Meeting time after which memory counts: by then everything has been used once."""

LOOKS_EVERY_S = 5.0
MB_AN_HOUR = 1.0
SLOWER = 1.1


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the replay gave.

    Attributes:
        meeting_s: how far its journal was.
        memory_mb: resident memory that is its own (anonymous pages): what it reads of models is
            given back by the kernel where it is needed.
        files: open file handles.
        threads: of the process.
        computed_s: processor time since it began.
    """

    meeting_s: float
    memory_mb: float
    files: int
    threads: int
    computed_s: float


def cycle(store: ModelStore, seed: int) -> dict[str, Waveform]:
    """Ten minutes of talk, a track a person ``(CYCLE,)``: one after the other, at times at once."""
    random_ = random.Random(seed)
    tracks = {name: silence(CYCLE) for name in PEOPLE}
    clips = [clip.audio for clip in rendered_clips(store)]
    at = to_samples(2.0)
    while True:
        name, audio = random_.choice(PEOPLE), random_.choice(clips)
        if at + len(audio) > CYCLE:
            return tracks
        place = tracks[name][at : at + len(audio)]
        if not place.any():
            place[:] = audio
        at += len(audio) + to_samples(random_.uniform(*PAUSES_S))


def write_tracks(tracks: Mapping[str, Waveform], hours: float, folder: Path) -> dict[str, Path]:
    """The cycle over and over, as one flac file a person."""
    paths = {}
    for name, track in tracks.items():
        paths[name] = folder / f"{name}.flac"
        left = to_samples(hours * 3600)
        with soundfile.SoundFile(paths[name], "w", SAMPLE_RATE, 1, "PCM_16") as file:
            while left > 0:
                file.write(to_pcm16(track[:left]))
                left -= len(track)
    return paths


def soak(
    hours: float, folder: Path, mind: str, seed: int, told: Callable[[float], None]
) -> Iterator[Look]:
    """Replays so many hours, and looks at it every few seconds.

    Args:
        hours: of meeting time.
        folder: an empty one, for recordings and results.
        mind: as `moderator replay --mind` takes it.
        seed: of who speaks when.
        told: gets how far it is, in seconds of meeting time.

    Raises:
        RuntimeError: the replay failed, or the kernel tells nothing of processes.
    """
    paths = write_tracks(cycle(ModelStore.default(), seed), hours, folder)
    out = folder / "result"
    command = [sys.executable, "-m", "moderator", "replay"]
    command += [f"{name}={path}" for name, path in paths.items()]
    command += ["--role", "facilitator", "--mind", mind, "--offline", "--json", "--out", str(out)]
    with (folder / "log").open("wb") as log:
        replay = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            while _goes_on(replay):
                look = _look(replay.pid, out / "journal.jsonl")
                if look is not None:
                    told(look.meeting_s)
                    yield look
        finally:
            replay.kill()
            replay.wait()
    if replay.returncode:
        raise RuntimeError((folder / "log").read_text("utf-8", "replace")[-2000:])


def _goes_on(replay: subprocess.Popen[bytes]) -> bool:
    """Waits until the next look is due, or the replay has ended."""
    try:
        replay.wait(LOOKS_EVERY_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _look(process: int, journal: Path) -> Look | None:
    folder = Path("/proc") / str(process)
    try:
        status = dict(
            line.split(":", 1) for line in (folder / "status").read_text("ascii").splitlines()
        )
        counted = (folder / "stat").read_text("ascii").rpartition(")")[2].split()
        files = sum(1 for _ in (folder / "fd").iterdir())
        with journal.open("rb") as file:
            file.seek(max(0, journal.stat().st_size - 65_536))
            lines = file.read().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None  # it has just ended, or has not begun
    ticks = int(counted[11]) + int(counted[12])
    return Look(
        _meeting_s(lines),
        int(status["RssAnon"].split()[0]) / 1024,
        files,
        int(status["Threads"]),
        ticks / os.sysconf("SC_CLK_TCK"),
    )


def _meeting_s(lines: list[bytes]) -> float:
    """The latest meeting time that a journal's last lines tell of, in seconds."""
    for line in reversed(lines):
        try:
            told = json.loads(line)
        except ValueError:
            continue  # the first may be cut, the last not written to its end
        at = max((told.get(key) or 0 for key in ("end", "now", "at")), default=0)
        if at:
            return float(at) / SAMPLE_RATE
    return 0.0


@dataclass(frozen=True, slots=True)
class Soaked:
    """What became of a replay's memory and speed.

    Attributes:
        mb_an_hour: slope of its memory after the warm-up, by least squares.
        memory_mb: least and most memory after the warm-up.
        files: fewest and most open files after the warm-up.
        threads: likewise.
        early: computing time for a second of meeting, in the hour from minute 10 on.
        late: the same, in the last hour.
    """

    mb_an_hour: float
    memory_mb: tuple[float, float]
    files: tuple[int, int]
    threads: tuple[int, int]
    early: float
    late: float

    @property
    def bad(self) -> bool:
        """Whether it grew or became slower."""
        grown = self.mb_an_hour > MB_AN_HOUR or self.files[1] - self.files[0] > 2
        return grown or self.late > SLOWER * self.early


def soaked(looks: list[Look]) -> Soaked:
    """What the looks say.

    Raises:
        ValueError: they span less than two hours of meeting time.
    """
    end = looks[-1].meeting_s
    if end < 2 * 3600:
        raise ValueError("less than two hours say nothing of growth")
    warm = [one for one in looks if one.meeting_s >= WARM_S]
    hours = np.array([one.meeting_s / 3600 for one in warm])
    memory = np.array([one.memory_mb for one in warm])
    slope = float(np.polyfit(hours, memory, 1)[0])
    return Soaked(
        slope,
        (float(memory.min()), float(memory.max())),
        (min(one.files for one in warm), max(one.files for one in warm)),
        (min(one.threads for one in warm), max(one.threads for one in warm)),
        _cost(looks, 600.0, 4200.0),
        _cost(looks, end - 3600.0, end),
    )


def _cost(looks: list[Look], start_s: float, end_s: float) -> float:
    some = [one for one in looks if start_s <= one.meeting_s <= end_s]
    return (some[-1].computed_s - some[0].computed_s) / (some[-1].meeting_s - some[0].meeting_s)
