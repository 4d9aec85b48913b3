"""The model's process: whatever it does, whoever asked is told, and the next request gets another.

With a small program in its place; with the real one, and its weights, where MODERATOR_TEST_LOCAL=1.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from moderator.errors import InputError, MindError
from moderator.mind.local.engine import Engine
from moderator.mind.local.prompt import asking
from moderator.mind.local.weights import weights
from moderator.models.store import ModelStore
from moderator.testing.llama import ScriptedEngine
from tests.moderator.mind.grounding.test_ranking import lines

CHILD = """
import base64, json, os, struct, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    told = asked["messages"][-1]["content"] if asked["do"] == "write" else ""
    if told == "die":
        os._exit(9)
    if told == "hang":
        time.sleep(60)
    if told == "lie":
        print("no json", flush=True)
    done = {"number": 7}.get(told, told.upper())
    if asked["do"] == "embed":
        packed = [struct.pack("2f", 1.0, len(one)) for one in asked["texts"]]
        done = [base64.b64encode(one).decode() for one in packed]
    kind = "failed" if told == "fail" else "done"
    print(json.dumps({"id": asked["id"], kind: done}), flush=True)
"""


def engine() -> Engine:
    return Engine(Path("model.gguf"), (sys.executable, "-c", CHILD))


async def written(one: Engine, text: str, within_s: float = 10.0) -> str:
    return await one.write([{"role": "user", "content": text}], tokens=5, within_s=within_s)


def test_what_is_asked_is_done_in_another_process() -> None:
    async def run() -> None:
        one = engine()
        both = await asyncio.gather(written(one, "a"), written(one, "ü\n"))
        assert list(both) == ["A", "Ü\n"]
        assert one.pid not in (None, os.getpid())
        found = await one.embed(["x", "yy"], question=True, within_s=10.0)
        assert np.array_equal(found, [[1.0, 1.0], [1.0, 2.0]])
        one.close()
        assert one.pid is None

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "within_s", "what"),
    [
        ("die", 10.0, "has ended"),
        ("lie", 10.0, "has ended"),
        ("hang", 0.5, "does not answer"),
        ("fail", 10.0, "the model failed"),
        ("number", 10.0, "words are none"),
    ],
)
def test_a_process_that_fails_is_told_and_replaced(text: str, within_s: float, what: str) -> None:
    async def run() -> None:
        one = engine()
        assert await written(one, "a") == "A"
        with pytest.raises(MindError, match=what):
            await written(one, text, within_s)
        assert await written(one, "b") == "B"
        one.close()

    asyncio.run(run())


def test_a_process_that_cannot_be_started_is_told() -> None:
    one = Engine(Path("model.gguf"), ("/nowhere/python",))
    with pytest.raises(MindError, match="cannot be started"):
        asyncio.run(written(one, "a"))


def test_the_fake_gives_vectors_as_long_as_the_real_one() -> None:
    found = asyncio.run(ScriptedEngine().embed(["a b", ""], question=False, within_s=1.0))
    assert np.allclose(np.linalg.norm(found, axis=1), [1.0, 0.0])


@pytest.mark.e2e
@pytest.mark.skipif(
    os.environ.get("MODERATOR_TEST_LOCAL") != "1",
    reason="a model of 1 GB: set MODERATOR_TEST_LOCAL=1",
)
def test_the_real_model_picks_words_out_of_lines() -> None:
    try:
        found = weights("", ModelStore.default(offline=True))
    except InputError as error:
        pytest.skip(str(error))
    said = lines(
        "Cleo: How long will the script take?",
        "Ben: Forty minutes, if nobody talks to me.",
        "Ana: Then we ship on Tuesday.",
    )

    async def run() -> list[str]:
        one = Engine(found.model)
        answers = [
            await one.write(asking(said, question), tokens=24, within_s=250.0)
            for question in ("how long does the script take?", "who wrote the script?")
        ]
        if found.embeds:
            asked = await one.embed(["when do we ship?"], question=True, within_s=60.0)
            like = await one.embed([line.text for line in said], question=False, within_s=60.0)
            assert int(np.argmax(like @ asked[0])) == 2
        one.close()
        return answers

    how_long, who = asyncio.run(run())
    assert "forty minutes" in how_long.lower()
    assert "not said" in who.lower()
