"""A network namespace for room tests: loopback, and one more address that WebRTC insists on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

INSIDE = "MODERATOR_ROOM_TESTS"
"""Set where room tests may run."""

ROOMS = Path(__file__).with_name("rooms")

# The client ignores the loopback interface and does nothing without another address.
_SETUP = """
set -e
ip link set lo up
ip link add room0 type veth peer name room1
ip address add 10.77.0.1/24 dev room0
ip link set room0 up
ip link set room1 up
exec "$@"
"""


# The client's native threads do not always survive the interpreter's finalisation.
_PYTEST = """
import sys
import pytest
from moderator.cli import ending
ending.prepare()
ending.skip_finalisation()
ending.leave(int(pytest.main(["-o", "cache_dir=.pytest_cache/rooms", *sys.argv[1:]])))
"""


def pytest_command(arguments: list[str]) -> list[str]:
    """A command line that runs pytest inside a new namespace."""
    return command([sys.executable, "-c", _PYTEST, *arguments])


def command(arguments: list[str]) -> list[str]:
    """A command line that runs `arguments` inside a new namespace."""
    return ["unshare", "-rn", "sh", "-c", _SETUP, "sh", *arguments]


def why_not() -> str | None:
    """Why no namespace can be made here; None if one can."""
    for tool in ("unshare", "ip"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    tried = subprocess.run(command(["true"]), capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"no network namespace: {tried.stderr.strip()}"


def enter_and_run(arguments: list[str]) -> int:
    """Runs pytest on the room tests inside a namespace; its exit code."""
    tests = (
        [] if any(not one.startswith("-") and "::" in one for one in arguments) else [str(ROOMS)]
    )
    environ = {**os.environ, INSIDE: "1"}
    return subprocess.run(pytest_command([*tests, *arguments]), env=environ, check=False).returncode
