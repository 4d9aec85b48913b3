"""The mind as such: a server and how it is asked, ready to enter meetings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SecretStr

from moderator.mind.base import Capabilities, Participant
from moderator.mind.openai.settings import OpenAISettings
from moderator.mind.tools import Toolbox
from roles.schema import Role

if TYPE_CHECKING:
    from moderator.mind.openai.session import OpenAISession


class OpenAIMind:
    """A language model behind an OpenAI-compatible server, which reads the transcript.

    Args:
        settings: which server, which model, and how it is asked.
        key: the server's key; None where it needs none.
    """

    def __init__(self, settings: OpenAISettings, key: SecretStr | None = None) -> None:
        self._settings, self._key = settings, key
        self._tools: Toolbox | None = None
        self._live = False

    def with_tools(self, tools: Toolbox, *, live: bool) -> OpenAIMind:
        """The same mind with tools, of which a role allows some."""
        made = OpenAIMind(self._settings, self._key)
        made._tools, made._live = tools, live
        return made

    @property
    def capabilities(self) -> Capabilities:
        """Reads words, thinks, and answers what no measured fact answers."""
        return Capabilities(
            name="openai",
            open_answers=True,
            thinks=True,
            models=(f"openai:{self._settings.model}",),
        )

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> OpenAISession:
        """Starts a session; connects when there is something to ask.

        Raises:
            InputError: there are no phrases in the role's language.
        """
        from moderator.mind.openai.chat import Chat
        from moderator.mind.openai.looking_up import LookUp
        from moderator.mind.openai.session import OpenAISession

        tools = self._tools
        look_up = None
        if tools is not None and role.tools:
            look_up = partial(LookUp, tools, role.tools, live=self._live)

        # A client reads certificates, which takes longer than a meeting waits.
        chat = await asyncio.to_thread(Chat, self._settings, self._key)
        return OpenAISession(
            role,
            participants,
            self._settings,
            chat,
            look_up=look_up,
        )
