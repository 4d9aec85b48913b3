"""What cannot be joined is one line and exit code 2."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from livekit import api, rtc

from integrations.livekit.hearing.models import RoomModels
from tests.integrations.livekit.rooms.agent import IDENTITY, agent, present
from tests.integrations.livekit.rooms.people import person, token
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def join(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `moderator join` and waits for its end."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("LIVEKIT_")}
    return subprocess.run(
        [sys.executable, "-m", "moderator", "join", "--role", "observer", "--offline", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        timeout=60,
    )


def test_a_refusal_ends_the_process_properly_every_time(server: Server) -> None:
    """The client's native threads report until the end, and must not abort it."""
    refused = ("--url", server.url, "--token", "not.a.token")
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda _: join(*refused), range(12)):
            assert "refuses the key" in error_of(done)


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error."""
    assert done.returncode == 2, done.stderr
    errors = [line for line in done.stderr.splitlines() if not line.startswith("joining ")]
    assert len(errors) == 1, done.stderr
    assert errors[0].startswith("error: ")
    return errors[0]


def test_wrong_address_key_or_token(server: Server) -> None:
    key = ("--api-key", server.key, "--api-secret", server.secret)
    here = ("--url", server.url)
    assert "no LiveKit server answers" in error_of(
        join("--room", "r", "--url", "ws://127.0.0.1:9", *key)
    )
    assert "not the address" in error_of(join("--room", "r", "--url", "nonsense", *key))
    assert "neither a token nor a key" in error_of(join("--room", "r", *here))
    assert "no room" in error_of(join(*here, *key))
    assert "refuses the key" in error_of(
        join("--room", "r", *here, "--api-key", server.key, "--api-secret", "x" * 40)
    )
    assert "refuses the key" in error_of(join(*here, "--token", "not.a.token"))
    assert "lacks the right to publish" in error_of(
        join(*here, "--token", token(server, "r", "x", can_publish=False))
    )
    assert "lacks the right to subscribe" in error_of(
        join(*here, "--token", token(server, "r", "x", can_subscribe=False))
    )
    late = api.AccessToken(server.key, server.secret).with_identity("x")
    late = late.with_grants(api.VideoGrants(room_join=True, room="r"))
    expired = late.with_ttl(timedelta(hours=-1)).to_jwt()
    assert "refuses the key" in error_of(join(*here, "--token", expired))


def test_a_full_room(server: Server, room: str) -> None:
    async def run() -> str:
        url = server.url.replace("ws", "http", 1)
        async with api.LiveKitAPI(url, server.key, server.secret) as client:
            await client.room.create_room(api.CreateRoomRequest(name=room, max_participants=1))
        async with person(server, room, "ana", publishes=False):
            # Agents are let in all the same; a token may be for a participant of another kind.
            given = ("--url", server.url, "--token", token(server, room, "x"))
            return error_of(await asyncio.to_thread(join, *given))

    assert "the room is full" in asyncio.run(run())


class NoRooms(BaseHTTPRequestHandler):
    """Some other program's server, or one from before the client's protocol."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_does_not_know_the_protocol() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), NoRooms) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        url = f"ws://127.0.0.1:{other.server_address[1]}"
        key = ("--api-key", "key", "--api-secret", "s" * 40)
        error = error_of(join("--room", "r", "--url", url, *key))
        other.shutdown()
    assert "there is no LiveKit server at this address, or it is too old" in error


def test_people_whose_identity_cannot_be_written_down_do_not_stop_the_meeting(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(person(server, room, "ana"))
            robin = await stack.enter_async_context(agent(server, room, models, out))
            await present(ana)
            for identity in ("x" * 10_000, "evil\x1b[2J\nname"):
                try:
                    odd = await stack.enter_async_context(person(server, room, identity))
                except rtc.ConnectError:
                    continue  # the server refuses it itself
                await odd.write("/hush")
                await odd.write("x" * 1_000_000)
            await asyncio.sleep(1.0)
            assert robin.session.tracks.heard == {"ana"}
            assert json.loads(await ana.call(IDENTITY, "status"))["hushed"] is False
            robin.session.end("enough")
            await robin.done()
            journal = (out / "journal.jsonl").read_text("utf-8")
            assert "xxxx" not in journal
            assert "\\u001b" not in journal

    asyncio.run(run())
