"""A mind that may do anything: whatever goes wrong in it is a `MindError`, and takes only so long.

For live meetings. What an error says is not repeated, since it may quote people; its kind is.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, cast

from moderator.errors import MindError
from moderator.events import Act, Percept, Proposal, SaidAt
from moderator.floor.state import FloorView
from moderator.mind.base import (
    Foresees,
    MindSession,
    Moment,
    PartFailed,
    cited_by,
    looked_up_by,
    quoted_by,
    recall_in,
)
from moderator.tool_calls import ToolCall

T = TypeVar("T")

PUSH_WITHIN_S = 0.03
"""The meeting waits for a percept to be taken, so a mind must not compute then."""

CLOSE_WITHIN_S = 2.0

LONGEST_CUE = 2_000
MOST_PIECES, LONGEST_TURN = 20_000, 64_000
"""Pieces and characters of a turn that are read; far more than is ever spoken."""


class Guarded:
    """Satisfies `MindSession`, `Foresees` and `Quotes`, whatever the session inside does.

    Args:
        inner: the session.
        within_s: it hangs if a wish, or the next piece of a turn, takes longer.
    """

    def __init__(self, inner: MindSession, within_s: float) -> None:
        self._inner, self._within_s = inner, within_s
        self._failures: list[str] = []
        self._now = 0
        self._trusted = True

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Hands on the next chunk.

        Raises:
            MindError: it failed, or did not take it at once.
        """
        self._now = percept.end
        if self._trusted:
            with _failing():
                async with asyncio.timeout(PUSH_WITHIN_S):
                    await self._inner.push(percept, floor)

    async def recall(self, moment: Moment) -> None:
        """Tells it of the past; `propose` tells where that failed, or took too long."""
        try:
            with _failing():
                async with asyncio.timeout(self._within_s):
                    await recall_in(self._inner, moment)
        except MindError as error:
            self._failures.append(_kind(error))

    async def propose(self) -> Proposal | None:
        """The wish, if it is one.

        Raises:
            MindError: it failed, hung, or answered what is no proposal.
            PartFailed: a part of it failed.
        """
        found = await self._proposed() if self._trusted else None
        failures, self._failures = self._failures, []
        if failures:
            raise PartFailed("; ".join(dict.fromkeys(failures)), found)
        return found

    async def _proposed(self) -> Proposal | None:
        try:
            with _failing():
                async with asyncio.timeout(self._within_s):
                    return _checked(await self._inner.propose(), self._now)
        except PartFailed as error:
            raise PartFailed(str(error), _checked(error.proposal, self._now)) from error

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The words, as far as they are some.

        Raises:
            MindError: it failed, hung, or gave what are no words.
        """
        if not self._trusted:
            raise MindError("it could not forget, and is not asked any more")
        read = 0
        with _failing():
            pieces = aiter(self._inner.compose(proposal))
        try:
            for _ in range(MOST_PIECES):
                with _failing():
                    async with asyncio.timeout(self._within_s):
                        piece = await anext(pieces, None)
                if piece is None or read > LONGEST_TURN:
                    return
                if not isinstance(piece, str):
                    raise MindError("its words are none")
                read += len(piece)
                yield piece
                await asyncio.sleep(0)  # a mind that never stops must not keep all others waiting
        finally:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                with suppress(Exception):
                    async with asyncio.timeout(CLOSE_WITHIN_S):
                        await close()

    def foreseen(self) -> str | None:
        """What it foresees, if it does."""
        inner = self._inner
        if not isinstance(inner, Foresees) or not self._trusted:
            return None
        found = self._quietly(inner.foreseen, None)
        return found if isinstance(found, str) else None

    def quotes(self, proposal: Proposal) -> frozenset[str] | None:
        """Whose words they hold; anybody's, if it does not know."""
        found = self._quietly(lambda: quoted_by(self._inner, proposal), None)
        return found if isinstance(found, frozenset) else None

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """The lines that they are taken from, if these are some."""
        found: Any = self._quietly(lambda: cited_by(self._inner, proposal), None)
        return found if isinstance(found, tuple) and all(map(_is_line, found)) else ()

    def looked_up(self, proposal: Proposal) -> tuple[ToolCall, ...]:
        """The tools that it called, if these are calls."""
        found: Any = self._quietly(lambda: looked_up_by(self._inner, proposal), None)
        return found if isinstance(found, tuple) and all(map(_is_call, found)) else ()

    def heard(self, words: str) -> None:
        """Tells it."""
        self._quietly(lambda: self._inner.heard(words), None)

    def forget(self, speaker: str) -> None:
        """Tells it; if it cannot forget, it is asked nothing any more."""
        failed = len(self._failures)
        self._quietly(lambda: self._inner.forget(speaker), None)
        if len(self._failures) > failed:
            self._failures.append("it could not forget, and is not asked any more")
            self._trusted = False

    def cancel(self) -> None:
        """Tells it."""
        self._quietly(self._inner.cancel, None)

    async def close(self) -> None:
        """Closes it, or leaves it."""
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._inner.close()

    def _quietly(self, work: Callable[[], T], otherwise: T) -> T:
        """Does what cannot fail for its caller; `propose` tells of it."""
        try:
            return work()
        except Exception as error:
            self._failures.append(_kind(error))
            return otherwise


