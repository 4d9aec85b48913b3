"""All checks in one command, ``python -m tests``: format, lint, imports, types, tests.

Arguments are passed on to pytest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO

PYTEST = [sys.executable, "-m", "pytest"]
ROOMS = "tests/integrations/livekit"

CHECKS: dict[str, list[str]] = {
    "format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "imports": ["lint-imports"],
    # Beside the rooms, which leave most of the time unused; only what they do leave.
    "types": [sys.executable, "-m", "mypy"],
    "tests": [*PYTEST, "-n", "2", "--dist", "loadgroup", f"--ignore={ROOMS}"],
    # Rooms run in real time: other tests beside them would make people hear the agent late.
    "rooms": [*PYTEST, ROOMS],
}


def main() -> int:
    """Runs every check, also after one that failed; 0 if all passed."""
    failed = []
    for name, command in CHECKS.items():
        if name == "types":
            continue
        extra = sys.argv[1:] if name == "tests" else []
        _begin(name, [*command, *extra])
        begun = time.monotonic()
        with tempfile.TemporaryFile("w+") as told:
            beside = _in_spare_time(CHECKS["types"], told) if name == "rooms" else None
            if subprocess.run([*command, *extra], check=False).returncode:
                failed.append(name)
            print(f"== {name}: {time.monotonic() - begun:.0f} s", flush=True)
            if beside is not None:
                _begin("types", CHECKS["types"])
                if beside.wait():
                    failed.append("types")
                told.seek(0)
                print(told.read(), flush=True)
    print(f"== failed: {', '.join(failed)}" if failed else "== all checks passed", flush=True)
    return 1 if failed else 0


def _begin(name: str, command: Sequence[str]) -> None:
    print(f"== {name}: {' '.join(command[-5:])}", flush=True)


def _in_spare_time(command: Sequence[str], told: IO[str]) -> subprocess.Popen[str]:
    nice = [nice, "-n", "19"] if (nice := shutil.which("nice")) else []
    return subprocess.Popen([*nice, *command], stdout=told, stderr=subprocess.STDOUT, text=True)


if __name__ == "__main__":
    sys.exit(main())
