"""Streams of a room's microphones, with a room that only emits events."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from integrations.livekit.hearing.tracks import Tracks
from integrations.livekit.people.consent import Consent
from moderator.timeline import LiveClock
from roles.loader import load_role


class FakeRoom(rtc.EventEmitter[Any]):
    """A room whose events a test makes."""

    def __init__(self) -> None:
        super().__init__()
        self.remote_participants: dict[str, object] = {}


class FakeStream:
    """A stream that brings nothing until it is closed."""

    def __init__(self, opened: set[FakeStream]) -> None:
        self._opened = opened
        opened.add(self)

    def __aiter__(self) -> FakeStream:
        return self

    async def __anext__(self) -> None:
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        self._opened.discard(self)


def test_two_connections_lost_without_a_word_about_the_tracks_leave_none_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that says good-bye to the agent names no track; the next one has other ids."""
    opened: set[FakeStream] = set()
    monkeypatch.setattr(
        "integrations.livekit.hearing.tracks.TrackFrames", lambda *_: FakeStream(opened)
    )

    async def run() -> None:
        consent = Consent(load_role("facilitator"), lambda: 0)
        tracks = Tracks(consent, LiveClock(), lambda _: None)
        for number in range(3):
            room = FakeRoom()
            tracks.attach(cast(rtc.Room, room))
            kind = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
            ana = SimpleNamespace(identity="ana", kind=kind)
            published = SimpleNamespace(
                sid=f"TR_{number}",
                kind=rtc.TrackKind.KIND_AUDIO,
                source=rtc.TrackSource.SOURCE_MICROPHONE,
            )
            room.emit("track_subscribed", object(), published, ana)
            await asyncio.sleep(0.01)
            assert len(opened) == 1
            assert sum(one.get_name().startswith("track") for one in asyncio.all_tasks()) == 1
            room.emit("disconnected", rtc.DisconnectReason.SERVER_SHUTDOWN)
            await asyncio.sleep(0.01)
            assert tracks.heard == frozenset()
        await tracks.close()
        assert not opened

    asyncio.run(run())
