"""A meeting begins before the embedded mind is loaded."""

from __future__ import annotations

import asyncio
import threading

import pytest

from moderator.errors import InputError
from moderator.mind.moderator_lm.about import About
from moderator.mind.moderator_lm.loading import Loaded
from moderator.mind.moderator_lm.mind import ModeratorLM
from moderator.testing.meetings import people
from tests.moderator.mind.moderator_lm.test_session import ROLE, SAID, percepts, played
from tests.moderator.mind.moderator_lm.tiny import encode, network


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return Loaded(network(), encode, About(threshold=0.3))


def test_a_meeting_begins_while_the_model_is_loaded(loaded: Loaded) -> None:
    """What was heard by then is read as if it had been there from the beginning."""
    come = threading.Event()

    def load() -> Loaded:
        assert come.wait(10)
        return loaded

    async def run() -> float:
        mind = ModeratorLM(load, outline=lambda: loaded.outline)
        opened = await mind.open(ROLE, people("Ana", "Ben"))
        for percept, floor in percepts(SAID, 10):
            await opened.push(percept, floor)
        asked = asyncio.create_task(opened.probability())
        await asyncio.sleep(0.05)
        assert not asked.done()
        come.set()
        return await asked

    assert asyncio.run(run()) == pytest.approx(played(loaded, SAID)[-1], abs=1e-5)


def test_a_model_that_cannot_be_loaded_is_said_at_the_first_question(loaded: Loaded) -> None:
    def load() -> Loaded:
        raise InputError("the trained weights are missing", todo="install the package again")

    async def run() -> None:
        mind = ModeratorLM(load, outline=lambda: loaded.outline)
        opened = await mind.open(ROLE, people("Ana", "Ben"))
        with pytest.raises(InputError, match="weights are missing"):
            await opened.probability()
        with pytest.raises(InputError, match="weights are missing"):
            await ModeratorLM(load).open(ROLE, people("Ana", "Ben"))

    asyncio.run(run())
