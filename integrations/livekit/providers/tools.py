"""Tools of livekit-agents and of MCP servers, for answers: what may be called, and what comes back.

What a tool returns is data. It is called where an answer is composed, in the meeting's event loop.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from inspect import isawaitable, signature
from typing import TYPE_CHECKING, Any, TypeAlias, get_type_hints

from livekit.agents import llm
from livekit.agents.llm.utils import is_context_type, validated_arguments
from pydantic import ValidationError

from moderator.errors import InputError
from moderator.mind.tools import Tool, UnfitArgumentsError
from moderator.plain_json import parse_json
from roles.schema import Role

if TYPE_CHECKING:
    from livekit.agents.llm.mcp import MCPServer

Given: TypeAlias = "llm.Tool | llm.Toolset"
Function: TypeAlias = "llm.FunctionTool[..., Any] | llm.RawFunctionTool[..., Any]"

CONNECTS_WITHIN_S = 30.0
"""A server that is not connected by then is down; a command's program has to start in that time."""

LONGEST_DESCRIPTION, LONGEST_PARAMETERS = 1_000, 8_000
"""Characters that a language model is told of a tool; one with larger parameters is left out."""

MOST_TOOLS = 64
"""Of one server."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class LiveKitTools:
    """What may be called in one meeting; satisfies `moderator.mind.tools.Toolbox`.

    Args:
        tools: made with ``@function_tool``, or sets of such.
        servers: speak the Model Context Protocol; those that are not connected yet are connected by
            `connect`, and closed by `aclose`.

    Raises:
        InputError: one is of another kind, has no name that can be called, needs an `AgentSession`,
            or has another's name.
    """

    def __init__(self, tools: Sequence[Given] = (), servers: Sequence[MCPServer] = ()) -> None:
        self._own: dict[str, Function] = {}
        for tool in _flat(tools):
            if self._own.setdefault(_name(tool), tool) is not tool:
                raise _twice(tool.info.name)
        self._servers = [_Server(server) for server in _servers(servers)]

    async def connect(self) -> None:
        """Connects the servers.

        Raises:
            InputError: one does not answer, or two tools have one name.
        """
        for server in self._servers:
            try:
                await server.connect()
            except Exception as error:
                kind = _kind(error)
                raise InputError(
                    f"the server {server.told} does not answer ({kind})",
                    where="--mcp",
                    todo="start it, or correct its address or command",
                ) from None
        names = [*self._own, *(name for server in self._servers for name in server.tools)]
        for name in names:
            if names.count(name) > 1:
                raise _twice(name)

    def require(self, role: Role) -> None:
        """Sees that there is what a role allows.

        Raises:
            InputError: a tool is missing.
        """
        known = self._found()
        for name in role.tools:
            if name not in known:
                there = ", ".join(sorted(known)) or "none"
                raise InputError(
                    f"the role allows a tool {name}, which is not there",
                    where=f"role {role.id}: tools",
                    todo=f"bring it, or name one of those that are: {there[:200]}",
                )

    def _found(self) -> dict[str, Function]:
        found = dict(self._own)
        for server in self._servers:
            found |= server.tools
        return found

    @property
    def tools(self) -> Sequence[Tool]:
        """Those that can be called at present."""
        return [tool for one in self._found().values() if (tool := _described(one)) is not None]

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What a tool returns, as text.

        Raises:
            UnfitArgumentsError: it does not take such arguments.
            Exception: whatever it fails with.
        """
        own = self._own.get(name)
        if own is not None:
            return text_of(await _called(own, arguments))
        server = next(server for server in self._servers if name in server.tools)
        return text_of(await server.call(name, arguments))

    async def aclose(self) -> None:
        """Closes the connections that it made."""
        for server in self._servers:
            await server.aclose()


class _Server:
    """A connection that is made anew when it failed.

    Args:
        server: of livekit-agents.
    """

    def __init__(self, server: MCPServer) -> None:
        self._server = server
        self._ours = not server.initialized
        self._failed = False
        self.tools: dict[str, Function] = {}

    @property
    def told(self) -> str:
        """What it is called in messages: no command, no address, for a key may stand in them."""
        return type(self._server).__name__

    async def connect(self) -> None:
        """Connects it and asks for its tools."""
        async with asyncio.timeout(CONNECTS_WITHIN_S):
            if not self._server.initialized:
                await self._server.initialize()
            found = await self._server.list_tools()
        self.tools = {
            tool.info.name: tool for tool in found[:MOST_TOOLS] if _NAME.fullmatch(tool.info.name)
        }
        self._failed = False

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Calls one; after a failure of the connection, it is made anew first."""
        if self._failed:
            await self._close()
            await self.connect()
        try:
            return await _called(self.tools[name], arguments)
        except (UnfitArgumentsError, llm.ToolError):
            self._failed = not self._server.initialized
            raise
        except BaseException:  # also who waits no longer
            self._failed = True
            raise

    async def aclose(self) -> None:
        """Closes it, if it was not the app's."""
        if self._ours:
            await self._close()

    async def _close(self) -> None:
        with suppress(Exception):
            async with asyncio.timeout(CONNECTS_WITHIN_S):
                await self._server.aclose()


