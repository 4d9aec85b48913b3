"""Tries one reader after the other in a process of its own, and says which input it is at.

    python -m tests.fuzz.child WHERE NAME SEED FIRST TIMES INPUT [DIR …]

One line of JSON on stdout for each thing that happens, which `watch` reads. The input that is being
read lies in the file INPUT, for whoever finds the process dead.
"""

from __future__ import annotations

import base64
import faulthandler
import gc
import json
import logging
import os
import resource
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moderator.timeline import Elapsed
from tests.fuzz.target import Target, input_of, seeds_of, target_of

LONGEST_S: Final = 2.0
"""Seconds that reading one input may take, without those in which others had the processor."""

SLOW: Final = f"longer than {LONGEST_S:g} s"

MOST_MEMORY: Final = 300 * 2**20
"""Bytes that reading one input may take more than was there before the first."""

_ADDRESSES: Final = 2**30
"""Addresses that it may take; what takes more is told to be out of memory."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What must not come of an input.

    Attributes:
        what: in a line; the same for what is probably the same fault.
        trace: where it came from.
    """

    what: str
    trace: str = ""


class Unseen(logging.Handler):
    """Collects what fails where nobody looks: in tasks, threads and finalizers."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.faults: list[Fault] = []

    def emit(self, record: logging.LogRecord) -> None:
        """What asyncio complains of."""
        error = record.exc_info[1] if record.exc_info else None
        self.faults.append(_of(error) if error else Fault(record.getMessage().splitlines()[0]))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Collects while the block runs."""
        before = sys.unraisablehook, threading.excepthook
        sys.unraisablehook = lambda found: self._add(found.exc_value)
        threading.excepthook = lambda found: self._add(found.exc_value)
        logging.getLogger("asyncio").addHandler(self)
        try:
            yield
        finally:
            logging.getLogger("asyncio").removeHandler(self)
            sys.unraisablehook, threading.excepthook = before

    def _add(self, error: BaseException | None) -> None:
        if error is not None:
            self.faults.append(_of(error))


def waited_s(process: int | str = "self") -> float:
    """Seconds for which a process's main thread was ready to run, and the system ran others.

    Args:
        process: its id.
    """
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError):  # it is gone, or the system does not say
        return 0.0


def attempt(target: Target, data: bytes, folder: Path) -> Fault | None:
    """Reads one input; None if it was read or refused as it may be.

    Args:
        target: the reader.
        data: the input.
        folder: where its file is made; what it leaves there is removed.
    """
    unseen, elapsed, before = Unseen(), Elapsed(), waited_s()
    place = folder / "input"
    place.mkdir()
    try:
        with unseen.watching():
            fault = _read(target, data, place)
            took = elapsed.seconds - (waited_s() - before)
        shutil.rmtree(place)
    except OSError as error:
        return _of(error)
    if fault is None and unseen.faults:
        return unseen.faults[0]
    if fault is None and took > LONGEST_S:
        return Fault(SLOW, f"{took:.1f} s")
    return fault


def _read(target: Target, data: bytes, place: Path) -> Fault | None:
    try:
        target.read(data, place)
    except target.refuses as error:
        several = "\n" in str(error)
        return (
            Fault(f"told in several lines: {type(error).__name__}", str(error)) if several else None
        )
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        return _of(error)
    return None


def _of(error: BaseException) -> Fault:
    """An error by its kind and the last line of this project that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    own = [one for one in ours if "/tests/fuzz/" not in one.filename and "<" not in one.filename]
    root = str(Path(__file__).parents[2])
    own = [one for one in own if one.filename.startswith(root)] or ours
    where = f"{own[-1].filename.removeprefix(root + '/')}:{own[-1].lineno}" if own else "nowhere"
    return Fault(f"{type(error).__name__} at {where}", "".join(traceback.format_exception(error)))


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    most = pages * resource.getpagesize() + _ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass(frozen=True, slots=True)
class Task:
    """Which inputs are tried.

    Attributes:
        seed: of the mutations.
        first: number of the first.
        times: how many.
        kept: file in which the one that is being read lies.
        more: directories with further valid inputs.
    """

    seed: int
    first: int
    times: int
    kept: Path
    more: list[Path]


def run(target: Target, task: Task, out: Any) -> None:
    """Tries so many inputs from the first on."""

    def tell(**what: object) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (folder / "seeds").mkdir()
    try:
        seeds = seeds_of(target, folder / "seeds", task.more)
        for one in seeds:  # what is imported, and kept, comes before anything is measured
            task.kept.write_bytes(one)
            fault = attempt(target, one, folder)
            if fault is not None and fault.what != SLOW:
                tell(fault=-1, what=fault.what, trace=fault.trace, data=_coded(one))
        tell(ready=len(seeds))
        _limit_memory()
        peak, longest = _peak(), 0.0
        for number in range(task.first, task.first + task.times):
            data = input_of(target, seeds, task.seed, number)
            task.kept.write_bytes(data)
            tell(begin=number, longest=longest)
            elapsed, before = Elapsed(), waited_s()
            fault = attempt(target, data, folder)
            longest = max(longest, elapsed.seconds - (waited_s() - before))
            if fault is not None and fault.what == SLOW:
                tell(begin=number)  # the machine may have been busy
                fault = attempt(target, data, folder)
            if fault is None and _peak() > peak + MOST_MEMORY:
                fault = Fault(f"more than {MOST_MEMORY // 2**20} MiB of memory")
            if fault is not None:
                tell(fault=number, what=fault.what, trace=fault.trace, data=_coded(data))
                peak = _peak()
            if number % 500 == 0:
                gc.collect()
        tell(done=True, longest=longest)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _main() -> None:
    where, name, seed, first, times, kept, *more = sys.argv[1:]
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    faulthandler.enable()
    target = target_of(where, name)
    places = [Path(one) for one in more]
    run(target, Task(int(seed), int(first), int(times), Path(kept), places), out)


if __name__ == "__main__":
    _main()
