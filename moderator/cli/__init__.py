"""The command line: `moderator demo | replay | roles | models | report`."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    import sys

    from moderator.cli.app import run

    sys.exit(run(sys.argv[1:]))
