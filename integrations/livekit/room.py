"""The agent's place in a room: joining, joining anew, and who is there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from livekit import rtc
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

from integrations.livekit.address import Address, connect
from integrations.livekit.people.consent import is_person, shown_name
from moderator.errors import InputError
from moderator.mind.base import Participant

REJOIN_FOR_S = 600.0
"""A server that stays away for longer ends the meeting."""

LOOKS_EVERY_S = 1.0
"""What no event told of is noticed after so long."""

logger = logging.getLogger("livekit.plugins.moderator")

_FINAL = {
    rtc.DisconnectReason.CLIENT_INITIATED: "the agent left",
    rtc.DisconnectReason.DUPLICATE_IDENTITY: "another participant took the agent's identity",
    rtc.DisconnectReason.PARTICIPANT_REMOVED: "the agent was removed from the room",
    rtc.DisconnectReason.ROOM_DELETED: "the room was deleted",
    rtc.DisconnectReason.ROOM_CLOSED: "the room was closed",
}
"""After these the agent does not come back."""

Before = Callable[[rtc.Room], None]
After = Callable[[rtc.Room], Awaitable[None]]


First = tuple[rtc.Room, After]
"""A room that somebody else made, and how it is joined."""


class RoomLink:
    """Joins a room and joins it anew when the connection is lost for good.

    The client library itself repairs short interruptions.

    Args:
        address: which room.
        before: are given each new room before it is joined, to listen to its events.
        after: are given it when it is joined.
        changed: is told when the connection is lost, and when it is there again.
        ended: is told why, when the agent cannot or must not come back.
        first: the first room, where a worker's job brings one; later ones are made here.
    """

    def __init__(
        self,
        address: Address,
        before: Sequence[Before],
        after: Sequence[After],
        changed: Callable[[bool], None],
        ended: Callable[[str], None],
        first: First | None = None,
    ) -> None:
        self._first = first
        self._address, self._before, self._after = address, before, after
        self._changed, self._ended = changed, ended
        self._room: rtc.Room | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._up = False

    @property
    def room(self) -> rtc.Room:
        """The room; it is joined."""
        if self._room is None:
            raise RuntimeError("no room was joined")
        return self._room

    async def join(self) -> None:
        """Joins.

        Raises:
            InputError: the server is not there, or refuses.
        """
        room = rtc.Room() if self._first is None else self._first[0]
        for prepare in self._before:
            prepare(room)
        if self._first is None:
            await connect(room, self._address)
        else:
            await self._first[1](room)
            self._first = None
        self._room = room
        room.on("disconnected", lambda reason: self._lost(room, reason))
        room.on("reconnecting", lambda: self._tell(up=False))
        room.on("reconnected", lambda: self._tell(up=True))
        for use in self._after:
            await use(room)
        self._tell(up=True)

    def make_good(self) -> rtc.Room | None:
        """Finds out from the room's state what no event told of; the room, if it is joined."""
        room, again = self._room, self._task
        if room is None or self._closing or (again is not None and not again.done()):
            return None
        if room.connection_state == rtc.ConnectionState.CONN_DISCONNECTED:
            reason = room.local_participant.disconnect_reason
            self._lost(room, rtc.DisconnectReason.UNKNOWN_REASON if reason is None else reason)
            return None
        up = room.connection_state == rtc.ConnectionState.CONN_CONNECTED
        if up != self._up:
            self._tell(up=up)
        return room if up else None

    def _tell(self, *, up: bool) -> None:
        self._up = up
        self._changed(up)

    async def leave(self) -> None:
        """Leaves."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._room is not None:
            try:
                await self._room.disconnect()
            except TypeError:  # of a handler that somebody else put on the room: we have left
                logger.exception("a handler of the room failed when the agent left")

    def _lost(self, room: rtc.Room, reason: rtc.DisconnectReason.ValueType) -> None:
        if self._closing or room is not self._room:
            return
        if reason in _FINAL:
            self._ended(_FINAL[reason])
            return
        self._tell(up=False)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._rejoin(), name="rejoin")

    async def _rejoin(self) -> None:
        attempts = AsyncRetrying(
            wait=wait_exponential(0.5, max=4.0),
            stop=stop_after_delay(REJOIN_FOR_S),
            retry=retry_if_exception_type(InputError),
            reraise=True,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    await self.join()
        except InputError as error:
            self._ended(f"the connection was lost ({error.what})")


class Lookout:
    """Looks at the room's state now and then, for what no event told of.

    A handler that somebody else put on the room can keep an event from ours: what it raises may
    keep the client library from calling those after it.

    Args:
        link: the room.
        looks: are given the room while it is joined, and make good what they have missed.
    """

    def __init__(self, link: RoomLink, looks: Sequence[Before]) -> None:
        self._link, self._looks = link, looks
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins."""
        self._task = asyncio.create_task(self._run(), name="lookout")

    def stop(self) -> None:
        """Looks no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOKS_EVERY_S)
            try:
                room = self._link.make_good()
                if room is not None:
                    for look in self._looks:
                        look(room)
            except Exception:  # as what a handler of an event raises
                logger.exception("the room's state could not be made good")


class Attendance:
    """Knows which people are in the room.

    Args:
        read: takes everybody's identity and attributes before they count as there.
        called: the name of whoever has an identity and displays a name.
        joined: told of everybody who comes in.
        renamed: told of everybody who is called otherwise.
        left: told who goes out.
        empty: told when the last of them has been gone for `patience_s`.
        patience_s: somebody may come back within this.
    """

    def __init__(
        self,
        read: Callable[[str, Mapping[str, str]], object],
        called: Callable[[str, str], str],
        joined: Callable[[Participant], None],
        renamed: Callable[[Participant], None],
        left: Callable[[str], None],
        empty: Callable[[], None],
        patience_s: float,
    ) -> None:
        self._read, self._called = read, called
        self._joined, self._renamed, self._left = joined, renamed, left
        self._empty = empty
        self._patience = patience_s
        self._timer: asyncio.TimerHandle | None = None
        self._connected = True
        self.people: dict[str, Participant] = {}
        """Who is there now, by identity."""
        self.somebody = asyncio.Event()
        """Set once the first person is there."""

    def attach(self, room: rtc.Room) -> None:
        """Follows who comes and goes; call before connecting, then `review`."""
        room.on("participant_connected", self._in)
        room.on("participant_disconnected", lambda person: self._out(person.identity))

    def review(self, room: rtc.Room) -> None:
        """Takes everybody who is in the room now, also after it was joined anew."""
        present = {p.identity: p for p in room.remote_participants.values() if is_person(p)}
        for gone in set(self.people) - set(present):
            self._out(gone)
        for person in present.values():
            self._in(person)

    async def wait(self, over: asyncio.Event) -> None:
        """Waits until the first person is there, or the meeting is over before."""
        waits = [asyncio.ensure_future(one.wait()) for one in (self.somebody, over)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()

    def connection(self, *, up: bool) -> None:
        """The connection was lost, or is there again; a room that is not seen is not empty."""
        self._connected = up
        if up and self.somebody.is_set() and not self.people:
            self._start_timer()
        elif not up:
            self._stop_timer()

    def close(self) -> None:
        """Tells nobody anything any more."""
        self._stop_timer()

    def _in(self, person: rtc.RemoteParticipant) -> None:
        if not is_person(person):
            return
        self._read(person.identity, person.attributes)
        self._stop_timer()
        name = self._called(person.identity, shown_name(person))
        before, now = self.people.get(person.identity), Participant(person.identity, name)
        if before != now:
            self.people[person.identity] = now
            self._joined(now) if before is None else self._renamed(now)
        self.somebody.set()

    def named(self, person: rtc.RemoteParticipant) -> None:
        """Somebody who is there may have another name, or other attributes."""
        if person.identity in self.people:
            self._in(person)

    def _out(self, identity: str) -> None:
        if self.people.pop(identity, None) is None:
            return
        self._left(identity)
        if not self.people and self._connected:
            self._start_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._empty)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
