"""Calls are spread over processes or a Ray cluster, with the same results and errors."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from operator import mul
from pathlib import Path

import pytest

from moderator import workers as spreading
from moderator.errors import InputError
from moderator.workers import THREADS, WorkerLostError, check_place, workers
from tests.conftest import ROOT

CALLS = [partial(mul, one, 2) for one in range(5)]


def refuse(what: str) -> int:
    raise InputError(what, where="file.json", todo="mend it")


def threads() -> list[str | None]:
    return [os.environ.get(name) for name in THREADS]


def kill_or(dies: bool) -> int:
    if dies:
        os._exit(1)
    return os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("apart", [False, True])
def test_results_come_in_the_order_of_the_calls(jobs: int, apart: bool) -> None:
    done: list[float] = []
    with workers(jobs, apart=apart) as pool:
        assert pool.each(CALLS, done.append) == [0, 2, 4, 6, 8]
        assert sorted(pool.completed(CALLS)) == list(enumerate([0, 2, 4, 6, 8]))
    assert done == [1.0] * 5


def test_one_job_is_done_here_unless_it_is_to_be_apart() -> None:
    with workers(1) as pool:
        assert pool.each([os.getpid], lambda _: None) == [os.getpid()]
    with workers(1, apart=True) as pool:
        assert pool.each([os.getpid], lambda _: None) != [os.getpid()]
        assert pool.each([threads], lambda _: None) == [["1", "1", "1"]]


def test_what_a_call_raises_is_raised_here() -> None:
    with (
        pytest.raises(InputError, match=r"broken, file\.json, mend it"),
        workers(2) as pool,
    ):
        pool.each([partial(refuse, "broken")], lambda _: None)


def test_a_worker_that_dies_is_told_apart_from_results() -> None:
    calls = [partial(kill_or, True), partial(kill_or, False)]
    with workers(1, apart=True) as pool:
        found = dict(pool.completed(calls))
    assert sorted(found) == [0, 1]
    assert isinstance(found[0], WorkerLostError)
    with workers(2) as pool, pytest.raises(InputError, match="a working process was killed"):
        pool.each(calls[:1], lambda _: None)


def write_and_wait(path: Path) -> None:
    path.with_suffix(".part").write_text(str(os.getpid()))
    path.with_suffix(".part").rename(path)
    time.sleep(60)


def test_workers_do_not_outlive_a_process_that_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = (
        "from functools import partial; from pathlib import Path\n"
        "from moderator.workers import workers\n"
        "from tests.moderator.test_workers import write_and_wait\n"
        "if __name__ == '__main__':\n"
        "    with workers(1, apart=True) as pool:\n"
        f"        pool.each([partial(write_and_wait, Path({str(told)!r}))], print)\n"
    )
    (tmp_path / "parent.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], env=environment)
    assert soon(told.exists)
    worker = int(told.read_text())
    parent.kill()
    parent.wait()
    assert soon(lambda: not runs(worker))


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def runs(process: int) -> bool:
    """Whether a process is there, and no zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("on", ["moon", "rays", "ray:/x", ""])
def test_an_unknown_place_is_one_line(on: str) -> None:
    with pytest.raises(InputError, match=r"no place to work .*use processes, ray or ray://HOST"):
        check_place(on)
    check_place("processes")


def test_without_ray_one_line_says_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(InputError, match=r"ray is not installed, --on, pip install .*\[ray\]"),
        workers(None, "ray"),
    ):
        pass


@pytest.mark.e2e  # Ray tries for half a minute
@pytest.mark.filterwarnings("error")
def test_a_cluster_that_is_not_there_is_one_line() -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'livekit-moderator[ray]'")
    with (
        pytest.raises(InputError, match=r"no Ray cluster is reached .*ray start --head"),
        workers(None, "ray://127.0.0.1:9"),
    ):
        pass


@pytest.mark.e2e
def test_a_ray_cluster_gives_the_same_results_and_errors(
    ray_cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workers(None, ray_cluster) as pool:
        assert pool.each(CALLS, lambda _: None) == [0, 2, 4, 6, 8]
        with pytest.raises(InputError, match=r"broken, file\.json, mend it") as caught:
            pool.each([partial(refuse, "broken")], lambda _: None)
        assert type(caught.value) is InputError
        found = dict(pool.completed([partial(kill_or, True), partial(kill_or, False)]))
        assert isinstance(found[0], WorkerLostError)
        assert isinstance(found[1], int)
    with workers(1, ray_cluster) as pool:
        assert [index for index, _ in pool.completed(CALLS)] == [0, 1, 2, 3, 4]
    monkeypatch.setattr(spreading, "__version__", "9.9")
    with (
        pytest.raises(InputError, match=r"the cluster has moderator .*install .* 9\.9"),
        workers(None, ray_cluster),
    ):
        pass
