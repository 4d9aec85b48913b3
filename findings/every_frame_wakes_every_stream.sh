#!/usr/bin/env bash
# livekit 1.1: each frame of each track wakes the event loop once for every AudioStream there is.
#
# Expected: a stream hands on its own track's frames, so that n tracks cost n times what one does.
# Why not: every AudioStream subscribes to the audio events of the whole process, and drops those of
# other streams only after it was woken for them: the cost grows with the square of the tracks.
# livekit 1.2.1 filters by stream, but livekit-agents 1.8.9 requires livekit==1.1.21.
# Whom it hurts: a worker that hears many people in several rooms: 16 tracks of 20 ms frames make
# 12,800 wake-ups a second, beside all that the loop is there for.
# Here: integrations/livekit/hearing/frames.py subscribes anew, to its own stream's events alone; it
# may go when livekit-agents takes livekit 1.2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  livekit==1.1.21 || { echo "cannot install" >&2; exit 2; }
cd "$work"
venv/bin/python - <<'PYTHON'
import asyncio
import sys
import time
from importlib.metadata import version

from livekit import rtc

SECONDS = 3.0


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts what other threads, here the client's native ones, wake it for."""

    woken = 0

    def call_soon_threadsafe(self, *args, **kwargs):
        self.woken += 1
        return super().call_soon_threadsafe(*args, **kwargs)


async def measure(tracks):
    """Frames that came in `SECONDS` through so many silent tracks, wake-ups, seconds of CPU."""
    loop, frames = asyncio.get_running_loop(), 0
    sources = [rtc.AudioSource(16_000, 1) for _ in range(tracks)]
    streams = [
        rtc.AudioStream(
            rtc.LocalAudioTrack.create_audio_track(f"track {number}", source),
            sample_rate=16_000,
            frame_size_ms=20,
        )
        for number, source in enumerate(sources)
    ]

    async def read(stream):
        nonlocal frames
        async for _ in stream:
            frames += 1

    readers = [asyncio.create_task(read(stream)) for stream in streams]
    await asyncio.sleep(0.5)
    frames, loop.woken, spent = 0, 0, time.process_time()
    await asyncio.sleep(SECONDS)
    result = frames, loop.woken, time.process_time() - spent
    for stream in streams:
        await stream.aclose()
    for source in sources:
        await source.aclose()
    await asyncio.gather(*readers)
    return result


loop = CountingLoop()
asyncio.set_event_loop(loop)
print("livekit", version("livekit"))
print(f"{'tracks':>6} {'frames/s':>9} {'wake-ups/s':>11} {'a frame':>8} {'CPU':>6}")
per_frame = {}
for tracks in (1, 4, 16):
    frames, woken, spent = loop.run_until_complete(measure(tracks))
    per_frame[tracks] = woken / frames
    print(f"{tracks:6} {frames / SECONDS:9.0f} {woken / SECONDS:11.0f} {woken / frames:8.1f}",
          f"{spent / SECONDS:6.1%}")
loop.close()
if per_frame[16] < 8 * per_frame[1]:
    sys.exit("no longer so: a frame wakes about as often with 16 tracks as with one")
PYTHON
