"""A server, models and voices for the room tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.livekit.hearing.models import RoomModels, load_models
from integrations.livekit.hearing.shared_diarization import shared_diarization
from moderator.mouth.loading import VoiceLoader
from roles.loader import load_role
from tests.integrations.livekit import server as servers
from tests.integrations.livekit.namespace import INSIDE
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the environment names, else one of our own."""
    named = servers.given()
    if named is not None:
        yield named
        return
    if not os.environ.get(INSIDE):
        pytest.skip("run in their own network: python -m tests.integrations.livekit")
    program = servers.binary()
    if program is None:
        pytest.skip("no livekit-server on PATH, and no LIVEKIT_URL with key and secret")
    with servers.serving(program, tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def models() -> RoomModels:
    """Loaded once, shared by all meetings, as in a worker."""
    from moderator.cli.models import open_store

    store = open_store(offline=True, show_progress=False)
    return load_models(load_role("facilitator"), store, shared_diarization(store, {}))


@pytest.fixture(scope="session")
def speakers() -> Speakers:
    """Voices of the people."""
    from moderator.cli.models import open_store

    return Speakers(VoiceLoader(open_store(offline=True, show_progress=False)))


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room of its own for each test."""
    return str(request.node.name)[:60]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the agent writes."""
    return tmp_path / "out"
