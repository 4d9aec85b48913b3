"""Runs a reader's process, and ends it when it hangs; a process that dies is begun anew."""

from __future__ import annotations

import base64
import json
import os
import re
import select
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from moderator.timeline import Elapsed
from tests.fuzz.child import waited_s

START_S: Final = 180.0
"""Seconds until a process must have read its valid inputs: it imports what it reads with."""

HANGS_S: Final = 8.0
"""Seconds after which an input will not be waited for any more."""

KEPT: Final = 3
"""Inputs kept of one fault."""

MOST_DEATHS: Final = 50
"""A reader whose process ended so often is not tried further."""


@dataclass
class Found:
    """What came of trying one reader.

    Attributes:
        name: the reader's.
        tried: inputs.
        longest_s: seconds that the slowest of them took.
        faults: how often, by what they are.
        kept: files of inputs that did it.
    """

    name: str
    tried: int = 0
    longest_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    kept: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """How readers are tried.

    Attributes:
        seed: of the mutations.
        times: mutations of each.
        minutes: time for each instead; None: as many as `times` says.
        out: for inputs that do harm.
        more: directories with further valid inputs.
    """

    seed: int
    times: int
    minutes: float | None
    out: Path
    more: Sequence[Path] = ()


def file_name(name: str) -> str:
    """A reader's name as part of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", name)


class Reader:
    """One reader under watch.

    Args:
        name: the reader's.
        module: in which it stands among the `TARGETS`.
        plan: how it is tried.
        tell: told the share done since the last call.
    """

    def __init__(self, name: str, module: str, plan: Plan, tell: Callable[[float], None]) -> None:
        self._name, self._module, self._plan, self._tell = name, module, plan, tell
        self._found, self._elapsed = Found(name), Elapsed()
        self._next = self._deaths = 0
        self._share = 0.0

    def run(self) -> Found:
        """Tries it to the end."""
        while not self._over() and self._deaths < MOST_DEATHS:
            with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
                said, last = Path(folder) / "said", Path(folder) / "input"
                child = self._start(said, last)
                try:
                    why = self._follow(child)
                finally:
                    child.kill()
                    child.wait()
                    assert child.stdout is not None
                    child.stdout.close()
                if why is None:
                    break
                self._deaths += 1
                tail = said.read_bytes()[-4000:].decode("utf-8", "replace")
                trace = f"exit status {child.returncode}\n{tail}"
                data = last.read_bytes() if last.is_file() else b""
                self._fault(self._next - 1, why, trace, data)
        self._tell(1.0 - self._share)
        return self._found

    def _start(self, said: Path, last: Path) -> subprocess.Popen[bytes]:
        times = self._plan.times - self._next if self._plan.minutes is None else 10**9
        command = [sys.executable, "-m", "tests.fuzz.child"]
        command += [self._module, self._name, str(self._plan.seed), str(self._next)]
        command += [str(times), str(last), *map(str, self._plan.more)]
        with said.open("wb") as errors:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)

    def _over(self) -> bool:
        if self._plan.minutes is not None:
            return self._elapsed.seconds >= 60.0 * self._plan.minutes
        return self._next >= self._plan.times

    def _follow(self, child: subprocess.Popen[bytes]) -> str | None:
        """Takes what a process tells; why it had to end before its time, None if it did not."""
        before = self._found.tried
        why = "the process died"
        for line in _lines(child):
            if line is None:
                why = "hangs"
                break
            self._found.longest_s = max(self._found.longest_s, line.get("longest", 0.0))
            if "ready" in line:
                self._elapsed = self._elapsed if self._next else Elapsed()
            elif "begin" in line:
                self._begin(int(line["begin"]))
                if self._plan.minutes is not None and self._over():
                    return None
            elif "fault" in line:
                data = base64.b64decode(line["data"])
                self._fault(int(line["fault"]), str(line["what"]), str(line["trace"]), data)
            elif "done" in line:
                return None
        if self._found.tried == before:
            self._deaths = MOST_DEATHS  # it would not come further the next time either
            return "cannot be tried"
        return why

    def _begin(self, number: int) -> None:
        if number >= self._next:
            self._next = number + 1
            self._found.tried += 1
        if self._found.tried % 50 == 0:
            self._advance()

    def _advance(self) -> None:
        minutes = self._plan.minutes
        share = self._next / self._plan.times
        if minutes is not None:
            share = self._elapsed.seconds / (60.0 * minutes)
        self._tell(max(0.0, min(share, 1.0) - self._share))
        self._share = max(self._share, min(share, 1.0))

    def _fault(self, number: int, what: str, trace: str, data: bytes) -> None:
        self._found.faults[what] += 1
        if self._found.faults[what] > KEPT:
            return
        plan, name = self._plan, self._name
        plan.out.mkdir(parents=True, exist_ok=True)
        path = plan.out / f"{file_name(name)}.{plan.seed}.{number}"
        path.write_bytes(data)
        about = f"{name}, seed {plan.seed}, number {number}: {what}\n\n{trace}\n"
        path.with_name(path.name + ".txt").write_text(about, "utf-8", errors="backslashreplace")
        self._found.kept.append(path)


def _says_something(child: subprocess.Popen[bytes], within_s: float) -> bool:
    """Whether it says something or ends, in so many seconds in which it could run."""
    elapsed, before = Elapsed(), waited_s(child.pid)
    assert child.stdout is not None
    while not select.select([child.stdout.fileno()], [], [], within_s / 4)[0]:
        if elapsed.seconds - (waited_s(child.pid) - before) > within_s:
            return False
    return True


def _lines(child: subprocess.Popen[bytes]) -> Iterator[dict[str, Any] | None]:
    """What a process tells, line by line, until it ends; None if it says nothing for too long."""
    assert child.stdout is not None
    handle, held, patience_s = child.stdout.fileno(), b"", START_S
    while _says_something(child, patience_s):
        piece = os.read(handle, 1 << 16)
        if not piece:
            return
        *whole, held = (held + piece).split(b"\n")
        for text in whole:
            line = json.loads(text)
            patience_s = HANGS_S if "ready" in line else patience_s
            yield line
    yield None
