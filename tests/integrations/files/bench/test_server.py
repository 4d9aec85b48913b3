"""`moderator bench` with a mind behind an OpenAI-compatible server, over real HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from moderator.measure.bench.minds import MindScorer
from moderator.measure.bench.moments import Asked, Protocol
from moderator.measure.bench.stream import stream_moments
from moderator.testing.chat_server import ChatServer, Reply, wish
from moderator.testing.server_scenes import role_with, server_mind
from tests.integrations.files.bench.test_command import figures, plugged_in, row, run, write
from tests.moderator.measure.bench.rooms import chat, seat_of

__all__ = ["plugged_in"]


@dataclass
class Listener:
    """Wishes the turn when `b` spoke last, as `a` in `chat` does; fails after some requests.

    Attributes:
        fails: what happens instead, from request `after` on.
    """

    fails: Reply | None = None
    after: int = 0
    slow_s: float = 0.0
    most: int = 0
    _now: int = 0
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: dict[str, Any]) -> Reply:
        with self._lock:
            self._now, self._count = self._now + 1, self._count + 1
            self.most, number = max(self.most, self._now), self._count
        time.sleep(self.slow_s)
        with self._lock:
            self._now -= 1
        if self.fails is not None and number > self.after:
            return self.fails
        lines = [line for line in request["messages"][1]["content"].splitlines() if "] " in line]
        return wish(0.8 if lines and "] b:" in lines[-1] else 0.1, act="cut_in")


def bench(server: ChatServer, scored: Path, out: Path, *more: object) -> int:
    mind = ["--minds", "openai:m", "--mind-url", server.url]
    return run(scored, *mind, "--json", out, *more)


def test_all_protocols_from_one_pass_with_bounded_concurrency(tmp_path: Path) -> None:
    scored, out = write(tmp_path / "s", [1, 2], minutes=0.8), tmp_path / "o.json"
    listener = Listener(slow_s=0.01)
    with ChatServer(listener) as server:
        assert bench(server, scored, out, "--jobs", 2, "--cost", 0.01) == 0
    result = figures(out)
    assert 1 < listener.most <= 2
    # With a question a second at most, two passes through each meeting are two minutes.
    assert len(server.requests) <= 2 * (2 * 48 + 36 + 2 * 8)
    assert list(result["protocols"]) == ["stream", "boundary", "dynamic"]
    assert result["failures"] == {}
    for protocol in result["protocols"]:
        for name in ("openai:m", "openai:m, no role"):
            assert row(result, protocol, name)["pooled"]["base_rate"] > 0
    # `a` follows `b`, and so does the mind.
    assert row(result, "boundary", "openai:m")["pooled"]["auc"] > 0.6
    assert [cost["name"] for cost in result["cost"]] == ["openai:m", "openai:m, no role"]
    assert 0 < result["cost"][0]["decision_ms_p50"] <= result["cost"][0]["decision_ms_p95"]


@pytest.mark.parametrize("fails", [Reply(drop=True), Reply("no JSON")])
def test_failures_are_counted_and_reported(
    fails: Reply, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scored, out = write(tmp_path / "s", [1, 2], minutes=0.7), tmp_path / "o.json"
    with ChatServer(Listener(fails, after=12)) as server:
        assert bench(server, scored, out, "--jobs", 1, "--protocol", "stream") == 0
    failed = figures(out)["failures"]
    assert failed["openai:m, no role"]["meetings"] == 2
    assert failed["openai:m, no role"]["decisions"] >= 2
    assert "the server" in failed["openai:m, no role"]["first"]
    assert "decisions failed, in 2 of 2 meetings; they count as no wish" in capsys.readouterr().err


def test_a_server_that_is_not_there_is_found_out_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ChatServer(Listener()) as server:
        gone = server.url
    out = tmp_path / "o.json"
    assert run(tmp_path, "--minds", "openai:m", "--mind-url", gone, "--json", out) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "cannot be reached" in lines[0]
    assert not out.exists()


def test_time_outs_never_stall_a_meeting() -> None:
    seat = seat_of(chat(1, 5.0))
    moments = stream_moments(seat).asked
    with ChatServer(lambda request: Reply(hold_s=60)) as server:
        mind = MindScorer("m", lambda: server_mind(server, timeout_s=0.2), role_with())
        began = time.monotonic()
        given = mind.score_all(seat, [moments, Asked(Protocol.BOUNDARY, moments.at, moments.chunk)])
        took = time.monotonic() - began
    assert 3 <= given.failures <= 6
    assert "did not answer within 0.2 s" in given.reason
    assert [values.tolist() for values in given.values] == [[0.0] * len(moments.at)] * 2
    assert took < 15


@pytest.mark.parametrize("whom", ["all", "parent"])
def test_an_interrupt_ends_everything_at_once(whom: str, tmp_path: Path) -> None:
    scored, out = write(tmp_path / "s", range(4)), tmp_path / "o.json"
    with ChatServer(Listener(Reply(hold_s=5), after=20)) as server:
        command = ["bench", scored, "--minds", "openai:m", "--mind-url", server.url]
        command += ["--jobs", 2, "--json", out]
        code = "import sys; from moderator.cli.entry import main; sys.exit(main())"
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, command)],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        while len(server.requests) <= 21 and process.poll() is None:
            time.sleep(0.05)
        interrupt = os.killpg if whom == "all" else os.kill
        interrupt(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.strip() == "interrupted"
    assert not out.exists()
    gone = time.monotonic() + 5
    while time.monotonic() < gone:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("workers were left")
