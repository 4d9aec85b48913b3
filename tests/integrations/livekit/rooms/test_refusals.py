"""What cannot be joined is one line and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from livekit import api

from tests.integrations.livekit.rooms.people import token
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
    late = api.AccessToken(server.key, server.secret).with_identity("x")
    late = late.with_grants(api.VideoGrants(room_join=True, room="r"))
    expired = late.with_ttl(timedelta(hours=-1)).to_jwt()
    assert "refuses the key" in error_of(join(*here, "--token", expired))