@contextmanager
def _failing() -> Iterator[None]:
    """Whatever goes wrong becomes a `MindError`."""
    try:
        yield
    except MindError:
        raise
    except TimeoutError as error:
        raise MindError("it does not answer") from error
    except Exception as error:
        raise MindError(f"it failed ({type(error).__name__})") from error


def _kind(error: Exception) -> str:
    return str(error) if isinstance(error, MindError) else f"it failed ({type(error).__name__})"


def _checked(found: Any, now: int) -> Proposal | None:
    """A proposal that everybody else can rely on.

    Raises:
        MindError: it is none.
    """
    if found is None:
        return None
    if not isinstance(found, Proposal) or not (_sound(found, now) and _writable(found)):
        raise MindError("what it proposes is no proposal")
    return found


def _sound(found: Any, now: int) -> bool:
    number = isinstance(found.probability, int | float)
    return (
        number
        and 0.0 <= found.probability <= 1.0
        and isinstance(found.act, Act)
        and isinstance(found.answering, bool)
        and isinstance(found.at, int)
        and 0 <= found.at <= now
        and isinstance(found.facts, Mapping)
        and (found.takes_s is None or isinstance(found.takes_s, int | float))
    )


def _writable(found: Any) -> bool:
    """Whether a journal can hold it."""
    texts = [found.mind, found.cue, *(found.facts or ())]
    texts += [one for one in (found.addressee, found.duty, found.thought) if one is not None]
    texts += [one for one in found.facts.values() if not isinstance(one, int | float)]
    numbers = [one for one in found.facts.values() if isinstance(one, int | float)]
    numbers += [found.takes_s] if found.takes_s is not None else []
    if not all(isinstance(text, str) for text in texts) or len(found.cue) > LONGEST_CUE:
        return False
    return all(map(_finite, numbers)) and _encodable("".join(texts))


def _is_line(one: Any) -> bool:
    """Whether a journal can hold it."""
    if not isinstance(one, SaidAt):
        return False
    speaker, start = cast("tuple[Any, Any]", one)
    return (
        isinstance(start, int) and start >= 0 and isinstance(speaker, str) and _encodable(speaker)
    )


def _is_call(one: Any) -> bool:
    """Whether a journal can hold it."""
    if not isinstance(one, ToolCall):
        return False
    texts: Any = (one.tool, one.arguments, one.result, one.error)
    return all(isinstance(text, str) and _encodable(text) for text in texts)


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number of more digits than any float has
        return False


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
