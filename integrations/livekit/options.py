"""How a meeting in a room is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from integrations.livekit.address import Address
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
    """

    role: Role
    address: Address
    out: Path | None = None
    overwrite: bool = False
    step_s: float | None = None
    patience_s: float = 10.0
    others: tuple[Role, ...] = ()
