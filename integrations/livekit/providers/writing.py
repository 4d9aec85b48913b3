"""LiveKit's LLM plugins as a mind that writes answers, and never decides when they are given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from livekit.agents import llm

from integrations.livekit.providers.home import CONNECT, Writes
from moderator.errors import MindError
from moderator.mind.base import Capabilities, Participant
from moderator.mind.openai.chat import Completion
from moderator.mind.openai.prompt import Message
from moderator.mind.openai.session import OpenAISession
from moderator.mind.openai.settings import OpenAISettings
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
        self, messages: Sequence[Message], *, tokens: int
    ) -> AsyncGenerator[str, None]:
        """The words of a reply as they are written; what is too long is cut by who reads them.

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
            answer = self._plugin.chat(chat_ctx=context, conn_options=CONNECT)
            pieces = aiter(answer)
            while True:
                async with asyncio.timeout_at(end), asyncio.timeout(within_s):
                    chunk = await anext(pieces, None)
                if chunk is None:
                    return
                piece: object = None if chunk.delta is None else chunk.delta.content
                if isinstance(piece, str) and piece:
                    yield piece
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


class LlmMind:
    """A plugin as a mind that answers questions which no measured fact answers; never proposes.

    Args:
        plugin: of livekit-agents.
    """

    def __init__(self, plugin: Writes) -> None:
        self._plugin = plugin

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
        chat = LlmChat(self._plugin, settings)
        return OpenAISession(role, participants, settings, chat, decides=False)
