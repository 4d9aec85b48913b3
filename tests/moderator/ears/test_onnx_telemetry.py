"""Nothing leaves the machine: ONNX Runtime's reports about its use are off."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

_LOAD = """
import sys
from pathlib import Path

from moderator.ears.vad import load_silero

load_silero(Path(sys.argv[1]))
"""


@pytest.mark.e2e
def test_onnx_runtime_prepares_no_reports(tmp_path: Path) -> None:
    """It keeps them, with an id of the machine, in the user's cache until they are sent."""
    spec = find_spec("silero_vad")
    assert spec is not None
    assert spec.origin is not None
    weights = Path(spec.origin).parent / "data" / "silero_vad_16k_sequence.onnx"
    environment = {name: value for name, value in os.environ.items() if "TELEMETRY" not in name}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", _LOAD, str(weights)], env=environment, check=True)
    assert not [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name]
