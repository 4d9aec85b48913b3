"""A LiveKit server for tests, on the loopback interface alone."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CACHED = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "moderator-ci" / "bin"
CONFIG = "livekit.yaml"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and its key."""

    url: str
    key: str
    secret: str


def binary() -> Path | None:
    """The server's program, None if there is none."""
    found = shutil.which("livekit-server", path=f"{os.environ.get('PATH', '')}:{CACHED}")
    return Path(found) if found else None


def given() -> Server | None:
    """The server that the environment names."""
    names = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
    values = [os.environ.get(name, "") for name in names]
    return Server(*values) if all(values) else None


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(program: Path, folder: Path) -> Iterator[Server]:
    """Starts a server and stops it.

    Raises:
        RuntimeError: it does not answer within 20 s.
    """
    server = configure(folder)
    with running(program, folder, server):
        yield server


def configure(folder: Path, address: str = "127.0.0.1", interface: str = "lo") -> Server:
    """Writes the configuration of a server on free ports.

    Args:
        folder: gets it.
        address: at which the server is reached, beside the loopback interface's.
        interface: that has the address.
    """
    port, tcp = free_port(), free_port()
    server = Server(f"ws://127.0.0.1:{port}", "moderator-tests", secrets.token_hex(24))
    # Without stun_servers, every client would be sent to public ones.
    (folder / CONFIG).write_text(
        f"""
port: {port}
bind_addresses: [{", ".join(dict.fromkeys(["127.0.0.1", address]))}]
keys: {{{server.key}: {server.secret}}}
logging: {{level: warn}}
rtc:
  node_ip: {address}
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{includes: [{interface}]}}
  stun_servers: ["127.0.0.1:3478"]
  tcp_port: {tcp}
  port_range_start: 50000
  port_range_end: 50999
""",
        encoding="utf-8",
    )
    return server


@contextmanager
def running(program: Path, folder: Path, server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a configured server; the process, which may be killed.

    Raises:
        RuntimeError: it does not answer within 20 s.
    """
    with (folder / "livekit.log").open("ab") as log:
        process = subprocess.Popen(
            [program, "--config", str(folder / CONFIG)], stdout=log, stderr=log
        )
        try:
            _wait(server.url.replace("ws", "http", 1), process, folder / "livekit.log")
            yield process
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:  # it waits for those who are still in a room
                process.kill()
                process.wait(5)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no LiveKit server: {log.read_text(errors='replace')[-2000:]}")
