"""Erasing what somebody said while the meeting goes on, without a room."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from integrations.livekit.outcome import Outcome
from integrations.livekit.people.erasure import TRIES, Erasures
from moderator.errors import InputError
from moderator.events import Act, Failure, Heard, Proposal, Word
from moderator.journal.erasure import Erasure, Traces
from moderator.journal.file import Journal
from moderator.journal.lines import Opened
from moderator.timeline import Samples
from roles.loader import load_role
from roles.schema import Role


def role() -> Role:
    base = load_role("facilitator").model_dump(mode="json")
    return Role.model_validate(base | {"consent": {"erase_on_opt_out": True}})


def outcome(out: Path) -> Outcome:
    made = Outcome(role(), out)
    made.open(lambda agent: Opened("m", {}, {}, agent))
    made(Heard(1, words=(Word("ana", "elephant", 0, 1), Word("ben", "door", 0, 1))))
    return made


def finish(made: Outcome, out: Path) -> str:
    made.close("m", 16_000, "the end", {}, {}, ())
    return "".join(
        path.read_text("utf-8") for path in out.iterdir() if path.suffix in (".jsonl", ".json")
    )


def test_the_meeting_goes_on_while_words_are_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    begun, go_on = threading.Event(), threading.Event()
    erase = Journal.erase

    def slowly(self: Journal, erasure: Erasure) -> Traces:
        begun.set()
        assert go_on.wait(5)
        return erase(self, erasure)

    monkeypatch.setattr(Journal, "erase", slowly)

    async def run() -> str:
        told: list[tuple[str, str]] = []
        done: list[Erasure] = []
        made = outcome(out)
        erasures = Erasures(
            made, lambda who, what: told.append((who, what)), pytest.fail, done.append
        )
        erasures.erase("ana", Erasure(("ana",), 2))
        assert erasures.owed == 1
        until = time.monotonic() + 5
        while not begun.is_set() and time.monotonic() < until:
            await asyncio.sleep(0.01)
        made(Heard(2, words=(Word("ben", "later", 1, 2),)))
        made(Heard(3, words=(Word("ana", "again", 2, 3),)))
        assert not told
        go_on.set()
        await erasures.finish()
        assert told == [("ana", "What you said before is erased.")]
        assert done == [Erasure(("ana",), 2)]
        return finish(made, out)

    kept = asyncio.run(run())
    assert "elephant" not in kept
    assert "door" in kept
    assert "later" in kept
    assert kept.count("again") == 2, "in journal and transcript: said when they had agreed anew"


@pytest.mark.parametrize("failures", [1, 9])
def test_what_could_not_be_erased_is_tried_again_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    out = tmp_path / "out"
    left, erase = iter(range(failures)), Journal.erase

    def failing(self: Journal, erasure: Erasure) -> Traces:
        if next(left, None) is not None:
            raise InputError("the disk is full", where="journal.jsonl", todo="free some space")
        return erase(self, erasure)

    monkeypatch.setattr(Journal, "erase", failing)

    async def run() -> str:
        told: list[str] = []
        made = outcome(out)
        erasures = Erasures(
            made,
            lambda _, what: told.append(what),
            lambda why: made(Failure(2, "erasure", why)),
            lambda _: None,
        )
        erasures.erase("ana", Erasure(("ana",), 2))
        if failures < TRIES:
            await erasures.finish()
        else:
            with pytest.raises(InputError, match="could not be erased"):
                await erasures.finish()
            assert "could not be erased" in told[-1]
            assert erasures.owed
        assert "cannot be erased yet" in told[0]
        return finish(made, out)

    kept = asyncio.run(run())
    assert '"part":"erasure"' in kept
    assert ("elephant" in kept) is (failures >= TRIES)


def test_what_is_tried_again_is_only_what_was_said_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what somebody says who has agreed since, nor others who are called as they were."""
    out = tmp_path / "out"
    left, erase = iter(range(2)), Journal.erase

    def failing(self: Journal, erasure: Erasure) -> Traces:
        if next(left, None) is not None:
            raise InputError("the disk is full", where="journal.jsonl", todo="free some space")
        return erase(self, erasure)

    monkeypatch.setattr(Journal, "erase", failing)

    def wish(at: Samples, cue: str) -> Proposal:
        return Proposal(at, "test", 0.5, Act.ANSWER, cue=cue)

    async def run() -> str:
        made = outcome(out)
        made(Heard(10, words=(Word("hall/speaker_1", "giraffe", 5, 9),), partials={"ana": "zeb"}))
        made(wish(10, "elephants are dear"))
        erasures = Erasures(made, *[lambda *_: None] * 3)
        erasures.erase("ana", Erasure(("ana",), 20))
        erasures.erase("hall", Erasure(("hall", "hall/"), 30))
        await asyncio.sleep(0.2)
        said = (Word("ana", "tiger", 40, 50), Word("hall/speaker_1", "lion", 40, 50))
        made(Heard(50, words=(Word("ben", "cat", 15, 35), *said), partials={"ana": "mouse"}))
        made(wish(50, "cats are dear"))
        await erasures.finish()
        return finish(made, out)

    kept = asyncio.run(run())
    for gone in ("elephant", "giraffe", "zeb"):
        assert gone not in kept
    for stays in ("tiger", "lion", "cat", "mouse", "cats are dear"):
        assert stays in kept
