"""A bad line between a worker and everybody else, made of two TUN devices: no kernel module needed.

    python -m benchmarks.room.line CONDITIONS COMMAND…

Runs a command in a network namespace of its own, at the address `WORKER`, from which it reaches
this namespace's `HERE` alone, where `lay` has laid the line before. Every packet between them
passes through this process, which drops, delays or withholds it as the file CONDITIONS says at that
moment: `Conditions`, as JSON.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HERE, WORKER = "10.78.0.1", "10.78.0.2"
NEAR, FAR = "line0", "line1"
"""Devices."""

BURST = 5
"""Packets that are lost one after the other, on average."""

_SET_INTERFACE = 0x400454CA
_TUN_WITHOUT_HEADER = 0x1001
_NEW_NETWORK = 0x40000000
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Conditions:
    """How bad the line is, in either direction.

    Attributes:
        loss: share of the packets that are lost, in bursts.
        jitter_s: packets are delayed by anything up to this, each by itself.
        out: nothing comes through.
    """

    loss: float = 0.0
    jitter_s: float = 0.0
    out: bool = False

    def write(self, path: Path) -> None:
        """Has them count from now on."""
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self)), "utf-8")
        part.replace(path)


class Line:
    """One direction: which packets are lost, and when the others arrive.

    Losses come by a Gilbert model: a packet after a lost one is lost with probability
    ``1 - 1 / BURST``, so that bursts of `BURST` packets make up the share that is asked for.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._losing = False

    def arrives(self, conditions: Conditions, now: float) -> float | None:
        """When a packet that is sent now arrives; None: it is lost."""
        if conditions.out:
            return None
        loss = min(conditions.loss, 0.99)
        stays = 1.0 - 1.0 / BURST
        begins = loss / (1.0 - loss) / BURST
        self._losing = self._chance.random() < (stays if self._losing else begins)
        if self._losing and loss:
            return None
        return now + self._chance.random() * conditions.jitter_s


class _Relay:
    """Carries packets from each device to the other."""

    def __init__(self, devices: tuple[int, int], conditions: Path) -> None:
        self._other = dict(zip(devices, reversed(devices), strict=True))
        self._lines = {device: Line(seed) for seed, device in enumerate(devices)}
        self._path = conditions
        self._conditions = Conditions()
        self._looked = 0.0
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0

    def run(self, worker: subprocess.Popen[bytes]) -> int:
        """Until the worker ends; its exit code."""
        while worker.poll() is None:
            due = self._waiting[0][0] - time.monotonic() if self._waiting else _LOOK_EVERY_S
            ready, _, _ = select.select(list(self._other), [], [], min(max(due, 0), _LOOK_EVERY_S))
            now = time.monotonic()
            self._look(now)
            for device in ready:
                packet = os.read(device, 65_536)
                at = self._lines[device].arrives(self._conditions, now)
                if at is not None:
                    self._count += 1
                    heapq.heappush(self._waiting, (at, self._count, self._other[device], packet))
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, device, packet = heapq.heappop(self._waiting)
                if not self._conditions.out:
                    os.write(device, packet)
        return worker.returncode

    def _look(self, now: float) -> None:
        if now - self._looked >= _LOOK_EVERY_S:
            self._looked = now
            self._conditions = Conditions(**json.loads(self._path.read_text("utf-8")))


def lay() -> None:
    """Makes the line's near end, so that a server can listen there; nothing comes through yet."""
    _ip(f"tuntap add {NEAR} mode tun")
    _address(NEAR, HERE, WORKER)


def _ip(line: str) -> None:
    subprocess.run(["ip", *line.split()], check=True)


def _address(name: str, address: str, other: str) -> None:
    _ip(f"address add {address} peer {other} dev {name}")
    _ip(f"link set {name} up mtu 1400")


def _device(name: str) -> int:
    """A TUN device of this namespace, made if there is none of that name; its file handle."""
    handle = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(handle, _SET_INTERFACE, struct.pack("16sH", name.encode(), _TUN_WITHOUT_HEADER))
    return handle


def _apart(ours: socket.socket) -> None:
    """In the worker's process, before it begins: its own network, with the line's other end.

    The client library ignores the loopback interface, and with this one it has another.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "no network namespace")
    _ip("link set lo up")
    handle = _device(FAR)
    _address(FAR, WORKER, HERE)
    socket.send_fds(ours, [b"."], [handle])


def main(arguments: Sequence[str]) -> int:
    """Makes the line and runs the command behind it; its exit code."""
    ours, theirs = socket.socketpair()
    here = _device(NEAR)
    worker = subprocess.Popen(list(arguments[1:]), preexec_fn=lambda: _apart(theirs))
    _, handles, _, _ = socket.recv_fds(ours, 1, 1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: worker.send_signal(got))
    return _Relay((here, handles[0]), Path(arguments[0])).run(worker)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
