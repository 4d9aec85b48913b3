"""A voice agent that takes a role in a meeting and speaks only when that role should.

At this root stands what everybody uses: meeting time, audio, events, errors, the transcript.
"""

import os

from moderator._version import __version__

# ONNX Runtime tells its maker about each session unless this stands before it is first loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = ["__version__"]
