"""What one person writes and calls, as often as they like, does not keep the agent from others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.rtc.data_stream import StreamError

from integrations.livekit.telling import channels as telling
from integrations.livekit.telling.channels import AT_ONCE, OPEN, Channels
from integrations.livekit.telling.control import Control
from moderator.timeline import to_samples
from roles.loader import load_role


class Time:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> int:
        return to_samples(self.s)


class Person:
    kind = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD

    def __init__(self, identity: str) -> None:
        self.identity, self.attributes = identity, dict[str, str]()


class Room:
    """As much of a room as the channels see."""

    def __init__(self, *identities: str) -> None:
        self.remote_participants = {one: Person(one) for one in identities}
        self.local_participant = self
        self.identity = "agent"
        self.methods: dict[str, Any] = {}
        self.chat: Any = None

    def register_text_stream_handler(self, topic: str, handler: Any) -> None:
        self.chat = handler

    def register_rpc_method(self, name: str, method: Any) -> None:
        self.methods[name] = method

    async def call(self, by: str, name: str) -> int:
        """The code of the refusal; 0 if there was none."""
        try:
            await self.methods[f"moderator.{name}"](
                rtc.RpcInvocationData("1", by, "", 5.0, method=name)
            )
        except rtc.RpcError as error:
            return error.code
        return 0


class Message:
    """A text stream: pieces, then its end, or none."""

    def __init__(self, *pieces: str, ends: bool = True, error: bool = False) -> None:
        self._pieces, self._ends, self._error = pieces, ends, error
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[str]:
        for piece in self._pieces:
            yield piece
        if self._error:
            raise StreamError("the sender has left")
        if not self._ends:
            await asyncio.Event().wait()

    def close(self) -> None:
        self.closed = True


class Scene:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self.time = Time()

        def refuse(who: str, channel: str) -> bool:
            self.refused.append(who)
            return True

        async def become(asked: str) -> str:
            return asked

        role = load_role("facilitator")
        control = Control(role, lambda *_: True, refuse, lambda *_: True, become)
        self.channels = Channels(
            control, lambda text, who: self.told.append((who, text)), lambda _: False, self.time
        )
        self.room = Room("ana", "ben")
        self.channels.attach(cast(rtc.Room, self.room))
        self.channels.register(cast(rtc.Room, self.room))


def test_calls_of_one_person_are_refused_by_a_code_and_others_go_on() -> None:
    async def run() -> None:
        scene = Scene()
        codes = [await scene.room.call("ana", "optin") for _ in range(100)]
        assert codes == [0] * AT_ONCE + [2429] * (100 - AT_ONCE)
        assert await scene.room.call("ben", "optin") == 0
        assert await scene.room.call("ana", "optout") == 0
        assert scene.refused == ["ana"]
        scene.time.s = 1.0
        assert await scene.room.call("ana", "optin") == 0

    asyncio.run(run())


def test_who_writes_too_many_commands_is_told_once() -> None:
    async def run() -> None:
        scene = Scene()
        for _ in range(100):
            scene.room.chat(Message("/optin"), "ana")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        often = [text for _, text in scene.told if "too often" in text]
        assert (len(scene.told), len(often)) == (AT_ONCE + 1, 1)
        scene.room.chat(Message("/optout"), "ana")
        await asyncio.sleep(0.01)
        assert scene.refused == ["ana"]

    asyncio.run(run())


def test_messages_that_never_end_are_few_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "WRITTEN_WITHIN_S", 0.05)

    async def run() -> None:
        scene = Scene()
        open_ = [Message("/opt", ends=False) for _ in range(OPEN)]
        for one in open_:
            scene.room.chat(one, "ana")
        more = Message("/optout")
        scene.room.chat(more, "ana")
        scene.room.chat(Message("/optout"), "ben")
        await asyncio.sleep(0.02)
        assert more.closed
        assert scene.refused == ["ben"]
        await asyncio.sleep(0.1)
        assert all(one.closed for one in open_)
        scene.room.chat(Message("/optout"), "ana")
        await asyncio.sleep(0.02)
        assert scene.refused == ["ben", "ana"]

    asyncio.run(run())


def test_a_message_whose_sender_leaves_is_none(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        scene = Scene()
        scene.room.chat(Message("/optout", error=True), "ana")
        await asyncio.sleep(0.02)
        assert scene.refused == []

    asyncio.run(run())
    import gc

    gc.collect()
    assert not caplog.records
