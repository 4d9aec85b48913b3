"""What the room can see of the agent: participant attributes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from livekit import rtc

from integrations.livekit import topics
from moderator.events import (
    Action,
    Decision,
    Part,
    PartChanged,
    Proposal,
    RoleChanged,
    TurnEnded,
    TurnStarted,
    Withdrawn,
)
from moderator.floor.state import FloorView
from moderator.journal.lines import Event
from moderator.sparing import Spared, SparedChanged
from moderator.timeline import Samples, to_samples
from roles.schema import Role

STATE = "lk.agent.state"
"""Stock front-ends show this one."""

ROLE, FLOOR, SHARE, HAND = "moderator.role", "moderator.floor", "moderator.share", "moderator.hand"

WORKS = {
    Part.RECOGNISER: "moderator.hearing",
    Part.DETECTOR: "moderator.detecting",
    Part.DIARIZER: "moderator.diarizing",
    Part.VOICE: "moderator.speaking",
}
"""Say ``ok`` or ``failed``."""

SPARED = "moderator.spared"
"""What the agent does without, since it is late: nothing, thoughts, hypotheses or speech."""

ENCRYPTION = "moderator.encryption"
"""``ok``, or why somebody cannot be heard, in words."""

SYNTHETIC = "moderator.synthetic"
"""Says, for programs, that what this participant sounds like is not a person's voice."""

HAND_FOR = to_samples(10.0)
"""A hand goes down when nothing was wished for this long."""


class AgentState:
    """Keeps the agent's attributes up to date; an observer of the meeting.

    Only what changed is sent, and only the newest value of it.

    Args:
        role: the agent's.
    """

    def __init__(self, role: Role) -> None:
        self._room: rtc.Room | None = None
        self._wanted = {STATE: "listening", ROLE: role.id, FLOOR: "free", SHARE: "0.00", HAND: ""}
        self._wanted |= {SYNTHETIC: "true", SPARED: Spared.NOTHING, ENCRYPTION: "ok"}
        self._wanted |= dict.fromkeys(WORKS.values(), "ok")
        self._sent: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._cue = ""
        self._wished: Samples = 0

    def attach(self, room: rtc.Room) -> None:
        """Shows it in this room from now on; it is joined."""
        self._room = room
        room.on("reconnected", self._show_all)  # a server that was started anew knows nothing
        self._show_all()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="state")

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, Proposal):
            self._cue, self._wished = event.cue, event.at
        elif isinstance(event, Withdrawn):
            self._set(HAND, "")
        elif isinstance(event, RoleChanged):
            self._set(ROLE, str(event.role["id"]))
            self._set(HAND, "")
        elif isinstance(event, Decision):
            self._decided(event)
        elif isinstance(event, TurnStarted):
            self._set(STATE, "speaking")
            self._set(HAND, "")
        elif isinstance(event, TurnEnded):
            self._set(STATE, "listening")
        elif isinstance(event, PartChanged):
            self._set(WORKS[event.part], "ok" if event.up else "failed")
        elif isinstance(event, SparedChanged):
            self._set(SPARED, event.spared)

    def floor(self, floor: FloorView) -> None:
        """Takes who has the floor now; once a percept is often enough."""
        self._set(FLOOR, floor.holder or floor.status.value)
        self._set(SHARE, f"{floor.agent_share:.2f}")
        if floor.now - self._wished > HAND_FOR:
            self._set(HAND, "")

    def encryption(self, problem: str | None) -> None:
        """Takes why somebody cannot be heard; None: everybody can."""
        self._set(ENCRYPTION, problem or "ok")

    def forget(self) -> None:
        """Takes back words that may quote somebody."""
        self._cue = ""
        self._set(HAND, "")

    async def close(self) -> None:
        """Shows nothing any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _decided(self, event: Decision) -> None:
        if event.action is Action.SPEAK:
            self._set(STATE, "thinking")
        elif event.action is Action.PAUSE:
            self._set(STATE, "listening")
        elif event.action is Action.GO_ON:
            self._set(STATE, "speaking")
        elif event.action is Action.RAISE_HAND:
            self._set(HAND, self._cue or "wants to speak")

    def _show_all(self) -> None:
        self._sent = {}
        self._changed.set()

    def _set(self, key: str, value: str) -> None:
        if self._wanted[key] != value:
            self._wanted[key] = value
            self._changed.set()

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            fresh = {
                key: value for key, value in self._wanted.items() if self._sent.get(key) != value
            }
            if self._room is None or not fresh:
                continue
            with suppress(RuntimeError, ConnectionError, TimeoutError):
                await self._room.local_participant.set_attributes(fresh)
                self._sent |= fresh
                if fresh.get(HAND):
                    await self._room.local_participant.publish_data(
                        fresh[HAND], reliable=True, topic=topics.HAND
                    )
