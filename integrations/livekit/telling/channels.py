"""The channels by which people reach the agent: RPC methods and the chat."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from livekit import rtc
from livekit.rtc.data_stream import StreamError

from integrations.livekit.address import ON_BEHALF
from integrations.livekit.people.allowance import Allowance
from integrations.livekit.people.consent import acceptable, is_person
from integrations.livekit.telling.control import (
    LONGEST,
    Code,
    Control,
    Refusal,
    argument_of,
    parse_chat,
)
from integrations.livekit.topics import CHAT
from moderator.timeline import Samples
from roles.schema import Command

PREFIX = "moderator."
OPT_OUT, OPT_IN = "optout", "optin"

AT_ONCE, A_SECOND = 20, 2.0
"""Commands of one person that are taken at once, and the rate of further ones."""

TOLD_EVERY_S = 10.0
"""Who writes too many is told so that often."""

OPEN = 8
"""Messages that one person may be writing at a time; every one that is open costs time."""

WRITTEN_WITHIN_S = 10.0
"""For a message, from its beginning to its end."""

Reply = Callable[[str, str], None]
"""Takes a text and the identity that it is for."""


class Channels:
    """Registers the RPC methods and reads the chat of a room.

    Args:
        control: carries out the commands.
        reply: answers in the chat.
        excludes: whether an identity reads like somebody else's, so that nothing of it counts.
        now: time that never stands still.
    """

    def __init__(
        self,
        control: Control,
        reply: Reply,
        excludes: Callable[[str], bool],
        now: Callable[[], Samples],
    ) -> None:
        self._control, self._reply, self._excludes = control, reply, excludes
        self._commands = Allowance(AT_ONCE, A_SECOND, now)
        self._told = Allowance(1, 1 / TOLD_EVERY_S, now)
        self._open: Counter[str] = Counter()
        self._room: rtc.Room | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, room: rtc.Room) -> None:
        """Reads this room's chat; call before connecting, so that nothing is missed."""
        self._room = room
        room.register_text_stream_handler(CHAT, self._chat)

    def register(self, room: rtc.Room) -> None:
        """Offers the RPC methods; the room is joined."""
        for name in [*(command.value for command in Command), OPT_OUT, OPT_IN]:
            room.local_participant.register_rpc_method(PREFIX + name, self._method(name))

    def _method(self, name: str) -> Callable[[rtc.RpcInvocationData], Awaitable[str]]:
        async def method(data: rtc.RpcInvocationData) -> str:
            try:
                by = data.caller_identity
                if not self._known(name, by):
                    raise Refusal(Code.NOT_PERMITTED, "only people in the room may")
                self._check_often(name, by)
                return await self._do(name, by, "rpc", argument_of(data.payload))
            except Refusal as refusal:
                raise rtc.RpcError(int(refusal.code), refusal.message) from None

        return method

    def _known(self, name: str, by: str) -> bool:
        """Whether somebody may tell the agent anything: a person in the room, or its own page.

        Refusing to be heard counts also of somebody who has just gone.
        """
        if self._excludes(by) or not acceptable(by) or self._room is None:
            return False
        one = self._room.remote_participants.get(by)
        if one is None:
            return name == OPT_OUT
        own = self._room.local_participant.identity
        return is_person(one) or one.attributes.get(ON_BEHALF) == own

    def _check_sender(self, name: str) -> None:
        """Who wrote something must be sure where it makes a difference.

        LiveKit lets agents write text streams in anybody's name. To refuse to be heard always
        counts; to agree does not.

        Raises:
            Refusal: another agent is in the room, and not everybody may do this.
        """
        people = self._room.remote_participants.values() if self._room is not None else ()
        if not any(one.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT for one in people):
            return
        if name != OPT_OUT and (name == OPT_IN or not self._control.open_to_all(Command(name))):
            raise Refusal(
                Code.NOT_PERMITTED,
                f"another agent is here, who could write in your name: call {PREFIX}{name}",
            )

    def _check_often(self, name: str, by: str) -> None:
        """Nobody keeps the agent from the others; to refuse to be heard is never too often.

        Raises:
            Refusal: they have told it too much lately.
        """
        if name != OPT_OUT and not self._commands.take(by):
            raise Refusal(Code.BUSY, "you ask too often: wait a few seconds")

    async def _do(self, name: str, by: str, channel: str, argument: str) -> str:
        if name == OPT_OUT:
            return self._control.opt_out(by, channel)
        if name == OPT_IN:
            return self._control.opt_in(by, channel)
        return await self._control.do(Command(name), by, channel, argument)

    def _chat(self, reader: rtc.TextStreamReader, by: str) -> None:
        if self._open[by] >= OPEN:
            reader.close()
            return
        self._open[by] += 1
        task = asyncio.create_task(self._read(reader, by), name="chat")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, reader: rtc.TextStreamReader, by: str) -> None:
        try:
            text = await _whole(reader)
        finally:
            self._open -= Counter([by])  # nothing is kept of who has none
        found = parse_chat(text)
        if found is None:
            return
        name, argument = found
        if name not in (*Command, OPT_OUT, OPT_IN) or not self._known(name, by):
            return  # some other program's command, or a stranger
        try:
            self._check_sender(name)
            self._check_often(name, by)
            self._reply(await self._do(name, by, "chat", argument), by)
        except Refusal as refusal:
            if refusal.code is not Code.BUSY or self._told.take(by):
                self._reply(f"No: {refusal.message}.", by)


async def _whole(reader: rtc.TextStreamReader) -> str:
    """What somebody writes, as far as it can be a command; nothing, if they do not end it."""
    text = ""
    try:
        async with asyncio.timeout(WRITTEN_WITHIN_S):
            async for piece in reader:
                if len(text) <= LONGEST:  # more cannot be a command; it is read and dropped
                    text += piece
    except (TimeoutError, StreamError):  # or they have left
        return ""
    finally:
        reader.close()
    return text
