"""What front-ends are told of decisions and the floor."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from livekit import rtc

from integrations.livekit.packets import LARGEST
from integrations.livekit.showing.feed import LONGEST_RESULT, REMEMBERED, Feed
from integrations.livekit.topics import CHANGE, DECISION, NOW
from moderator.arbiter.rules.base import Standing
from moderator.events import Act, Action, Decision, Reason, RoleChanged
from moderator.floor.state import FloorStatus, FloorView, Tally
from moderator.timeline import to_samples
from moderator.tool_calls import ToolCalled, ToolOutcome
from roles.loader import load_role


class FakeRoom:
    """Takes what is published."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any], list[str]]] = []
        self.handlers: dict[str, Callable[[Any], None]] = {}
        self.local_participant = self

    def on(self, event: str, handler: Callable[[Any], None]) -> None:
        self.handlers[event] = handler

    async def publish_data(
        self, line: str, *, reliable: bool, destination_identities: list[str], topic: str
    ) -> None:
        assert len(line.encode()) <= LARGEST
        self.sent.append((topic, json.loads(line), destination_identities))

    def of(self, topic: str) -> list[dict[str, Any]]:
        return [body for where, body, to in self.sent if where == topic and not to]


def published(work: Callable[[Feed, FakeRoom], None]) -> FakeRoom:
    """What a feed publishes."""
    room = FakeRoom()

    async def run() -> None:
        feed = Feed()
        feed.attach(cast(rtc.Room, room))
        work(feed, room)
        await asyncio.sleep(0.02)
        await feed.close()

    asyncio.run(run())
    return room


def decision(second: float, action: Action, reason: Reason, act: Act | None = None) -> Decision:
    return Decision(to_samples(second), action, reason, act, "ben" if act else None)


def view(second: float, holder: str | None = None, **fields: Any) -> FloorView:
    status = FloorStatus.HELD if holder else FloorStatus.FREE
    return FloorView(to_samples(second), status, holder, **fields)


def test_a_decision_comes_with_its_reason_in_code_and_in_words() -> None:
    room = published(
        lambda feed, _: feed(decision(2.0, Action.SPEAK, Reason.FLOOR_FREE, Act.ANSWER))
    )
    assert room.of(DECISION) == [
        {
            "seconds": 2.0,
            "action": "speak",
            "reason": "floor_free",
            "act": "answer",
            "addressee": "ben",
            "did": "spoke",
            "why": "the floor was free",
        }
    ]


def test_waiting_is_told_once_for_each_reason_and_never_for_want_of_a_wish() -> None:
    def work(feed: Feed, _: FakeRoom) -> None:
        for second in range(5):
            feed(decision(second, Action.WAIT, Reason.FLOOR_HELD, Act.INVITE))
        feed(decision(5, Action.WAIT, Reason.NO_PROPOSAL))
        feed(decision(6, Action.WAIT, Reason.COOLING_DOWN, Act.INVITE))

    reasons = [one["reason"] for one in published(work).of(DECISION)]
    assert reasons == ["floor_held", "cooling_down"]


def test_whoever_comes_late_gets_the_last_decisions_alone() -> None:
    def work(feed: Feed, room: FakeRoom) -> None:
        for second in range(REMEMBERED + 5):
            feed(decision(second, Action.SPEAK, Reason.FLOOR_FREE, Act.ANSWER))
        room.handlers["participant_connected"](SimpleNamespace(identity="late"))

    late = [body["seconds"] for _, body, to in published(work).sent if to == ["late"]]
    assert late == list(range(5, REMEMBERED + 5))


def test_the_floor_is_told_when_it_changes_and_once_a_second() -> None:
    def work(feed: Feed, _: FakeRoom) -> None:
        for tick in range(15):
            feed.floor(view(tick / 10), Standing())
        feed.floor(view(1.5, "ana", voices={"ana": 800}), Standing(hushed=True))

    told = published(work).of(NOW)
    assert [one["seconds"] for one in told] == [0.0, 1.0, 1.5]
    assert told[-1]["holder"] == "ana"
    assert told[-1]["speaking"] == ["ana"]
    assert told[-1]["silenced"]


def test_a_packet_stays_small_with_many_long_identities() -> None:
    tallies = {f"{'ж' * 250}{i:05}": Tally(talk=i) for i in range(200)}
    voices = dict.fromkeys(tallies, 1)
    room = published(
        lambda feed, _: feed.floor(view(1.0, tallies=tallies, voices=voices), Standing())
    )
    shares = room.of(NOW)[0]["shares"]
    assert 1 <= len(shares) <= 30
    assert next(iter(shares)).endswith("00199")


def test_changes_are_told_also_to_whoever_comes_late() -> None:
    def work(feed: Feed, room: FakeRoom) -> None:
        feed(decision(1, Action.WAIT, Reason.FLOOR_HELD, Act.INVITE))
        feed(RoleChanged(to_samples(2.0), load_role("observer").model_dump(mode="json")))
        feed(decision(3, Action.WAIT, Reason.FLOOR_HELD, Act.INVITE))
        feed.forget(to_samples(4.0), "ana")
        room.handlers["participant_connected"](SimpleNamespace(identity="late"))

    room = published(work)
    summary = load_role("observer").summary
    changes = [
        {"seconds": 2.0, "change": "role", "role": "observer", "summary": summary},
        {"seconds": 4.0, "change": "erased", "identity": "ana"},
    ]
    assert room.of(CHANGE) == changes
    assert [body for topic, body, to in room.sent if (topic, to) == (CHANGE, ["late"])] == (changes)
    assert len(room.of(DECISION)) == 2, "another role may wait for a reason of its own"


def test_what_a_tool_returned_is_told_until_somebody_is_forgotten() -> None:
    called = ToolCalled(to_samples(3), 1, 1, "weather", ToolOutcome.OK, 0, "{}", "Rain. " * 200)

    def work(feed: Feed, room: FakeRoom) -> None:
        feed(called)
        feed(replace(called, outcome=ToolOutcome.CUT_OFF))

    (told,) = published(work).of(CHANGE)
    assert (told["change"], told["tool"], told["outcome"]) == ("tool", "weather", "ok")
    assert told["result"] == ("Rain. " * 200)[:LONGEST_RESULT]

    def forgotten(feed: Feed, room: FakeRoom) -> None:
        work(feed, room)
        feed.forget(to_samples(4), "ana")
        room.handlers["participant_connected"](SimpleNamespace(identity="late"))

    sent = published(forgotten).sent
    assert [body["change"] for _, body, _ in sent] == ["erased", "erased"]
