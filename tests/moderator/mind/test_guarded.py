"""A mind that may do anything harms nobody but itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from moderator.errors import MindError
from moderator.events import Act, Percept, Proposal, SaidAt
from moderator.mind.base import PartFailed
from moderator.mind.guarded import LONGEST_TURN, PUSH_WITHIN_S, Guarded
from moderator.testing.faulty import SAID, FaultySession, Mode, Switch
from moderator.testing.minds import ScriptedSession
from moderator.testing.server_scenes import FREE

WISH = Proposal(8_000, "scripted", 0.9, Act.ANSWER, cue="One two.")


def percept(index: int = 0) -> Percept:
    return Percept(index, index * 8_000, (index + 1) * 8_000)


def run(steps: Callable[[Guarded], Any], inner: Any, within_s: float = 0.1) -> Any:
    return asyncio.run(steps(Guarded(inner, within_s)))


async def words(session: Guarded) -> list[str]:
    return [piece async for piece in session.compose(WISH)]


def test_a_mind_that_works_is_what_it_was() -> None:
    inner = ScriptedSession([WISH], [], [])

    async def steps(session: Guarded) -> None:
        await session.push(percept(), FREE)
        assert await session.propose() == WISH
        assert await words(session) == ["One two."]
        session.heard("One")
        session.forget("ana")
        session.cancel()
        assert session.foreseen() is None
        assert session.quotes(WISH) is None
        await session.close()

    run(steps, inner)
    assert inner.heard_words == ["One"]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ((SaidAt("ana", 7),), (SaidAt("ana", 7),)),
        ((("ana", 7),), ()),
        ((SaidAt("ana", -1),), ()),
        ((SaidAt("\ud800", 1),), ()),
        (3, ()),
    ],
)
def test_lines_are_told_if_a_journal_can_hold_them(told: Any, kept: tuple[SaidAt, ...]) -> None:
    class Citing(ScriptedSession):
        def cites(self, proposal: Proposal) -> Any:
            return told

    async def steps(session: Guarded) -> None:
        assert session.cites(WISH) == kept

    run(steps, Citing([WISH], [], []))


@pytest.mark.parametrize("mode", [Mode.CRASH, Mode.HANG])
def test_what_fails_or_hangs_is_told_without_what_was_said(mode: Mode) -> None:
    async def steps(session: Guarded) -> None:
        for work in (session.push(percept(), FREE), session.propose(), words(session)):
            with pytest.raises(MindError) as failed:
                await work
            assert SAID not in str(failed.value)
        begun = time.monotonic()
        with pytest.raises(MindError):
            await session.push(percept(), FREE)
        assert time.monotonic() - begun < PUSH_WITHIN_S + 0.1
        await session.close()

    run(steps, FaultySession(Switch(mode)))


def test_what_is_no_proposal_is_none() -> None:
    switch = Switch(Mode.RUBBISH)

    async def steps(session: Guarded) -> None:
        await session.push(percept(), FREE)
        for _ in range(80):  # each kind of rubbish, several times
            with pytest.raises(MindError, match="no proposal"):
                await session.propose()
        with pytest.raises(MindError, match="its words are none"):
            await words(session)
        assert session.foreseen() is None
        switch.mode = Mode.OK
        assert await session.propose() is not None

    run(steps, FaultySession(switch))


def test_a_turn_that_never_ends_is_ended_and_keeps_nobody_waiting() -> None:
    class Endless(ScriptedSession):
        async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
            while True:
                yield "and so on "

    async def steps(session: Guarded) -> float:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)

        beating = asyncio.create_task(beat())
        said = await words(session)
        beating.cancel()
        assert len("".join(said)) < LONGEST_TURN + 100
        return beats

    assert run(steps, Endless([], [], [])) > 1_000


def test_what_is_only_told_it_tells_with_its_next_wish() -> None:
    class Deaf(ScriptedSession):
        def heard(self, words: str) -> None:
            raise KeyError(SAID)

    async def steps(session: Guarded) -> None:
        await session.push(percept(), FREE)
        session.heard("One")
        with pytest.raises(PartFailed, match="KeyError") as failed:
            await session.propose()
        assert failed.value.proposal == WISH
        assert SAID not in str(failed.value)
        assert await session.propose() == WISH

    run(steps, Deaf([WISH], [], []))


def test_a_mind_that_cannot_forget_is_asked_nothing_any_more() -> None:
    class Elephant(ScriptedSession):
        def forget(self, speaker: str) -> None:
            raise OSError

    async def steps(session: Guarded) -> None:
        await session.push(percept(), FREE)
        assert await session.propose() == WISH
        session.forget("ana")
        with pytest.raises(PartFailed, match="could not forget") as failed:
            await session.propose()
        assert failed.value.proposal is None
        assert await session.propose() is None
        with pytest.raises(MindError):
            await words(session)

    run(steps, Elephant([WISH], [], []))
