#!/usr/bin/env bash
# livekit-agents: `audio_frames_from_file` leaves out the first 20 to 96 ms of a recording.
#
# Expected: every sample of the file, as PyAV yields them. The function is documented as "Decode the
# audio file into rtc.AudioFrame instances", and it uses PyAV.
# Why not: it opens the file with FFmpeg's `fflags=nobuffer`, with which FFmpeg throws away what it
# read to find out what is in the file, here the first packet. FFmpeg's documentation says of it
# "Reduce the latency introduced by buffering during initial input streams analysis".
# Whom it hurts: a prompt played into a room loses its first consonant, a short beep is gone, and a
# recording played as a test speaks earlier than its transcript says. The same decoder reads what
# speech synthesis sends as FLAC or Opus.
# Here: integrations/files/sound/audio.py opens recordings itself, and without that flag.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  livekit-agents==1.8.9 av==18.1.0 numpy==2.4.6 || { echo "cannot install" >&2; exit 2; }
cd "$work"
venv/bin/python - <<'PYTHON'
import asyncio
import sys
from fractions import Fraction
from importlib.metadata import version

import av
import numpy as np
from livekit.agents.utils.audio import audio_frames_from_file


def write(path, codec, samples, rate):
    """Samples, int16 and mono, encoded by FFmpeg."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        wanted = stream.codec_context.format.name
        for part in av.AudioResampler(wanted, "mono", rate).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def joined(parts):
    return np.concatenate([np.zeros(0, np.int16), *parts])


def by_pyav(path, **options):
    with av.open(path, options=options) as container:
        resampler = av.AudioResampler("s16", "mono")
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return joined(frame.to_ndarray().reshape(-1) for frame in frames)


async def by_livekit(path, rate):
    frames = [frame async for frame in audio_frames_from_file(path, sample_rate=rate)]
    return joined(np.frombuffer(frame.data, np.int16) for frame in frames)


print(f"livekit-agents {version('livekit-agents')}, PyAV {av.__version__},",
      f"libavformat {'.'.join(map(str, av.library_versions['libavformat']))}")
print(f"{'file':24} {'samples':>8} {'yielded':>8} {'missing at its start':>22}")
holds = True
for path, codec, rate, seconds in (
    ("speech_16k.wav", "pcm_s16le", 16_000, 2.0),
    ("speech_48k.wav", "pcm_s16le", 48_000, 2.0),
    ("speech_48k.flac", "flac", 48_000, 2.0),
    ("speech_48k.ogg (Opus)", "libopus", 48_000, 2.0),
    ("beep_16k.wav", "pcm_s16le", 16_000, 0.05),
):
    file = path.split()[0]
    # Noise: no stretch of it is like another, so that it shows which samples are missing.
    noise = np.random.default_rng(0).integers(-8_000, 8_000, round(rate * seconds))
    write(file, codec, noise.astype(np.int16), rate)
    whole, yielded = by_pyav(file), asyncio.run(by_livekit(file, rate))
    missing = len(whole) - len(yielded)
    at_start = codec == "libopus" or np.array_equal(whole[missing:], yielded)  # Opus is lossy
    ms = missing / rate * 1000
    print(f"{path:24} {len(whole):8} {len(yielded):8} {missing:14} = {ms:3.0f} ms")
    holds = holds and missing > 0 and at_start
print("the cause: PyAV alone yields of speech_16k.wav", len(by_pyav("speech_16k.wav")),
      "samples, with fflags=nobuffer", len(by_pyav("speech_16k.wav", fflags="nobuffer")))
if not holds:
    sys.exit("no longer so: audio_frames_from_file yields every sample of some of these files")
PYTHON
