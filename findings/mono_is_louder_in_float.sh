#!/usr/bin/env bash
# PyAV: a stereo recording mixed down to mono is 3 dB louder as float than as 16-bit integers.
#
# Expected: the sample format changes how a sample is written, not how loud it is: mono of two equal
# channels is that channel, as `s16` and as `flt` alike.
# Why not: FFmpeg's libswresample takes 0.707 of both channels, and 0.5 where the sum may overflow.
# An integer may; a float holds any sum, so that a voice in both channels, say of one microphone in
# a stereo file, comes out 1.41 times as loud, if need be beyond full scale.
# Whom it hurts: float is what models take. Thresholds in dB (silence, leakage, loudness) are off by
# 3 dB for stereo recordings alone, and what becomes 16 bit later is clipped.
# Here: integrations/files/sound/audio.py takes the channels as they are and their mean by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  av==18.1.0 numpy==2.4.6 || { echo "cannot install" >&2; exit 2; }
cd "$work"
venv/bin/python - <<'PYTHON'
import sys
import wave

import av
import numpy as np

RATE = 48_000


def peak(path, sample_format):
    """The highest sample of a recording that PyAV mixes down to mono; full scale is 1."""
    with av.open(path) as container:
        resampler = av.AudioResampler(format=sample_format, layout="mono", rate=RATE)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
    scale = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max + 1)
    return float(np.abs(samples.astype(np.float64)).max() / scale)


tone = 0.8 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
both = np.repeat((tone * 32_768).astype("<i2")[:, None], 2, axis=1)
with wave.open("stereo.wav", "wb") as file:
    file.setnchannels(2)
    file.setsampwidth(2)
    file.setframerate(RATE)
    file.writeframes(both.tobytes())

print(f"PyAV {av.__version__}, libswresample",
      ".".join(map(str, av.library_versions["libswresample"])))
print("stereo.wav: 16 bit, the same tone in both channels, peak 0.8")
peaks = {name: peak("stereo.wav", name) for name in ("s16", "s32", "flt", "fltp", "dbl")}
for name, value in peaks.items():
    print(f"mono as {name:4}: peak {value:.3f}, {20 * np.log10(value / 0.8):+.2f} dB")
as_recorded = all(abs(peaks[name] - 0.8) < 0.01 for name in ("s16", "s32"))
if not (as_recorded and all(peaks[name] > 1.1 for name in ("flt", "fltp", "dbl"))):
    sys.exit("no longer so: mono is as loud in float as in 16 bit")
PYTHON
