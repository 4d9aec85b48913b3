"""Where the command line begins and the process ends."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    from moderator.cli import ending

    ending.prepare()
    from moderator.cli.app import run

    ending.leave(run(sys.argv[1:]))
