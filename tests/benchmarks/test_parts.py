"""Parts of a live meeting fail in any order; the machine looks for an order that does harm."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from benchmarks.reliability.parts import one
from benchmarks.reliability.stage import HANGS_AFTER, PARTS, ROLES, Stage
from moderator.events import Command, Failure, Part, PartChanged, TurnStarted
from moderator.testing.faulty import Mode


class Parts(RuleBasedStateMachine):
    """Whatever parts do, the loop goes on, the role's limits hold, and it recovers."""

    stage: Stage | None = None

    @initialize(kind=st.sampled_from(sorted(ROLES)), server=st.booleans())
    def begin(self, kind: str, server: bool) -> None:
        self.stage = Stage(kind, server)

    @property
    def now(self) -> Stage:
        assert self.stage is not None
        return self.stage

    @rule(part=st.sampled_from(PARTS), mode=st.sampled_from(list(Mode)))
    def switch(self, part: str, mode: Mode) -> None:
        self.now.switches[part].mode = mode

    @rule(ticks=st.integers(1, 25), who=st.sampled_from([None, "ana", "ben"]))
    def go_on(self, ticks: int, who: str | None) -> None:
        self.now.go_on(ticks, who)

    @rule(command=st.sampled_from([Command.HUSH, Command.RESUME]))
    def command(self, command: Command) -> None:
        self.now.command(command)

    @rule()
    def say(self) -> None:
        self.now.say()

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.stage is None or self.stage.wrong == []

    def teardown(self) -> None:
        if self.stage is not None:
            try:
                self.stage.recover()
            finally:
                self.stage.end()
            assert self.stage.wrong == []


Parts.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=12,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    deadline=None,
)
TestParts: Any = Parts.TestCase


@pytest.fixture
def stage() -> Any:
    found = Stage("speaks")
    yield found
    found.end()
    assert found.wrong == []


def told(stage: Stage) -> list[tuple[Part, bool]]:
    """What people were told."""
    return [(one.part, one.up) for one in stage.events if isinstance(one, PartChanged)]


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.CRASH, Mode.RUBBISH])
def test_the_room_is_told_that_it_is_deaf_and_that_it_hears_again(stage: Stage, mode: Mode) -> None:
    stage.switches["recogniser"].mode = mode
    for _ in range(3):
        stage.go_on(6, "ana")
        stage.go_on(HANGS_AFTER)
    assert told(stage) == [(Part.RECOGNISER, False)]
    stage.go_on(8, "ben")  # `go_on` looks whether it gives way, deaf as it is
    stage.recover()
    assert told(stage) == [(Part.RECOGNISER, False), (Part.RECOGNISER, True)]


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.CRASH, Mode.RUBBISH])
def test_the_room_is_told_that_it_is_mute_and_that_it_speaks_again(
    stage: Stage, mode: Mode
) -> None:
    stage.switches["voice"].mode = mode
    stage.go_on(70)
    assert told(stage) == [(Part.VOICE, False)]
    assert not any(isinstance(one, TurnStarted) for one in stage.events)
    stage.recover()
    assert told(stage) == [(Part.VOICE, False), (Part.VOICE, True)]


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.CRASH, Mode.RUBBISH])
def test_each_failure_of_the_mind_is_a_line(stage: Stage, mode: Mode) -> None:
    stage.switches["mind"].mode = mode
    stage.go_on(60)
    found = [one for one in stage.events if isinstance(one, Failure)]
    assert found
    assert {one.part for one in found} == {"mind"}
    stage.recover()


def test_a_few_meetings_as_the_command_holds_them() -> None:
    for seed in range(2):
        assert one(random.Random(seed)).wrong == ()
