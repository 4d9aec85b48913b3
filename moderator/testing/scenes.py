"""Hand-made scenes for the duties mind: a floor and a few words, without a meeting around them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from moderator.events import Percept, Proposal, Word
from moderator.floor.state import FloorStatus, FloorView, Tally
from moderator.mind.base import Participant
from moderator.mind.duties.session import DutiesSession
from moderator.timeline import to_samples
from roles.schema import Role

STEP = to_samples(0.5)


def talked(**seconds: float) -> dict[str, Tally]:
    """Talk per participant, in seconds; it ended as the meeting began."""
    return {name: Tally(talk=to_samples(length)) for name, length in seconds.items()}


def held(by: str, seconds: float, **more: Any) -> FloorView:
    """One person has had the floor for so long."""
    length = to_samples(seconds)
    return FloorView(
        0,
        FloorStatus.HELD,
        holder=by,
        voices={by: length},
        held_for=length,
        last_speaker=by,
        **more,
    )


def free(silence_s: float = 1.0, **more: Any) -> FloorView:
    """Nobody has spoken for so long."""
    return FloorView(0, FloorStatus.FREE, silence=to_samples(silence_s), **more)


def overlapping(seconds: float, first: str, *others: str) -> FloorView:
    """Several have talked at once for so long."""
    length = to_samples(seconds)
    return FloorView(
        0,
        FloorStatus.OVERLAP,
        holder=first,
        voices=dict.fromkeys((first, *others), length),
        held_for=length,
        overlap_for=length,
    )


class DutyScene:
    """A duties session that is shown one moment after the other.

    Args:
        participants: who is there, by id.
        duties: as in a role's file.
        turn: the role's turn policy.
    """

    def __init__(
        self,
        participants: Mapping[str, Participant],
        *duties: Mapping[str, Any],
        turn: Mapping[str, Any] | None = None,
    ) -> None:
        role = Role.model_validate(
            {
                "id": "tested",
                "summary": "Keeps order.",
                "identity": {"name": "Robin", "title": "Facilitator"},
                "duties": list(duties),
                "turn": dict(turn or {}),
            }
        )
        self.session = DutiesSession(role, participants)

    def at(
        self, seconds: float, floor: FloorView | None = None, words: Sequence[Word] = ()
    ) -> Proposal | None:
        """What the duties propose at `seconds`, after hearing `words`."""
        end = to_samples(seconds)
        seen = floor or free()
        here = FloorView(**{name: getattr(seen, name) for name in seen.__slots__} | {"now": end})
        percept = Percept(end // STEP, end - STEP, end, words=tuple(words))

        async def run() -> Proposal | None:
            await self.session.push(percept, here)
            return await self.session.propose()

        return asyncio.run(run())

    def grant(self, proposal: Proposal | None) -> str:
        """Grants a proposal; its words."""
        assert proposal is not None

        async def run() -> str:
            return " ".join([piece async for piece in self.session.compose(proposal)])

        return asyncio.run(run())
