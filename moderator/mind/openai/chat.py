"""The wire: the official client, its time-outs and retries, and every failure as a `MindError`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import SecretStr

from moderator.errors import MindError
from moderator.mind.openai.prompt import Message
from moderator.mind.openai.settings import OpenAISettings
from moderator.mind.tools import Tool, ToolWish

if TYPE_CHECKING:
    from openai import AsyncStream
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

MOST_WISHES, LONGEST_WISH = 8, 20_001
"""Calls of tools in one reply, and characters of the arguments of one, that are read."""

_NO_KEY = "none"
"""The client insists on a key; a server of one's own does not."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server takes; they differ, and refuse a request for one field they do not know.

    Attributes:
        schema: a JSON Schema as `response_format`.
        sampling: `max_tokens`, `temperature` and `seed`; vendors' newer models want
            `max_completion_tokens` instead, and choose the rest themselves.
    """

    schema: bool
    sampling: bool


DIALECTS = (
    Dialect(schema=True, sampling=True),
    Dialect(schema=True, sampling=False),
    Dialect(schema=False, sampling=True),
    Dialect(schema=False, sampling=False),
)
"""In the order in which they are tried on a server that refuses one."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back: the text, and the reasoning where the server parts it from the text."""

    text: str
    reasoning: str = ""


