"""The port of tools: what a mind that writes may look up while it writes an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from moderator.errors import ModeratorError
from moderator.mind.base import SpeechLLM


class UnfitArgumentsError(ModeratorError):
    """A tool was to be called with arguments that it does not take."""

    recoverable = True


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a language model is told of it.

    Attributes:
        name: by which it is called.
        description: what it is for.
        parameters: JSON Schema of its arguments.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]

    @property
    def told(self) -> dict[str, Any]:
        """The same in the form of OpenAI's protocol."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters),
        }
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class ToolWish:
    """A call that a language model wishes; nothing of it is trusted.

    Attributes:
        name: of the tool.
        arguments: JSON, as it wrote it.
    """

    name: str
    arguments: str


class Toolbox(Protocol):
    """The tools of a meeting."""

    @property
    def tools(self) -> Sequence[Tool]:
        """Those that can be called at present."""
        ...

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What a tool returns, as text.

        Raises:
            UnfitArgumentsError: it does not take such arguments.
            Exception: whatever it fails with.
        """
        ...


@runtime_checkable
class TakesTools(Protocol):
    """A mind that can look things up for its answers."""

    def with_tools(self, tools: Toolbox, *, live: bool) -> SpeechLLM:
        """The same mind with tools.

        Args:
            tools: that the roles which it takes may allow.
            live: whoever asked is told to wait where they take long.

        Raises:
            InputError: it cannot use them.
        """
        ...
