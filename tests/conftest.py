"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("MODERATOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

# Begun in a shell's background, interrupts are ignored, also by the commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, and no verdict on a busy machine's speed.
settings.register_profile("moderator", deadline=None, derandomize=True)
settings.load_profile("moderator")


@pytest.fixture(scope="session")
def recorded_meetings() -> Path:
    """The directory of recorded meetings; tests that need it are skipped without it."""
    if not (DATA / "ami").is_dir():
        pytest.skip(f"no recorded meetings in {DATA}: set MODERATOR_DATA")
    return DATA


@pytest.fixture(scope="session")
def cases() -> Path:
    """The directory of cases from the field, beside that of recorded meetings; else skipped."""
    folder = DATA.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases in {folder}: set MODERATOR_DATA")
    return folder


@pytest.fixture(scope="session")
def ray_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Ray cluster of two workers; skipped where Ray is not installed."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'livekit-moderator[ray]'")
    ports = [_free_port() for _ in range(2)]
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block"]
    command += ["--num-cpus=2", f"--port={ports[0]}", f"--ray-client-server-port={ports[1]}"]
    command += [
        "--include-dashboard=false",
        "--disable-usage-stats",
        "--object-store-memory=100000000",
    ]
    log = tmp_path_factory.mktemp("ray") / "log"
    with log.open("wb") as file:
        cluster = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        try:
            _wait_for(ports[1], cluster, log)
            yield f"ray://127.0.0.1:{ports[1]}"
        finally:
            cluster.terminate()
            cluster.wait(60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"no Ray cluster: {log.read_text(errors='replace')[-2000:]}")
