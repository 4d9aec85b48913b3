"""Lets requests in: plain ones, few at once, and none for long.

Every connection holds a file handle of the meeting's process, and anybody on this machine may open
one, ask for nothing, and send what they like. What is no plain request is refused here: a server of
HTTP takes far more than this page needs, and tells of every fault in many lines.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

MOST = 32
"""Connections at once; a browser opens six. Further ones are closed as they come."""

LONGEST_S = 10.0
"""A connection is closed after so long, whether it asked slowly, reads slowly or does nothing."""

LONGEST_HEAD = 32 * 1024
LONGEST_LINE = 8_000
MOST_LINES = 64
"""Bounds of a request, within those of the server; browsers send less than a tenth."""

_END = b"\r\n\r\n"
_BEGIN = b"GET /"
_ASKS = re.compile(rb"GET /([A-Za-z0-9._~%-][A-Za-z0-9._~%/-]*)? HTTP/1\.[01]")
_FIELD = re.compile(rb"([A-Za-z0-9-]+):[\x20-\x7e\x80-\xff\t]*")
_BODILY = (b"content-length", b"transfer-encoding", b"upgrade", b"expect")
"""Fields of requests that bring something along, or want to go on in another way."""

_REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def is_plain(head: bytes) -> bool:
    """Whether this is the head of a request to get something, and nothing behind it."""
    if len(head) > LONGEST_HEAD or head.find(_END) != len(head) - len(_END):
        return False
    first, *lines = head.removesuffix(_END).split(b"\r\n")
    if _ASKS.fullmatch(first) is None or len(lines) > MOST_LINES:
        return False
    fields = [_FIELD.fullmatch(line) for line in lines]
    names = [field[1].lower() for field in fields if field is not None]
    return (
        len(names) == len(lines)
        and max(map(len, (first, *lines))) <= LONGEST_LINE
        and not any(name in _BODILY for name in names)
        and names.count(b"host") == 1
    )


class Door:
    """Makes the protocol of each connection; give it to ``loop.create_server``.

    Args:
        inside: makes the protocol that answers a request.
        most: connections at once.
        longest_s: seconds that each may last.
    """

    def __init__(
        self,
        inside: Callable[[], asyncio.Protocol],
        most: int = MOST,
        longest_s: float = LONGEST_S,
    ) -> None:
        self.inside, self.most, self.longest_s = inside, most, longest_s
        self.open = 0
        """Connections that are in now."""

    def __call__(self) -> asyncio.Protocol:
        """The protocol of one connection."""
        return _Connection(self)


class _Connection(asyncio.Protocol):
    """One connection: its first request, if it is a plain one, is passed on, and then no more."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._socket: asyncio.Transport | None = None
        self._end: asyncio.TimerHandle | None = None
        self._head: bytes | None = b""
        self._inside: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        door, socket = self._door, cast("asyncio.Transport", transport)
        if door.open >= door.most:
            socket.abort()
            return
        door.open += 1
        self._socket = socket
        self._end = asyncio.get_running_loop().call_later(door.longest_s, socket.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
            self._door.open -= 1
        if self._inside is not None:
            self._inside.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head is None or self._socket is None:
            return
        self._head += data
        begins = self._head[: len(_BEGIN)] == _BEGIN[: len(self._head)]
        if begins and _END not in self._head and len(self._head) <= LONGEST_HEAD:
            return
        head, self._head = self._head, None
        if not is_plain(head):
            self._socket.write(_REFUSED)
            self._socket.close()
            return
        self._inside = self._door.inside()
        self._inside.connection_made(self._socket)
        self._inside.data_received(head)

    def eof_received(self) -> bool | None:
        return None if self._inside is None else self._inside.eof_received()

    def pause_writing(self) -> None:
        if self._inside is not None:
            self._inside.pause_writing()

    def resume_writing(self) -> None:
        if self._inside is not None:
            self._inside.resume_writing()
