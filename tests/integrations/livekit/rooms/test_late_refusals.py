"""Who refuses when the meeting is ending, or over, or breaks off, is erased all the same."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from integrations.files.recovery.recovering import recover_if_needed
from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.outcome import Outcome
from moderator.errors import InputError
from moderator.journal.erasure import Erasure
from moderator.meeting.loop import Meeting
from roles.schema import Role
from tests.integrations.livekit.rooms.agent import IDENTITY, Agent, gathering, quiet_role
from tests.integrations.livekit.rooms.test_control import until_chat
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

SECRET = ("purple", "elephant", "balloon")


def erasing() -> Role:
    role = quiet_role().model_dump(mode="json")
    kept = {"consent": {"erase_on_opt_out": True}, "retention": {"audio": "meeting"}}
    return Role.model_validate(role | kept)


def kept(out: Path) -> str:
    return "".join(
        path.read_text("utf-8", errors="replace").lower()
        for path in out.rglob("*")
        if path.suffix in (".jsonl", ".json", ".vtt", ".html")
    )


async def heard(robin: Agent) -> None:
    """Waits until the secret is in the journal."""
    async with asyncio.timeout(10):
        while "elephant" not in robin.words().get("ana", ""):
            await asyncio.sleep(0.1)


def test_a_second_refusal_while_the_first_is_seen_to_at_the_end(
    server: Server,
    models: RoomModels,
    speakers: Speakers,
    room: str,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = speakers.say(0, "The password is purple elephant balloon.")
    begun, go_on = threading.Event(), threading.Event()
    erase_words = Outcome.erase_words

    def slowly(self: Outcome, erasure: Erasure) -> None:
        if "ben" in erasure.labels:
            begun.set()
            assert go_on.wait(10)
        erase_words(self, erasure)

    monkeypatch.setattr(Outcome, "erase_words", slowly)

    async def run() -> None:
        meeting = gathering(server, room, models, out, "ana", "ben", role=erasing())
        async with meeting as (robin, people):
            await people["ana"].say(secret)
            await heard(robin)
            await people["ben"].call(IDENTITY, "optout")
            assert await asyncio.to_thread(begun.wait, 5)
            robin.session.end("enough")
            await asyncio.sleep(0.3)  # the meeting is over, ben's erasure is not
            assert not robin.task.done()
            assert await people["ana"].call(IDENTITY, "optout") == "You are not heard any more."
            go_on.set()
            await until_chat(people["ana"], "What you said before is erased")
            await robin.done()

    asyncio.run(run())
    assert not [word for word in SECRET if word in kept(out)]
    assert (out / "summary.json").is_file()


def test_a_refusal_right_after_the_files_are_closed(
    server: Server,
    models: RoomModels,
    speakers: Speakers,
    room: str,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = speakers.say(0, "The password is purple elephant balloon.")

    async def run() -> None:
        meeting = gathering(server, room, models, out, "ana", "ben", role=erasing())
        async with meeting as (robin, people):
            await people["ana"].say(secret)
            await heard(robin)
            closed, leave = asyncio.Event(), robin.session._people.close

            def close() -> None:
                closed.set()
                leave()

            async def slowly() -> None:
                await asyncio.sleep(1.0)

            monkeypatch.setattr(robin.session._people, "close", close)
            monkeypatch.setattr(robin.session._succession, "close", slowly)
            robin.session.end("enough")
            await closed.wait()
            assert (out / "summary.json").is_file()
            assert "elephant" in kept(out)
            await people["ana"].call(IDENTITY, "optout")
            await until_chat(people["ana"], "What you said before is erased")
            await robin.done()

    asyncio.run(run())
    assert not [word for word in SECRET if word in kept(out)]


def test_a_refusal_in_a_meeting_that_breaks_off(
    server: Server,
    models: RoomModels,
    speakers: Speakers,
    room: str,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also when the first try had failed; what could not be erased is before anything else."""
    secret = speakers.say(0, "The password is purple elephant balloon.")
    erase_words, failures = Outcome.erase_words, iter(range(1))

    def failing(self: Outcome, erasure: Erasure) -> None:
        if next(failures, None) is not None:
            raise InputError("the disk is full", todo="free some space")
        erase_words(self, erasure)

    monkeypatch.setattr(Outcome, "erase_words", failing)

    async def run() -> None:
        meeting = gathering(server, room, models, out, "ana", "ben", role=erasing())
        async with meeting as (robin, people):
            await people["ana"].say(secret)
            await heard(robin)
            await people["ana"].write("/optout")
            await until_chat(people["ana"], "cannot be erased yet: the disk is full")

            async def broken(*_: object) -> None:
                raise InputError("nothing goes on", todo="wait")

            monkeypatch.setattr(Meeting, "_tick", broken)
            with pytest.raises(InputError, match="nothing goes on"):
                await robin.done()
            await until_chat(people["ana"], "What you said before is erased")

    asyncio.run(run())
    assert not [word for word in SECRET if word in kept(out)]
    assert not (out / "summary.json").exists()
    assert not (out / ".tapes").exists()
    found = recover_if_needed(out)
    assert found is not None
    assert not [word for word in SECRET if word in kept(out)]
