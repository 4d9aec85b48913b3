"""Parts of a live meeting fail in any order; the machine looks for an order that does harm."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from benchmarks.reliability.parts import one
from benchmarks.reliability.stage import HANGS_AFTER, MODES, PARTS, PEOPLE, ROLES, Stage
from moderator.events import (
    Command,
    Failure,
    Heard,
    Part,
    PartChanged,
    Proposal,
    RoleChanged,
    TurnStarted,
)
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

    @rule(what=st.sampled_from([(part, mode) for part in PARTS for mode in MODES[part]]))
    def switch(self, what: tuple[str, Mode]) -> None:
        self.now.switches[what[0]].mode = what[1]

    @rule(ticks=st.integers(1, 25), who=st.sampled_from([None, *PEOPLE]))
    def go_on(self, ticks: int, who: str | None) -> None:
        self.now.go_on(ticks, who)

    @rule(command=st.sampled_from([Command.HUSH, Command.RESUME]))
    def command(self, command: Command) -> None:
        self.now.command(command)

    @rule(kind=st.sampled_from(sorted(ROLES)))
    def become(self, kind: str) -> None:
        self.now.become(kind)

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


def said(stage: Stage, after: int = 0) -> set[str]:
    """Whose words were recognised since an event."""
    heard = [one for one in stage.events[after:] if isinstance(one, Heard)]
    return {word.speaker for one in heard for word in one.words}


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


@pytest.mark.parametrize("mode", [Mode.CRASH, Mode.RUBBISH])
def test_who_speaks_is_noticed_while_the_detector_of_voices_fails(stage: Stage, mode: Mode) -> None:
    stage.switches["detector"].mode = mode
    before = len(stage.events)
    stage.go_on(80)
    assert told(stage) == [(Part.DETECTOR, False)]
    for who in PEOPLE:
        stage.go_on(8, who)  # `go_on` looks whether it gives way
        stage.go_on(12)
    assert {"ana", "ben"} <= said(stage, before)
    failures = [one for one in stage.events if isinstance(one, Failure)]
    assert len(failures) < 8 * len(PEOPLE), "it is tried now and then, not at every tick"
    stage.recover()
    assert told(stage) == [(Part.DETECTOR, False), (Part.DETECTOR, True)]


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.CRASH, Mode.RUBBISH])
def test_nobody_is_given_words_while_nobody_can_be_told_apart(stage: Stage, mode: Mode) -> None:
    stage.go_on(8, "hall")
    stage.go_on(12)
    assert said(stage) == {"hall/speaker_1"}
    stage.switches["diarizer"].mode = mode
    stage.go_on(HANGS_AFTER + 5)
    before = len(stage.events)
    for _ in range(5):
        stage.go_on(8, "hall")
        stage.go_on(12)
    assert said(stage, before) == {"hall/?"}
    assert told(stage) == [(Part.DIARIZER, False)]
    before = len(stage.events)
    stage.recover()
    assert told(stage) == [(Part.DIARIZER, False), (Part.DIARIZER, True)]
    assert "hall/speaker_2" in said(stage, before), "nobody knows whether it is the same voice"


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.CRASH, Mode.RUBBISH, Mode.SLOW])
def test_a_mind_is_opened_for_another_role_beside_the_meeting(stage: Stage, mode: Mode) -> None:
    stage.switches["mind"].mode = mode
    stage.switches["mind"].slow_s = 0.25
    stage.go_on(3)
    stage.become("silent")
    changed = next(i for i, one in enumerate(stage.events) if isinstance(one, RoleChanged))
    stage.go_on(10)
    assert not any(isinstance(one, Proposal | TurnStarted) for one in stage.events[changed:])
    stage.become("speaks")
    stage.go_on(10)
    before = len(stage.events)
    stage.recover()
    assert any(isinstance(one, TurnStarted) for one in stage.events[before:])


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
