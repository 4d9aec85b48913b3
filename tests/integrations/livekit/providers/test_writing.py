"""An app's LLM as what writes answers."""

from __future__ import annotations

import asyncio

import pytest

from integrations.livekit.providers.plugins import Plugins, Provided
from integrations.livekit.providers.writing import LlmMind
from moderator.errors import InputError, MindError
from moderator.events import Act, Proposal
from moderator.mind.base import Participant
from moderator.mind.dictated import Dictated
from moderator.mind.duties.session import Duties
from moderator.testing.faulty import Mode
from moderator.testing.meetings import talk
from moderator.testing.server_scenes import FREE, percept
from roles.loader import load_role
from tests.integrations.livekit.providers.fakes import FakeLlm

ANA = {"ana": Participant("ana", "Ana")}


def written(plugin: FakeLlm) -> str:
    async def run() -> str:
        session = await LlmMind(plugin).open(load_role("facilitator"), ANA)
        said = talk("ana", 1.0, "The capital of France is Paris.")
        asked = talk("ana", 7.0, "Robin, what is the capital of France?")
        heard = percept(10.0, *said, *asked)
        await session.push(heard, FREE)
        assert await session.propose() is None
        wish = Proposal(heard.end, "llm", 1.0, Act.ANSWER, "ana", answering=True)
        return " ".join([piece async for piece in session.compose(wish)])

    return asyncio.run(run())


def test_it_writes_and_never_wishes() -> None:
    """Of what it writes only that is spoken which somebody said."""
    plugin = FakeLlm("It is Paris [1]. Shall we go on?")
    assert written(plugin) == "According to Ana: It is Paris."
    texts = [message.text_content or "" for message in plugin.asked[0].messages()]
    assert "capital of France" in texts[1]
    assert "capital of France" not in texts[0]


def test_what_it_fails_with_is_not_repeated() -> None:
    plugin = FakeLlm("x")
    plugin.switch.mode = Mode.CRASH
    with pytest.raises(MindError) as error:
        written(plugin)
    assert "SECRET" not in str(error.value)


def test_it_goes_with_duties_alone() -> None:
    async def run() -> None:
        provided = Provided(Plugins(llm=FakeLlm("x")))
        assert provided.mind(Duties()).capabilities.name == "duties+llm"
        with pytest.raises(InputError, match="an LLM beside it"):
            provided.mind(Dictated(Duties()))

    asyncio.run(run())
