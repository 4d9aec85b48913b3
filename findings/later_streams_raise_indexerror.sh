#!/usr/bin/env bash
# PyAV: a recording in which a stream begins later raises IndexError at its end.
#
# Expected: FLV and MPEG-TS say no number of streams at their beginning; a stream may begin at any
# time, and FFmpeg adds it to those of the file. Demuxing another stream ends as it does without.
# Why not: to flush decoders at the end, PyAV goes through as many streams as FFmpeg has by then, and
# looks each up in the list that it made when the file was opened, and in an array of that length.
# Whom it hurts: recordings of calls in which somebody switched a camera or a screen on after the
# first seconds: whoever reads one gets an error of the program, when all of it was read.
# Here: integrations/files/sound/streams.py begins to demux anew, which flushes the one stream.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  av==18.1.0 numpy==2.4.6 || { echo "cannot install" >&2; exit 2; }
cd "$work"
venv/bin/python - <<'PYTHON'
import io
import sys

import av
import numpy as np

RATE = 16_000


def recording(seconds):
    """FLV with AAC alone, as a stream that is recorded."""
    made = io.BytesIO()
    with av.open(made, "w", format="flv") as target:
        stream = target.add_stream("aac", rate=RATE)
        stream.layout = "mono"
        tone = 0.3 * np.sin(np.arange(RATE * seconds) / 5)
        frame = av.AudioFrame.from_ndarray(tone[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate = RATE
        fit = av.AudioResampler("fltp", "mono", RATE, frame_size=1024)
        for piece in [*fit.resample(frame), *fit.resample(None)]:
            target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return made.getvalue()


def with_picture(data, at_ms):
    """The same, with a tag of video from so many milliseconds on: somebody shares a screen."""
    at = 13
    while True:
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        stamp = data[at + 4 : at + 8]
        if int.from_bytes(stamp[3:] + stamp[:3], "big") >= at_ms:
            break
        at += 15 + size
    body = bytes([0x22, 0, 0, 0x84, 0, 0x81])
    tag = b"\x09" + len(body).to_bytes(3, "big") + stamp + bytes(3) + body
    return data[:at] + tag + (len(tag)).to_bytes(4, "big") + data[at:]


def packets(data):
    with av.open(io.BytesIO(data), format="flv") as source:
        print("streams at first:", [stream.type for stream in source.streams])
        return sum(1 for _ in source.demux(source.streams.audio[0]))


print(f"PyAV {av.__version__}")
plain = recording(90)
print(f"sound alone: {packets(plain)} packets")
later = with_picture(plain, 60_000)
try:
    print(f"a picture after 60 s: {packets(later)} packets")
except IndexError as error:
    print(f"a picture after 60 s: IndexError: {error}")
    sys.exit(0)
print("this is no longer so")
sys.exit(1)
PYTHON
