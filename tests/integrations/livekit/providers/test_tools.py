"""Function tools of livekit-agents, and tools of real MCP servers, as what answers look up."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from livekit.agents import RunContext, function_tool, llm

from integrations.livekit.providers.endpoints import mcp_server
from integrations.livekit.providers.plugins import Plugins, Provided
from integrations.livekit.providers.tools import LiveKitTools, text_of
from moderator.errors import InputError
from moderator.events import Act
from moderator.mind.base import Participant, SpeechLLM, looked_up_by
from moderator.mind.duties.session import Duties
from moderator.mind.tools import UnfitArgumentsError
from moderator.testing.meetings import talk
from moderator.testing.server_scenes import FREE, percept
from moderator.tool_calls import ToolOutcome
from roles.loader import load_role
from roles.schema import Role
from tests.integrations.livekit.providers.fakes import FakeLlm

SERVER = "tests.integrations.livekit.providers.mcp_server"
COMMAND = f"{sys.executable} -m {SERVER}"


@function_tool
async def find_date(topic: str, year: int = 2026) -> str:
    """Finds when something takes place."""
    return f"The {topic} takes place on the tenth of June {year}."


def with_tools(*names: str) -> Role:
    role = load_role("facilitator")
    return role.model_copy(update={"tools": list(names)})


def test_a_function_tool_is_described_and_called() -> None:
    async def run() -> None:
        toolbox = LiveKitTools([find_date])
        (tool,) = toolbox.tools
        assert (tool.name, tool.description) == ("find_date", "Finds when something takes place.")
        assert set(tool.parameters["properties"]) == {"topic", "year"}
        found = await toolbox.call("find_date", {"topic": "launch", "year": 2027})
        assert found == "The launch takes place on the tenth of June 2027."
        for unfit in ({}, {"topic": 1}, {"topic": "x", "year": "soon"}):
            with pytest.raises(UnfitArgumentsError):
                await toolbox.call("find_date", unfit)
        toolbox.require(with_tools("find_date"))
        with pytest.raises(InputError, match=r"allows a tool x, which is not there, .*: find_date"):
            toolbox.require(with_tools("x"))

    asyncio.run(run())


def test_what_a_tool_returns_is_text() -> None:
    item = '{"type": "text", "text": "yes", "annotations": null}'
    assert text_of(item) == "yes"
    assert text_of(f"[{item}, {item}]") == "yes\nyes"
    assert text_of('{"a": 1}') == '{"a": 1}'
    assert text_of({"a": [1]}) == '{"a": [1]}'
    assert text_of(None) == ""
    assert text_of(llm.ToolResult("x")) == "x"


@function_tool
async def of_a_session(context: RunContext[Any], topic: str) -> str:
    """Needs a session."""
    return topic


@function_tool(name="two words")
async def misnamed() -> str:
    """Has a name that no model can call."""
    return ""


@function_tool(name="find_date")
async def another() -> str:
    """Has another's name."""
    return ""


@pytest.mark.parametrize(
    ("tools", "told"),
    [
        ([len], "a builtin_function_or_method is no tool of livekit-agents, tools, give functions"),
        (["find_date"], "a str is no tool of livekit-agents"),
        ("find_date", "a str is no tool of livekit-agents"),
        ([misnamed], "a tool without a name that can be called: 'two words', tools, give it one"),
        ([of_a_session], "the tool of_a_session wants a RunContext, and there is no AgentSession"),
        ([find_date, another], "two tools are called find_date, tools, give one of them another"),
    ],
)
def test_what_is_no_tool_is_told_in_one_line(tools: Any, told: str) -> None:
    with pytest.raises(InputError) as error:
        LiveKitTools(tools)
    assert str(error.value).startswith(told)


def test_tools_go_with_a_mind_that_writes() -> None:
    async def run() -> None:
        given = Provided(Plugins(tools=LiveKitTools([find_date])))
        with pytest.raises(InputError, match="a mind that calls none: duties, tools, give --mind"):
            given.mind(Duties())

    asyncio.run(run())


@pytest.fixture
def address() -> Iterator[str]:
    """A server by HTTP."""
    pytest.importorskip("mcp", reason="extra `mcp`")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", SERVER, str(port)])
    for _ in range(200):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/mcp"
    process.kill()
    process.wait(5)


