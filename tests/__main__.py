"""All checks in one command, ``python -m tests``: format, lint, imports, types, tests.

Arguments are passed on to pytest.
"""

from __future__ import annotations

import subprocess
import sys
import time

PYTEST = [sys.executable, "-m", "pytest"]
ROOMS = "tests/integrations/livekit"

CHECKS: dict[str, list[str]] = {
    "format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "imports": ["lint-imports"],
    "types": [sys.executable, "-m", "mypy"],
    "tests": [*PYTEST, "-n", "2", "--dist", "loadgroup", f"--ignore={ROOMS}"],
    # Rooms run in real time: other tests beside them would make people hear the agent late.
    "rooms": [*PYTEST, ROOMS],
}


def main() -> int:
    """Runs every check, also after one that failed; 0 if all passed."""
    failed = []
    for name, command in CHECKS.items():
        extra = sys.argv[1:] if name == "tests" else []
        print(f"== {name}: {' '.join([*command[-5:], *extra])}", flush=True)
        begun = time.monotonic()
        if subprocess.run([*command, *extra], check=False).returncode:
            failed.append(name)
        print(f"== {name}: {time.monotonic() - begun:.0f} s", flush=True)
    print(f"== failed: {', '.join(failed)}" if failed else "== all checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
