"""The tool calls of one answer: which are made, for how long, and what is kept of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from moderator.mind.grounding.said_lines import SaidLine, pieces
from moderator.mind.openai.prompt import said
from moderator.mind.tools import Tool, Toolbox, ToolWish, UnfitArgumentsError
from moderator.plain_json import parse_json
from moderator.tool_calls import ToolCall, ToolOutcome

CALL_WITHIN_S = 5.0
"""A tool that takes longer does not answer."""

ANSWER_WITHIN_S = 10.0
"""From the first call of an answer on; then no more are made."""

PATIENCE_S = 2.0
"""Whoever asked is told to wait if tools take longer."""

MOST_CALLS = 4
"""Of one answer."""

LONGEST_ARGUMENTS, LONGEST_RESULT = 500, 4_000
"""Characters that are kept."""

LONGEST_WISH = 20_000
"""Characters of arguments that are read."""


class LookUp:
    """Calls tools for one answer.

    Times are the wall clock's, as those of a server are: a replay gives the same as long as its
    tools answer in time.

    Args:
        toolbox: whose tools.
        allowed: names of those that the role allows.
        live: whoever asked is to be told to wait.

    Attributes:
        calls: made so far, the last one perhaps still under way.
    """

    def __init__(self, toolbox: Toolbox, allowed: Collection[str], *, live: bool) -> None:
        self._toolbox, self._allowed, self._live = toolbox, allowed, live
        self.calls: list[ToolCall] = []
        self._done: set[ToolWish] = set()
        self._begun: float | None = None
        self._over = False

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those that may still be called."""
        if self._over or len(self.calls) >= MOST_CALLS or self._left() <= 0:
            return ()
        return tuple(tool for tool in self._toolbox.tools if tool.name in self._allowed)

    def _left(self) -> float:
        if self._begun is None:
            return ANSWER_WITHIN_S
        return self._begun + ANSWER_WITHIN_S - asyncio.get_running_loop().time()

    async def run(self, wishes: Sequence[ToolWish]) -> AsyncIterator[None]:
        """Makes calls, one after the other; gives an item when whoever asked is to be told to wait.

        A call that was made already is not made again, and ends the looking up.
        """
        if self._begun is None:
            self._begun = asyncio.get_running_loop().time()
        for wish in wishes:
            if wish in self._done or len(self.calls) >= MOST_CALLS or self._left() <= 0:
                self._over = True
                return
            self._done.add(wish)
            arguments = _arguments(wish.arguments)
            if arguments is None or wish.name not in {tool.name for tool in self.tools}:
                self._refuse(wish)
                continue
            async for _ in self._call(wish, arguments):
                yield

    def _refuse(self, wish: ToolWish) -> None:
        """The name of a tool that is not allowed is the model's own, and may quote people."""
        known = wish.name if wish.name in self._allowed else ""
        shown = said(wish.arguments, LONGEST_ARGUMENTS)
        self.calls.append(ToolCall(known, shown, ToolOutcome.REFUSED))

    async def _call(self, wish: ToolWish, arguments: Mapping[str, Any]) -> AsyncIterator[None]:
        loop, number = asyncio.get_running_loop(), len(self.calls)
        assert self._begun is not None
        patience = self._begun + PATIENCE_S
        until = min(loop.time() + CALL_WITHIN_S, self._begun + ANSWER_WITHIN_S)
        self.calls.append(ToolCall(wish.name, said(wish.arguments, LONGEST_ARGUMENTS)))
        work = asyncio.create_task(_called(self._toolbox, wish.name, arguments), name="tool")
        work.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            if self._live and patience < until:
                await asyncio.wait({work}, timeout=max(0.0, patience - loop.time()))
                if not work.done():
                    self._live = False
                    yield
            await asyncio.wait({work}, timeout=max(0.0, until - loop.time()))
            self.calls[number] = _outcome(self.calls[number], work)
        finally:
            work.cancel()
            if self.calls[number].outcome is None:
                self.calls[number] = replace(self.calls[number], outcome=ToolOutcome.CUT_OFF)

    def lines(self) -> list[SaidLine]:
        """What was returned, as lines that a sentence may name."""
        return [
            SaidLine("", call.tool, 0, " ".join(part), call=number)
            for number, call in enumerate(self.calls, start=1)
            if call.outcome is ToolOutcome.OK
            for part in pieces(call.result.split())
            if part
        ]

    def told(self, cited: Collection[int]) -> tuple[ToolCall, ...]:
        """The calls, and of which the answer says what they returned, by their numbers from 1."""
        return tuple(
            replace(call, cited=number in cited) for number, call in enumerate(self.calls, start=1)
        )


async def _called(toolbox: Toolbox, name: str, arguments: Mapping[str, Any]) -> str:
    """What a tool returns; whatever goes wrong in calling it is an error of the task."""
    found: object = await toolbox.call(name, arguments)
    if not isinstance(found, str):
        raise TypeError("what it returns is no text")
    return found


def _outcome(call: ToolCall, work: asyncio.Task[str]) -> ToolCall:
    if not work.done():
        return replace(call, outcome=ToolOutcome.TIMED_OUT)
    if work.cancelled():
        return replace(call, outcome=ToolOutcome.FAILED, error="CancelledError")
    error = work.exception()
    if isinstance(error, UnfitArgumentsError):
        return replace(call, outcome=ToolOutcome.REFUSED)
    if isinstance(error, TimeoutError):
        return replace(call, outcome=ToolOutcome.TIMED_OUT)
    if error is not None:
        return replace(call, outcome=ToolOutcome.FAILED, error=type(error).__name__)
    text = work.result()[: 4 * LONGEST_RESULT]
    return replace(call, outcome=ToolOutcome.OK, result=said(text, LONGEST_RESULT))


def _arguments(text: str) -> Mapping[str, Any] | None:
    """Arguments by name; None: they are none."""
    if len(text) > LONGEST_WISH:
        return None
    try:
        found = parse_json(text or "{}")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