async def asks(toolbox: LiveKitTools) -> None:
    """What any of the servers does."""
    await toolbox.connect()
    try:
        assert {tool.name for tool in toolbox.tools} == {"find_date", "fails", "hangs", "dies"}
        told = next(tool for tool in toolbox.tools if tool.name == "find_date")
        assert told.description == "Finds when something takes place."
        found = await toolbox.call("find_date", {"topic": "launch"})
        assert found == "The launch takes place on the tenth of June."
        with pytest.raises(llm.ToolError):
            await toolbox.call("fails", {})
        assert "tenth" in await toolbox.call("find_date", {"topic": "launch"})
    finally:
        await toolbox.aclose()


def test_a_server_by_http(address: str) -> None:
    asyncio.run(asks(LiveKitTools([], [mcp_server(address)])))


def test_a_server_by_its_command_and_again_after_it_has_died() -> None:
    exceptions = pytest.importorskip("mcp.shared.exceptions", reason="extra `mcp`")

    async def run() -> None:
        await asks(LiveKitTools([], [mcp_server(COMMAND)]))
        toolbox = LiveKitTools([], [mcp_server(COMMAND)])
        await toolbox.connect()
        try:
            with pytest.raises((llm.ToolError, exceptions.MCPError)):
                await asyncio.wait_for(toolbox.call("dies", {}), 10)
            found = await asyncio.wait_for(toolbox.call("find_date", {"topic": "launch"}), 20)
            assert "tenth" in found
        finally:
            await toolbox.aclose()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("http://127.0.0.1:1/mcp", r"the server MCPServerHTTP does not answer \(\w+\), --mcp, "),
        ("/no/such/program", r"the server MCPServerStdio does not answer \(\w+\), --mcp, start it"),
        ("ftp://x", "no address of a server: ftp://x, --mcp, give one like"),
        ("'", "no command: ', --mcp, give an address, or a command"),
        ("", "no command: , --mcp"),
    ],
)
def test_a_server_that_is_down_is_told_in_one_line(spec: str, told: str) -> None:
    pytest.importorskip("mcp", reason="extra `mcp`")

    async def run() -> None:
        await LiveKitTools([], [mcp_server(spec)]).connect()

    with pytest.raises(InputError, match=f"^{told}") as error:
        asyncio.run(run())
    assert "\n" not in str(error.value)


def test_what_is_no_server_is_told() -> None:
    pytest.importorskip("mcp", reason="extra `mcp`")
    with pytest.raises(InputError, match="a str is no MCPServer of livekit-agents, mcp_servers"):
        LiveKitTools([], ["http://127.0.0.1/mcp"])  # type: ignore[list-item]


class Wishing(FakeLlm):
    """Wishes a call as long as no tool has answered."""

    def chat(self, *, chat_ctx: llm.ChatContext, **options: Any) -> Any:
        looked = "(tool)" in str(chat_ctx.messages()[-1].text_content)
        self.offered = [tool.info.name for tool in options.get("tools") or ()]
        self.calls = [] if looked else [("find_date", '{"topic": "launch"}')]
        return super().chat(chat_ctx=chat_ctx, **options)


def test_an_apps_llm_looks_things_up(address: str) -> None:
    plugin = Wishing("The launch takes place on the tenth of June [1].")
    people = {"ana": Participant("ana", "Ana")}

    async def run() -> str:
        toolbox = LiveKitTools([], [mcp_server(address)])
        await toolbox.connect()
        try:
            given = Provided(Plugins(llm=plugin, tools=toolbox))
            mind: SpeechLLM = given.mind(Duties())
            role = with_tools("find_date", "fails")
            session = await mind.open(role, people)
            await session.push(percept(10.0, *talk("ana", 7.0, "Robin, when is the launch?")), FREE)
            wish = await session.propose()
            assert wish is not None
            assert wish.act is Act.ANSWER
            words = " ".join([piece async for piece in session.compose(wish)])
            calls = looked_up_by(session, wish)
            assert [(call.tool, call.outcome, call.cited) for call in calls] == [
                ("find_date", ToolOutcome.OK, True)
            ]
            await session.close()
            return words
        finally:
            await toolbox.aclose()

    assert (
        asyncio.run(run()) == "According to find date: The launch takes place on the tenth of June."
    )
    assert plugin.offered == ["find_date", "fails"]
