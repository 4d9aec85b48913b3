"""The command line: `moderator demo | replay | roles | models | report`."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    import sys

    from moderator.cli import ending

    ending.prepare()
    from moderator.cli.app import run

    ending.leave(run(sys.argv[1:]))
