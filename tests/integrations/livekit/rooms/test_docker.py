"""What the compose file starts, started here without docker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integrations.livekit.server import binary, free_port
from tests.integrations.livekit.test_docker import FOLDER, compose

pytestmark = pytest.mark.e2e

KEY, SECRET = "compose-test", "0123456789abcdef0123456789abcdef"


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def until(done: Callable[[], bool], within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if done():
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


@contextmanager
def running(command: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:  # type: ignore[type-arg]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=os.environ | environ, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)


def test_server_and_worker_find_each_other(tmp_path: Path) -> None:
    program = binary()
    if program is None or os.environ.get("LIVEKIT_URL"):
        pytest.skip("needs livekit-server, and the network to itself")
    services = compose()["services"]
    port, log = free_port(), tmp_path / "worker.log"
    server = [str(program), "--config", str(FOLDER / "livekit.yaml")]
    worker = [sys.executable, "-m", "moderator", *services["worker"]["command"][:-1], str(tmp_path)]
    keys = services["livekit"]["environment"]["LIVEKIT_KEYS"]
    keys = keys.replace("${LIVEKIT_API_KEY:?}", KEY).replace("${LIVEKIT_API_SECRET:?}", SECRET)
    environ = {
        "LIVEKIT_URL": services["worker"]["environment"]["LIVEKIT_URL"].split(":-")[1].rstrip("}"),
        "LIVEKIT_API_KEY": KEY,
        "LIVEKIT_API_SECRET": SECRET,
        "MODERATOR_METRICS_PORT": str(port),
        "MODERATOR_OFFLINE": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    }
    with (
        running(server, {"LIVEKIT_KEYS": keys}, tmp_path / "server.log"),
        running(worker, environ, log) as process,
    ):
        found = until(lambda: "lk_agents" in get(f"http://127.0.0.1:{port}/metrics"), 60)
        assert found, log.read_text()
        server_log = tmp_path / "server.log"
        registered = until(lambda: "worker registered" in server_log.read_text(), 30)
        assert registered, server_log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