class Completes(Protocol):
    """What a session asks for decisions and words."""

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],
        tokens: int,
        timeout_s: float,
    ) -> Completion:
        """A JSON object.

        Raises:
            MindError: no usable answer within `timeout_s` seconds.
        """
        ...

    def stream(
        self, messages: Sequence[Message], *, tokens: int, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[str | ToolWish, None]:
        """The words of a reply as they are written, and the calls of tools that it wishes.

        Raises:
            MindError: it failed, or took too long.
        """
        ...

    async def close(self) -> None:
        """Releases what it holds."""
        ...


class Chat:
    """One client of one server, for one session.

    Args:
        settings: which server and how.
        key: sent as a bearer token; None for a server that needs none.
    """

    def __init__(self, settings: OpenAISettings, key: SecretStr | None) -> None:
        from openai import AsyncOpenAI

        self._settings = settings
        self._client = AsyncOpenAI(
            base_url=settings.base_url,
            api_key=key.get_secret_value() if key else _NO_KEY,
            timeout=settings.timeout_s,
            max_retries=settings.max_retries,
        )
        self._dialect, self._takes_tools = 0, True

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],
        tokens: int,
        timeout_s: float,
    ) -> Completion:
        """Asks for a JSON object, in the first dialect that the server takes.

        Raises:
            MindError: no usable answer within `timeout_s` seconds, retries included.
        """
        from openai import BadRequestError, UnprocessableEntityError

        with _failures(timeout_s):
            async with asyncio.timeout(timeout_s):
                for number in range(self._dialect, len(DIALECTS)):
                    try:
                        answer = await self._complete(messages, tokens, schema, DIALECTS[number])
                    except (BadRequestError, UnprocessableEntityError):
                        if number == len(DIALECTS) - 1:
                            raise
                    else:
                        self._dialect = number
                        return answer
        raise AssertionError("the last dialect either answers or raises")

    async def _complete(
        self,
        messages: Sequence[Message],
        tokens: int,
        schema: dict[str, Any],
        dialect: Dialect,
    ) -> Completion:
        extra = self._sampling(tokens, dialect)
        if dialect.schema:
            extra["response_format"] = _as_format(schema)
        answer = await self._client.chat.completions.create(
            model=self._settings.model,
            messages=cast("list[ChatCompletionMessageParam]", list(messages)),
            **extra,
        )
        # The client does not check what the server sends against its own types.
        choices = getattr(answer, "choices", None)
        message = getattr(choices[0], "message", None) if choices else None
        text = getattr(message, "content", None)
        reasoning = getattr(message, "reasoning_content", None)
        if not isinstance(text, str):
            raise MindError("the server's answer has no text")
        return Completion(text, reasoning if isinstance(reasoning, str) else "")

    def _sampling(self, tokens: int, dialect: Dialect) -> dict[str, Any]:
        settings = self._settings
        if not dialect.sampling:
            return {"max_completion_tokens": tokens}
        sampling: dict[str, Any] = {"max_tokens": tokens, "temperature": settings.temperature}
        return sampling if settings.seed is None else sampling | {"seed": settings.seed}

    async def stream(
        self, messages: Sequence[Message], *, tokens: int, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[str | ToolWish, None]:
        """The words of a reply as they are written, and behind them the calls that it wishes.

        A server that refuses a request with tools is asked without them from then on.

        Raises:
            MindError: the server failed, or paused or wrote for longer than the settings allow.
        """
        settings, wishes = self._settings, Wishes()
        end = asyncio.get_running_loop().time() + settings.reply_timeout_s
        with _failures(settings.timeout_s):
            async with asyncio.timeout(settings.timeout_s):
                answer = await self._streamed(messages, tokens, tools)
        try:
            while True:
                with _failures(settings.reply_timeout_s):
                    async with asyncio.timeout_at(end):
                        event = await anext(answer, None)
                    piece = None if event is None else _piece(event)
                if event is None or piece is None:
                    break
                wishes.take(event)
                if piece:
                    yield piece
        finally:
            await answer.close()
        for wish in wishes.whole():
            yield wish

    async def _streamed(
        self, messages: Sequence[Message], tokens: int, tools: Sequence[Tool]
    ) -> AsyncStream[ChatCompletionChunk]:
        from openai import BadRequestError, UnprocessableEntityError

        more = self._sampling(tokens, DIALECTS[self._dialect])
        asked: Any = partial(
            self._client.chat.completions.create,
            model=self._settings.model,
            messages=cast("list[ChatCompletionMessageParam]", list(messages)),
            stream=True,
            **more,
        )
        if tools and self._takes_tools:
            try:
                told = [tool.told for tool in tools]
                return cast("AsyncStream[ChatCompletionChunk]", await asked(tools=told))
            except (BadRequestError, UnprocessableEntityError):
                self._takes_tools = False
        return cast("AsyncStream[ChatCompletionChunk]", await asked())

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def _as_format(schema: dict[str, Any]) -> dict[str, Any]:
    inner = {"name": "proposal", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": inner}


def _delta(event: object) -> object:
    choices = getattr(event, "choices", None)
    return getattr(choices[0], "delta", None) if choices else None


def _piece(event: object) -> str:
    text = getattr(_delta(event), "content", None)
    return text if isinstance(text, str) else ""


class Wishes:
    """Puts together the calls that a server's events bring piece by piece."""

    def __init__(self) -> None:
        self._found: dict[int, ToolWish] = {}

    def take(self, event: object) -> None:
        """Takes one event; what is no piece of a call is passed over."""
        for piece in getattr(_delta(event), "tool_calls", None) or ():
            number, function = getattr(piece, "index", None), getattr(piece, "function", None)
            if not isinstance(number, int) or len(self._found) >= MOST_WISHES:
                continue
            name, text = getattr(function, "name", None), getattr(function, "arguments", None)
            before = self._found.get(number, ToolWish("", ""))
            name = name if isinstance(name, str) and not before.name else before.name
            text = text if isinstance(text, str) else ""
            self._found[number] = ToolWish(name, (before.arguments + text)[:LONGEST_WISH])

    def whole(self) -> list[ToolWish]:
        """The calls, in their order."""
        return [wish for _, wish in sorted(self._found.items()) if wish.name]


@contextmanager
def _failures(timeout_s: float) -> Iterator[None]:
    """Whatever goes wrong on the wire becomes a `MindError`.

    Its text names the kind of failure alone: a server's own message may repeat the key.
    """
    import openai

    try:
        yield
    except MindError:
        raise
    except (TimeoutError, openai.APITimeoutError) as error:
        raise MindError(f"the server did not answer within {timeout_s:g} s") from error
    except openai.APIStatusError as error:
        raise MindError(f"the server answered with status {error.status_code}") from error
    except openai.APIConnectionError as error:
        raise MindError("the server cannot be reached, or dropped the connection") from error
    except Exception as error:  # a stream raises what its transport and its JSON raise
        kind = type(error).__name__
        raise MindError(f"the server's answer cannot be read ({kind})") from error
