"""Meetings of workers that died, and how another one takes them over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from livekit import api
from livekit.protocol.models import ParticipantInfo

from integrations.files.disk.lock import InUse, locked
from integrations.files.disk.outdir import JOURNAL, RunState, run_state
from moderator.cli.console import note
from moderator.errors import InputError
from moderator.journal.restoring import Unfinished, unfinished
from moderator.timeline import LiveClock, Samples, to_samples

LOOKS_EVERY_S = 1.0

ASKED_AGAIN = to_samples(20.0)
"""A meeting that nobody has taken up within this is given out again."""

GOES_ON = '{"goes_on": true}'
"""Metadata of a job that takes a meeting over, or does nothing."""

_PEOPLE = (
    ParticipantInfo.Kind.STANDARD,
    ParticipantInfo.Kind.SIP,
    ParticipantInfo.Kind.CONNECTOR,
)

logger = logging.getLogger("livekit.plugins.moderator")


def abandoned(out: Path, room_sid: str | None = None) -> list[Unfinished]:
    """Meetings in the directories of `out` that broke off and that nobody works at.

    The lock of a process that died is free, also on a shared file system whose locks end with
    their owner.

    Args:
        out: a directory for each meeting.
        room_sid: only those in this room; None: all.
    """
    found = []
    with suppress(OSError):
        for directory in sorted(out.iterdir()):
            one = _look(directory, room_sid) if directory.is_dir() else None
            if one is not None:
                found.append(one)
    return found


def _look(directory: Path, room_sid: str | None) -> Unfinished | None:
    try:
        if run_state(directory) is not RunState.INTERRUPTED:
            return None
        if not (directory / JOURNAL).is_file():
            return None
        one = unfinished(directory / JOURNAL)
        sid = None if one is None else one.settings.get("room_sid")
        if one is None or not sid or room_sid not in (None, sid):
            return None
        with locked(directory):
            return one
    except InUse:
        return None
    except InputError as error:
        logger.debug("not a meeting to go on with: %s", error)
        return None


class Heirs:
    """Looks for meetings of dead workers, and has LiveKit give each to a worker that has room.

    Args:
        out: the meetings' directories, on a file system that the workers share.
        server: makes a client of the LiveKit server.
        agent_name: under which jobs are dispatched.
        free: whether this worker may take a further meeting.
    """

    def __init__(
        self,
        out: Path,
        server: Callable[[], api.LiveKitAPI],
        agent_name: str,
        free: Callable[[], bool],
    ) -> None:
        self._out, self._server, self._name, self._free = out, server, agent_name, free
        self._asked: dict[Path, Samples] = {}
        self._clock = LiveClock()

    async def run(self) -> None:
        """Looks until it is cancelled."""
        self._clock.start()
        async with self._server() as server:
            while True:
                if self._free():
                    try:
                        await self._look(server)
                    except Exception:  # the server is away, say: it is looked again
                        logger.debug("abandoned meetings could not be looked for", exc_info=True)
                await asyncio.sleep(LOOKS_EVERY_S)

    async def _look(self, server: api.LiveKitAPI) -> None:
        now = self._clock.now()
        for one in await asyncio.to_thread(abandoned, self._out):
            asked = self._asked.get(one.directory)
            if asked is not None and now - asked < ASKED_AGAIN:
                continue
            room = str(one.settings.get("room", ""))
            if not await self._waited_for(server, room, one.settings["room_sid"]):
                continue
            self._asked[one.directory] = now
            note(f"{room}: a worker died there; the meeting is given out again")
            with suppress(api.TwirpError):  # it has gone by itself
                ghost = str(one.settings.get("identity", ""))
                await server.room.remove_participant(
                    api.RoomParticipantIdentity(room=room, identity=ghost)
                )
            await server.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(agent_name=self._name, room=room, metadata=GOES_ON)
            )

    async def _waited_for(self, server: api.LiveKitAPI, room: str, sid: object) -> bool:
        """Whether the room goes on, and people are in it."""
        rooms = (await server.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms
        if not any(one.sid == sid for one in rooms):
            return False
        there = await server.room.list_participants(api.ListParticipantsRequest(room=room))
        return any(
            one.kind in _PEOPLE and one.state == ParticipantInfo.State.ACTIVE
            for one in there.participants
        )
