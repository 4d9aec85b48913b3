"""What the agent decided, who has the floor and what has changed, for front-ends: data topics."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import Any

from livekit import rtc
from livekit.rtc.participant import PublishDataError

from integrations.livekit.packets import fitting, shares
from integrations.livekit.topics import CHANGE, DECISION, NOW
from moderator.arbiter.rules.base import Standing
from moderator.events import Action, Decision, Reason, RoleChanged
from moderator.floor.state import FloorView
from moderator.journal.lines import Event
from moderator.measure.report.wording import ACTIONS, REASONS, said
from moderator.timeline import Samples, to_samples, to_seconds
from moderator.tool_calls import ToolCalled, ToolOutcome

REMEMBERED = 20
"""Decisions, and as many changes, that somebody who comes in late is sent."""

WAITING = 50
"""Messages that may wait to be sent; then the oldest go."""

LONGEST_RESULT = 300
"""Characters of what a tool returned."""

EVERY = to_samples(1.0)
"""The floor is told at least this often, and when it changes."""

_DULL = {Reason.NO_PROPOSAL, Reason.ALREADY_SPEAKING}

_Message = tuple[str, str, str | None]
"""Topic, JSON, and to whom alone."""


class Feed:
    """Publishes decisions, the floor and changes; an observer of the meeting.

    A decision to wait is told when its reason or act is another than before; one to wait for want
    of a proposal never is.
    """

    def __init__(self) -> None:
        self._room: rtc.Room | None = None
        self._told: deque[str] = deque(maxlen=REMEMBERED)
        self._changes: deque[str] = deque(maxlen=REMEMBERED)
        self._returned: deque[str] = deque(maxlen=REMEMBERED + WAITING)
        self._last: tuple[object, ...] = ()
        self._floor_seen: tuple[object, ...] = ()
        self._floor_at: Samples = -EVERY
        self._waiting: deque[_Message] = deque(maxlen=WAITING)
        self._fresh = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def attach(self, room: rtc.Room) -> None:
        """Publishes in this room from now on; it is joined."""
        self._room = room
        room.on("participant_connected", self._newcomer)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="feed")

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, RoleChanged):
            self._last = ()
            role = {"role": event.role["id"], "summary": event.role["summary"]}
            self._changed(event.at, "role", role)
        if isinstance(event, ToolCalled) and event.outcome is not ToolOutcome.CUT_OFF:
            result = event.result[:LONGEST_RESULT]
            called = {"tool": event.tool, "outcome": event.outcome, "result": result}
            self._changed(event.at, "tool", called)
            self._returned.append(self._changes[-1])
        if not isinstance(event, Decision):
            return
        what = (event.action, event.reason, event.act)
        repeated = event.action is Action.WAIT and what == self._last
        self._last = what
        if event.reason in _DULL or repeated:
            return
        self._told.append(json.dumps(_decision(event), ensure_ascii=False))
        self._put(DECISION, self._told[-1])

    def floor(self, floor: FloorView, standing: Standing) -> None:
        """Takes who has the floor now; once a percept is often enough."""
        quiet = standing.hushed or standing.listen_only
        seen = (floor.status, floor.holder, tuple(floor.voices), quiet)
        if seen == self._floor_seen and floor.now - self._floor_at < EVERY:
            return
        self._floor_seen, self._floor_at = seen, floor.now
        self._put(NOW, _floor(floor, quiet=quiet))

    def forget(self, at: Samples, identity: str) -> None:
        """Has front-ends drop what somebody said, and what tools returned: it may quote them."""
        kept = [line for line in self._changes if line not in self._returned]
        self._changes = deque(kept, REMEMBERED)
        waiting = [one for one in self._waiting if one[1] not in self._returned]
        self._waiting = deque(waiting, WAITING)
        self._returned.clear()
        self._changed(at, "erased", {"identity": identity})

    async def close(self) -> None:
        """Publishes nothing any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _newcomer(self, person: rtc.RemoteParticipant) -> None:
        for topic, lines in ((CHANGE, self._changes), (DECISION, self._told)):
            for line in lines:
                self._put(topic, line, person.identity)

    def _changed(self, at: Samples, what: str, facts: dict[str, Any]) -> None:
        found = {"seconds": to_seconds(at), "change": what, **facts}
        self._changes.append(json.dumps(found, ensure_ascii=False))
        self._put(CHANGE, self._changes[-1])

    def _put(self, topic: str, line: str, to: str | None = None) -> None:
        self._waiting.append((topic, line, to))
        self._fresh.set()

    async def _run(self) -> None:
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            while self._waiting:
                topic, line, to = self._waiting.popleft()
                if self._room is None:
                    continue
                with suppress(RuntimeError, ConnectionError, TimeoutError, PublishDataError):
                    await self._room.local_participant.publish_data(
                        line,
                        reliable=topic != NOW,
                        destination_identities=[] if to is None else [to],
                        topic=topic,
                    )


def _decision(event: Decision) -> dict[str, Any]:
    return {
        "seconds": to_seconds(event.at),
        "action": event.action,
        "reason": event.reason,
        "act": event.act,
        "addressee": event.addressee,
        "did": said(ACTIONS, event.action),
        "why": said(REASONS, event.reason),
    }


def _floor(floor: FloorView, *, quiet: bool) -> str:
    return fitting(
        lambda people: {
            "seconds": to_seconds(floor.now),
            "status": floor.status,
            "holder": floor.holder,
            "speaking": list(floor.voices)[:people],
            "silenced": quiet,
            "agent_share": round(floor.agent_share, 3),
            "shares": shares(floor, people),
        }
    )
