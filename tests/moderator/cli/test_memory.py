"""What threads free goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import threading
import numpy as np
from pathlib import Path
from moderator.cli.memory import Memory

def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

def work() -> None:
    # Pieces of all sizes, of which every sixteenth is kept: what is freed between them stays.
    made = [np.ones(4_000, np.float64) for _ in range(2_000)]
    kept.extend(made[::16])

kept: list[object] = []
memory = Memory() if {frugal} else None
if memory is not None:
    memory.give_back()  # too soon: nothing is done
before = resident()
for _ in range(4):
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
import time
time.sleep(1.1)
if memory is not None:
    memory.give_back()
print(resident() - before - len(kept) * 4_000 * 8 / 2**20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_little_is_held_that_is_not_used() -> None:
    held = []
    for frugal in (True, False):
        code = CODE.replace("{frugal}", str(frugal))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        held.append(float(done.stdout))
    assert held[0] < 40
    assert held[1] > 2 * held[0]
