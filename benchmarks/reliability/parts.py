"""Mind, ears, voice and server that are slow, hang, crash or answer rubbish, in any order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.reliability.stage import MODES, PARTS, PEOPLE, ROLES, Stage
from moderator.events import Command


@dataclass(frozen=True, slots=True)
class Result:
    """One meeting in which parts failed.

    Attributes:
        what: role and mind.
        steps: what was done to it, to be read.
        wrong: what must not be, and was.
        slowest_s: longest tick.
        failures: by part.
    """

    what: str
    steps: tuple[str, ...]
    wrong: tuple[str, ...]
    slowest_s: float
    failures: Counter[str]


def one(chance: random.Random) -> Result:
    """A meeting in which parts fail at random, and work again."""
    kind, server = chance.choice(sorted(ROLES)), chance.random() < 0.3
    stage, steps = Stage(kind, server), list[str]()
    try:
        for _ in range(chance.randint(6, 14)):
            step = chance.random()
            if step < 0.5:
                part = chance.choice(PARTS)
                mode = chance.choice(MODES[part])
                steps.append(f"{part} {mode}")
                stage.switches[part].mode = mode
            elif step < 0.6:
                command = chance.choice([Command.HUSH, Command.RESUME])
                steps.append(command.value)
                stage.command(command)
            elif step < 0.7:
                steps.append("say")
                stage.say()
            elif step < 0.8:
                become = chance.choice(sorted(ROLES))
                steps.append(f"become {become}")
                stage.become(become)
            speaking = chance.choice([None, None, *PEOPLE])
            ticks = chance.randint(2, 25)
            steps.append(f"{ticks} ticks of {speaking or 'silence'}")
            stage.go_on(ticks, speaking)
        stage.recover()
    finally:
        stage.end()
    what = f"{kind}, {'server' if server else 'mind'}"
    return Result(what, tuple(steps), tuple(stage.wrong), stage.slowest_s, stage.failures())


def parts(times: int, seed: int, tell: Callable[[], None]) -> list[Result]:
    """Holds so many meetings."""
    chance, results = random.Random(seed), []
    for _ in range(times):
        results.append(one(random.Random(chance.random())))
        tell()
    return results