def _flat(tools: object) -> Iterator[Function]:
    if isinstance(tools, str) or not isinstance(tools, Sequence):
        raise _other_kind(tools)
    for tool in tools:
        if isinstance(tool, llm.Toolset):
            yield from _flat(tool.tools)
        elif isinstance(tool, llm.FunctionTool | llm.RawFunctionTool):
            yield tool
        else:
            raise _other_kind(tool)


def _other_kind(tool: object) -> InputError:
    what = f"a {type(tool).__name__} is no tool of livekit-agents"
    return InputError(what, where="tools", todo="give functions made with @function_tool")


def _name(tool: Function) -> str:
    name = tool.info.name
    if not _NAME.fullmatch(name):
        what = f"a tool without a name that can be called: {name[:40]!a}"
        todo = "give it one with @function_tool(name=…): letters, digits, _ and -"
        raise InputError(what, where="tools", todo=todo)
    if any(is_context_type(kind, allow_subclasses=True) for kind in _kinds(tool)):
        what = f"the tool {name} wants a RunContext, and there is no AgentSession here"
        raise InputError(what, where="tools", todo="give one without")
    if _described(tool) is None:
        what = f"the tool {name} has no parameters that a model can be told"
        raise InputError(what, where="tools", todo="annotate them, and make them fewer")
    return name


def _kinds(tool: Function) -> list[Any]:
    with suppress(Exception):
        hints = get_type_hints(tool)
        return [hints[name] for name in signature(tool).parameters if name in hints]
    return []


def _twice(name: str) -> InputError:
    what = f"two tools are called {name}"
    return InputError(what, where="tools", todo="give one of them another name")


def _servers(servers: Sequence[MCPServer]) -> Sequence[MCPServer]:
    if not servers:
        return ()
    mcp = mcp_module()
    for server in servers:
        if not isinstance(server, mcp.MCPServer):
            what = f"a {type(server).__name__} is no MCPServer of livekit-agents"
            todo = "give livekit.agents.mcp.MCPServerHTTP or MCPServerStdio"
            raise InputError(what, where="mcp_servers", todo=todo)
    return servers


def mcp_module() -> Any:
    """livekit-agents' MCP servers.

    Raises:
        InputError: what they need is not installed.
    """
    try:
        from livekit.agents.llm import mcp
    except ImportError:
        todo = "install it with: pip install 'livekit-moderator[mcp]'"
        raise InputError("the MCP client is not installed", where="--mcp", todo=todo) from None
    return mcp


def _described(tool: Function) -> Tool | None:
    """A tool as a model is told of it; None for one that it cannot be told of."""
    try:
        (told,) = llm.ToolContext([tool]).parse_function_tools("openai", strict=False)
        function = told["function"]
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        if len(json.dumps(parameters)) > LONGEST_PARAMETERS:
            return None
        description = str(function.get("description") or "")[:LONGEST_DESCRIPTION]
        return Tool(tool.info.name, description, parameters)
    except Exception:  # whatever a schema from outside does to who reads it
        return None


async def _called(tool: Function, arguments: Mapping[str, Any]) -> Any:
    try:
        if isinstance(tool, llm.RawFunctionTool):
            made = tool(raw_arguments=dict(arguments))
        else:
            made = tool(**validated_arguments(tool, dict(arguments)))
    except (ValidationError, TypeError) as error:
        raise UnfitArgumentsError(type(error).__name__) from None
    return await made if isawaitable(made) else made


def text_of(output: Any) -> str:
    """What a tool returned, as text: that of an MCP server's content, JSON of values."""
    if isinstance(output, llm.ToolResult):
        output = output.output
    if not isinstance(output, str):
        return "" if output is None else json.dumps(output, ensure_ascii=False, default=str)
    try:
        found = parse_json(output)
    except ValueError:
        return output
    items = found if isinstance(found, list) else [found]
    if items and all(isinstance(one, dict) and "type" in one for one in items):
        texts = [one["text"] for one in items if isinstance(one.get("text"), str)]
        if texts:
            return "\n".join(texts)
    return output


def _kind(error: BaseException) -> str:
    """The class of what went wrong, within groups that tasks make of it."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return type(error).__name__
