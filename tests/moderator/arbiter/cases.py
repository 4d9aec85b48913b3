"""Made-up moments for the arbiter: a role, a floor, a wish."""

from __future__ import annotations

from dataclasses import replace

from moderator.arbiter.decide import decide
from moderator.arbiter.rules.base import Situation, Standing
from moderator.events import Act, Action, Proposal, Reason
from moderator.floor.state import FloorStatus, FloorView
from moderator.timeline import Samples, to_samples
from roles.schema import Identity, Role, TurnPolicy

NOW = to_samples(600)
TICK_S: Samples = 1600
PEOPLE = ["ana", "ben", "cleo"]


def role(**turn: object) -> Role:
    return Role(
        id="tested",
        summary="for tests",
        identity=Identity(name="Robin"),
        turn=TurnPolicy.model_validate(turn),
    )


def proposal(act: Act = Act.ANSWER, probability: float = 0.9, **more: object) -> Proposal:
    return replace(Proposal(NOW, "test", probability, act), **more)  # type: ignore[arg-type]


FREE = FloorView(NOW, FloorStatus.FREE, silence=to_samples(2), talk=to_samples(300))
HELD = FloorView(
    NOW,
    FloorStatus.HELD,
    holder="ana",
    voices={"ana": to_samples(30)},
    held_for=to_samples(30),
    talk=to_samples(300),
)
SPEAKING = FloorView(
    NOW,
    FloorStatus.AGENT,
    agent_speaking=True,
    agent_turn_for=to_samples(3),
    talk=to_samples(300),
    agent_talk=to_samples(10),
)


def decided(
    policy: Role,
    floor: FloorView = FREE,
    wish: Proposal | None = None,
    standing: Standing | None = None,
) -> tuple[Action, Reason]:
    decision = decide(Situation(policy, {}, floor, standing or Standing(), wish))
    return decision.action, decision.reason
