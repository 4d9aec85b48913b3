"""How the process of a command ends."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import atexit, logging, sys, threading, time

from moderator.cli import ending

skips, code = sys.argv[1] == "skips", int(sys.argv[2])

class Finalised:
    def __init__(self):
        self.itself = self

    def __del__(self, stream=sys.__stderr__):
        stream.write("finalised ")
        stream.flush()

atexit.register(print, "handler registered before")
ending.prepare()
alive = Finalised()
atexit.register(print, "handler registered after")
threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
if skips:
    ending.skip_finalisation()
print("no line end", end=" ")
ending.leave(code)
"""

BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=BUFFERED,
    )


@pytest.mark.parametrize("code", [0, 2, 70, 130])
def test_without_finalisation_nothing_is_lost(code: int) -> None:
    done = run("skips", str(code))
    assert done.returncode == code
    assert done.stdout == "no line end thread\nhandler registered after\n"
    assert done.stderr == ""


def test_other_commands_end_as_always() -> None:
    done = run("finalises", "2")
    assert done.returncode == 2
    assert done.stdout.endswith("handler registered after\nhandler registered before\n")
    assert done.stderr == "finalised "


def test_a_closed_pipe_does_not_change_the_code() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "skips", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=BUFFERED,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 2
