"""A network of its own for benchmarks that need a room: no packet can leave it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from moderator.errors import InputError
from tests.integrations.livekit.namespace import INSIDE, command, why_not
from tests.integrations.livekit.server import binary


def is_inside() -> bool:
    """Whether this process is in such a network."""
    return bool(os.environ.get(INSIDE))


def run_inside(program: str, arguments: Sequence[str]) -> int:
    """Runs a benchmark in a network of its own; its exit code.

    Args:
        program: the module.
        arguments: of its command line.

    Raises:
        InputError: there is no server, or no network can be made.
    """
    if binary() is None:
        raise InputError("no livekit-server on PATH", where=program, todo="install it")
    if (reason := why_not()) is not None:
        raise InputError(reason, where=program, todo="run it where that is allowed")
    own = [sys.executable, "-m", program, *arguments]
    return subprocess.run(command(own), env={**os.environ, INSIDE: "1"}, check=False).returncode
