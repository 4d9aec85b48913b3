"""Connections that do nothing, or too much, and what they cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from integrations.livekit.dashboard.door import Door, is_plain

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


ASKING = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Loud(asyncio.Protocol):
    """Says back what it is asked, and more than anybody reads when asked for more."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"x" * 50_000_000 if b"/more" in data else data)


def behind(
    door: Door, scene: Callable[[Callable[[], Awaitable[Connection]]], Awaitable[None]]
) -> None:
    """Runs a scene with a server behind the door; the scene opens connections."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(door, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        await scene(lambda: asyncio.open_connection("127.0.0.1", port))
        server.close()

    asyncio.run(run())


async def over(connection: Connection) -> bool:
    """Whether the other side has closed."""
    try:
        return await asyncio.wait_for(connection[0].read(1), 0.1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_more_than_the_door_lets_in_are_closed_as_they_come() -> None:
    door = Door(Loud, most=3)

    async def scene(connect: Callable[[], Awaitable[Connection]]) -> None:
        opened = [await connect() for _ in range(8)]
        assert [await over(one) for one in opened] == [False] * 3 + [True] * 5
        assert door.open == 3
        opened[0][1].close()
        await asyncio.sleep(0.05)
        reader, writer = await connect()
        writer.write(ASKING + b"something behind the request")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        reader, writer = await connect()
        for byte in ASKING:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.001)
        assert await reader.readexactly(len(ASKING)) == ASKING
        assert door.open == 3

    behind(door, scene)


def test_nobody_stays_for_long_asleep_slow_or_not_reading() -> None:
    door = Door(Loud, longest_s=0.3)

    async def scene(connect: Callable[[], Awaitable[Connection]]) -> None:
        asleep, slow, deaf = [await connect() for _ in range(3)]
        deaf[1].write(ASKING.replace(b"GET /", b"GET /more"))
        for _ in range(12):
            slow[1].write(b"G")
            await asyncio.sleep(0.05)
        assert door.open == 0
        assert await over(asleep)

    behind(door, scene)


@pytest.mark.parametrize(
    ("head", "plain"),
    [
        (ASKING, True),
        (b"GET /a/b-c_.~%20 HTTP/1.0\r\nHost: h\r\nCookie: \xc3\xa9; a=b\r\nX:\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", False),
        (b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", False),
        (b"GET // HTTP/1.1\r\nHost: h\r\n\r\n", False),
        (b"GET /?a HTTP/1.1\r\nHost: h\r\n\r\n", False),
        (b"GET a HTTP/1.1\r\nHost: h\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\n A: folded\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: \x00\r\n\r\n", False),
        (b"GET / HTTP/1.1\nA: b\n\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\nEXPECT: 100-continue\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 65 + b"\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"b" * 8_000 + b"\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + (b"A: " + b"b" * 7_000 + b"\r\n") * 5 + b"\r\n", False),
    ],
)
def test_what_a_plain_request_is(head: bytes, plain: bool) -> None:
    assert is_plain(head) is plain


def test_to_tell_a_request_takes_no_time() -> None:
    begin = time.process_time()
    for _ in range(100):
        assert not is_plain(b"GET /" + b"a" * 30_000 + b"[ HTTP/1.1\r\n\r\n")
    assert time.process_time() - begin < 2
