"""LiveKit's LLM plugins as a mind that writes answers, and never decides when they are given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from livekit.agents import llm

from integrations.livekit.providers.home import CONNECT, Writes
from moderator.errors import MindError
from moderator.mind.base import Capabilities, Participant
from moderator.mind.openai.chat import Completion
from moderator.mind.openai.looking_up import LookUp
from moderator.mind.openai.prompt import Message
from moderator.mind.openai.session import OpenAISession
from moderator.mind.openai.settings import OpenAISettings
from moderator.mind.tools import Tool, Toolbox, ToolWish
from roles.schema import Role


class LlmChat:
    """A plugin as what an `OpenAISession` writes with.

    Args:
        plugin: of livekit-agents.
        settings: how long it may take.
    """

    def __init__(self, plugin: Writes, settings: OpenAISettings) -> None:
        self._plugin, self._settings = plugin, settings

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],
        tokens: int,
        timeout_s: float,
    ) -> Completion:
        """Decides nothing.

        Raises:
            MindError: always.
        """
        raise MindError("it writes, and decides nothing")

    async def stream(
        self, messages: Sequence[Message], *, tokens: int, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[str | ToolWish, None]:
        """The words of a reply as they are written; what is too long is cut by who reads them.

        Calls of tools that it wishes come when they are whole.

        Raises:
            MindError: the plugin failed, or paused or wrote for longer than the settings allow.
        """
        context = llm.ChatContext.empty()
        for message in messages:
            told, text = message["role"] == "system", message["content"]
            context.add_message(role="system" if told else "user", content=text)
        settings = self._settings
        end = asyncio.get_running_loop().time() + settings.reply_timeout_s
        within_s, answer = settings.timeout_s, None
        try:
            offered: list[llm.Tool] = [_told(tool) for tool in tools]
            answer = self._plugin.chat(chat_ctx=context, tools=offered, conn_options=CONNECT)
            pieces = aiter(answer)
            while True:
                async with asyncio.timeout_at(end), asyncio.timeout(within_s):
                    chunk = await anext(pieces, None)
                if chunk is None:
                    return
                piece: object = None if chunk.delta is None else chunk.delta.content
                if isinstance(piece, str) and piece:
                    yield piece
                for wish in [] if chunk.delta is None else _wishes(chunk.delta.tool_calls):
                    yield wish
        except TimeoutError as error:
            raise MindError("the language model does not answer") from error
        except MindError:
            raise
        except Exception as error:
            raise MindError(f"the language model failed ({type(error).__name__})") from error
        finally:
            if answer is not None:
                with suppress(Exception):
                    await answer.aclose()

    async def close(self) -> None:
        """Holds nothing: the plugin is its owner's."""


def _told(tool: Tool) -> llm.Tool:
    """A tool as a plugin is told of it; it is called elsewhere."""

    async def uncalled(raw_arguments: dict[str, object]) -> None:
        raise AssertionError("plugins call no tools")

    return llm.function_tool(uncalled, raw_schema=tool.told["function"])


def _wishes(calls: Any) -> list[ToolWish]:
    """The calls in a piece of a reply, as far as they are some."""
    found = [(getattr(call, "name", None), getattr(call, "arguments", None)) for call in calls]
    return [
        ToolWish(name, arguments or "")
        for name, arguments in found
        if isinstance(name, str) and isinstance(arguments, str | None)
    ]


class LlmMind:
    """A plugin as a mind that answers questions which no measured fact answers; never proposes.

    Args:
        plugin: of livekit-agents.
    """

    def __init__(self, plugin: Writes) -> None:
        self._plugin = plugin
        self._tools: Toolbox | None = None
        self._live = False

    def with_tools(self, tools: Toolbox, *, live: bool) -> LlmMind:
        """The same mind with tools, of which a role allows some."""
        made = LlmMind(self._plugin)
        made._tools, made._live = tools, live
        return made

    @property
    def capabilities(self) -> Capabilities:
        """Writes."""
        plugin = self._plugin
        models = (f"llm {plugin.provider} {plugin.model}",)
        return Capabilities(name="llm", open_answers=True, models=models)

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> OpenAISession:
        """Starts a session.

        Raises:
            InputError: there are no phrases in the role's language.
        """
        settings = OpenAISettings(model="plugin")
        chat, look_up = LlmChat(self._plugin, settings), None
        if self._tools is not None and role.tools:
            look_up = partial(LookUp, self._tools, role.tools, live=self._live)
        return OpenAISession(
            role,
            participants,
            settings,
            chat,
            decides=False,
            look_up=look_up,
        )
