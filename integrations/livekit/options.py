"""How a meeting in a room is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from livekit import rtc

from integrations.livekit.address import Address
from moderator.journal.restoring import Unfinished
from roles.schema import Role


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a meeting in a room is run.

    Attributes:
        role: the agent's.
        address: the room.
        out: directory for its files; None: none are written.
        overwrite: replace an earlier meeting's files.
        step_s: length of a percept; None: as the mind wants it.
        patience_s: how long an empty room is waited in for somebody to come back.
        others: roles that it may take later, beside those of the library.
        past: a meeting that broke off and goes on, in the same directory.
    """

    role: Role
    address: Address
    out: Path | None = None
    overwrite: bool = False
    step_s: float | None = None
    patience_s: float = 10.0
    others: tuple[Role, ...] = ()
    past: Unfinished | None = None

    def settings(self, room: rtc.Room, sid: str) -> dict[str, object]:
        """What the journal says of the room, so that another program can go on there."""
        return {
            "live": True,
            "room": room.name,
            "room_sid": sid,
            "identity": room.local_participant.identity,
            "leave_after_s": self.patience_s,
        }
