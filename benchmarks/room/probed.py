"""The command line of `moderator`, in a process that says what it holds when it is asked.

    python -m benchmarks.room.probed serve …

A line on its standard input is answered by one of JSON on its standard output: `Held`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.memory import resident_mb


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds.

    Attributes:
        memory_mb: that is resident.
        files: handles, sockets among them.
        threads: all, native ones too.
        tasks: of asyncio that are not done, in all its event loops.
        people: participants that the client library's objects stand for.
        streams: of tracks' audio.
        tracks: sources of ears.
        cpu_s: computing time so far.
    """

    memory_mb: float
    files: int
    threads: int
    tasks: int
    people: int
    streams: int
    tracks: int
    cpu_s: float


def held() -> Held:
    """What this process holds now; garbage is collected before."""
    import time

    from livekit import rtc

    from moderator.ears.sources import Source

    gc.collect()
    counts: Counter[str] = Counter()
    for one in gc.get_objects():
        try:
            if isinstance(one, asyncio.Task):
                counts["tasks"] += not one.done()
            else:
                counts["people"] += isinstance(one, rtc.RemoteParticipant)
                counts["streams"] += isinstance(one, rtc.AudioStream)
                counts["tracks"] += isinstance(one, Source)
        except ReferenceError:  # a proxy of something that is gone
            continue
    own = Path("/proc/self")
    return Held(
        round(resident_mb(), 1),
        len(list((own / "fd").iterdir())),
        len(list((own / "task").iterdir())),
        counts["tasks"],
        counts["people"],
        counts["streams"],
        counts["tracks"],
        round(time.process_time(), 2),
    )


def _answer() -> None:
    answers = sys.__stdout__
    assert answers is not None
    for _ in sys.stdin:
        answers.write(json.dumps(asdict(held())) + "\n")
        answers.flush()


if __name__ == "__main__":
    from moderator.cli.entry import main

    threading.Thread(target=_answer, daemon=True).start()
    main()
