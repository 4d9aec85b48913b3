"""The channels by which people reach the agent: RPC methods and the chat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from livekit import rtc

from integrations.livekit.people.consent import acceptable
from integrations.livekit.telling.control import LONGEST, Control, Refusal, argument_of, parse_chat
from integrations.livekit.topics import CHAT
from roles.schema import Command

PREFIX = "moderator."
OPT_OUT, OPT_IN = "optout", "optin"

Reply = Callable[[str, str], None]
"""Takes a text and the identity that it is for."""


class Channels:
    """Registers the RPC methods and reads the chat of a room.

    Args:
        control: carries out the commands.
        reply: answers in the chat.
    """

    def __init__(self, control: Control, reply: Reply) -> None:
        self._control, self._reply = control, reply
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, room: rtc.Room) -> None:
        """Reads this room's chat; call before connecting, so that nothing is missed."""
        room.register_text_stream_handler(CHAT, self._chat)

    def register(self, room: rtc.Room) -> None:
        """Offers the RPC methods; the room is joined."""
        for name in [*(command.value for command in Command), OPT_OUT, OPT_IN]:
            room.local_participant.register_rpc_method(PREFIX + name, self._method(name))

    def _method(self, name: str) -> Callable[[rtc.RpcInvocationData], Awaitable[str]]:
        async def method(data: rtc.RpcInvocationData) -> str:
            try:
                return await self._do(name, data.caller_identity, "rpc", argument_of(data.payload))
            except Refusal as refusal:
                raise rtc.RpcError(int(refusal.code), refusal.message) from None

        return method

    async def _do(self, name: str, by: str, channel: str, argument: str) -> str:
        if name == OPT_OUT:
            return self._control.opt_out(by, channel)
        if name == OPT_IN:
            return self._control.opt_in(by, channel)
        return await self._control.do(Command(name), by, channel, argument)

    def _chat(self, reader: rtc.TextStreamReader, by: str) -> None:
        task = asyncio.create_task(self._read(reader, by), name="chat")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, reader: rtc.TextStreamReader, by: str) -> None:
        text = ""
        async for piece in reader:
            if len(text) <= LONGEST:  # more cannot be a command; it is read and dropped
                text += piece
        found = parse_chat(text)
        if found is None or not acceptable(by):
            return
        name, argument = found
        if name not in (*Command, OPT_OUT, OPT_IN):
            return  # some other program's command
        try:
            self._reply(await self._do(name, by, "chat", argument), by)
        except Refusal as refusal:
            self._reply(f"No: {refusal.message}.", by)
