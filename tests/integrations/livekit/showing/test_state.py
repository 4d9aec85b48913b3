"""The agent's attributes as the room sees them, without a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from livekit import rtc

from integrations.livekit import topics
from integrations.livekit.showing.state import HAND, HAND_FOR, ROLE, STATE, AgentState
from moderator.events import (
    Act,
    Action,
    Decision,
    Part,
    PartChanged,
    Proposal,
    Reason,
    RoleChanged,
    TurnEnded,
    TurnStarted,
    Withdrawn,
)
from moderator.floor.state import FloorStatus, FloorView
from moderator.timeline import to_samples
from roles.loader import load_role

CUE = "Ana has had the floor for two minutes"


class FakeRoom:
    """Takes attributes and packets."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}
        self.packets: list[tuple[str, str]] = []
        self.local_participant = self
        self.handlers: dict[str, Callable[[], None]] = {}

    def on(self, event: str, handler: Callable[[], None]) -> None:
        self.handlers[event] = handler

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self.attributes |= attributes

    async def publish_data(self, text: str, *, reliable: bool, topic: str) -> None:
        self.packets.append((topic, text))


def shown(
    *steps: Callable[[AgentState], None], room: FakeRoom | None = None
) -> list[dict[str, str]]:
    """The attributes after each step, and the packets as ``packets``."""
    room, seen = room or FakeRoom(), []

    async def run() -> None:
        state = AgentState(load_role("facilitator"))
        state.attach(cast(rtc.Room, room))
        for step in steps:
            step(state)
            await asyncio.sleep(0.01)
            seen.append(dict(room.attributes))
        await state.close()

    asyncio.run(run())
    seen[-1]["packets"] = str(room.packets)
    return seen


def raise_hand(state: AgentState) -> None:
    state(Proposal(0, "duties", 0.8, Act.HAND_RAISE, cue=CUE))
    state(Decision(0, Action.RAISE_HAND, Reason.WANTS_FLOOR, Act.HAND_RAISE))


def view(second: float) -> FloorView:
    return FloorView(to_samples(second), FloorStatus.FREE, None)


@pytest.mark.parametrize(
    "after",
    [
        lambda state: state(TurnStarted(1, 1, Act.INVITE, None)),
        lambda state: state(Withdrawn(1)),
        lambda state: state(RoleChanged(1, {"id": "observer"})),
        lambda state: state.forget(),
        lambda state: state.floor(view(HAND_FOR / 16_000 + 1)),
    ],
    ids=["turn", "withdrawn", "role", "forget", "time"],
)
def test_a_hand_goes_up_with_its_reason_and_down_again(after: Callable[[AgentState], None]) -> None:
    up, still, down = shown(raise_hand, lambda state: state.floor(view(5.0)), after)
    assert up[HAND] == still[HAND] == CUE
    assert down[HAND] == ""
    assert down["packets"] == str([(topics.HAND, CUE)])


def test_the_state_and_the_role_follow_the_meeting() -> None:
    spoken = Decision(0, Action.SPEAK, Reason.FLOOR_FREE, Act.ANSWER)
    seen = shown(
        lambda state: None,
        lambda state: state(spoken),
        lambda state: state(TurnStarted(1, 1, Act.ANSWER, None)),
        lambda state: state(TurnEnded(2, 1, "yes", "")),
        lambda state: state(RoleChanged(3, {"id": "observer"})),
    )
    states = [one[STATE] for one in seen]
    assert states == ["listening", "thinking", "speaking", "listening", "listening"]
    assert (seen[0][ROLE], seen[-1][ROLE]) == ("facilitator", "observer")


def test_a_server_that_was_started_anew_is_told_everything_again() -> None:
    room = FakeRoom()

    def restarted(_: AgentState) -> None:
        room.attributes.clear()
        room.handlers["reconnected"]()

    before, after = shown(lambda state: None, restarted, room=room)
    assert after == {**before, "packets": "[]"}
    assert STATE in after


def test_the_room_sees_whether_it_hears_and_speaks() -> None:
    seen = shown(
        lambda state: state(PartChanged(1, Part.RECOGNISER, up=False)),
        lambda state: state(PartChanged(2, Part.VOICE, up=False)),
        lambda state: state(PartChanged(3, Part.RECOGNISER, up=True)),
    )
    states = [(one["moderator.hearing"], one["moderator.speaking"]) for one in seen]
    assert states == [("failed", "ok"), ("failed", "failed"), ("ok", "failed")]
