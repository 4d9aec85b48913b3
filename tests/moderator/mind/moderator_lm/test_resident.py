"""Torch's libraries leave memory, and work on."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
from pathlib import Path
import torch
from moderator.mind.moderator_lm.resident import drop_torch

def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

before = resident()
drop_torch()
print(before - resident())
matrix = torch.arange(64.0).reshape(8, 8)
print(float((matrix @ matrix.T).sum()), torch.fft.rfft(torch.ones(16))[0].item().real)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of Linux")
def test_pages_that_only_loading_needed_are_dropped_and_torch_still_computes() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True)
    dropped, product, transform = map(float, done.stdout.split())
    assert dropped > 10
    assert product == 510_720.0
    assert transform == 16.0
