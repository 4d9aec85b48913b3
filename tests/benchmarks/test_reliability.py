"""A few of the kills that the reliability tests do by the hundred."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import soundfile

from benchmarks.reliability import canary, faults, kills, persuasion, spoken
from benchmarks.reliability.meeting import Room, sound_of
from moderator.testing.chat_server import always, wish


@pytest.mark.parametrize("victim", [kills.replay, kills.room])
@pytest.mark.parametrize("at_s", [0.1, 31.3, 100.7])
def test_a_kill_loses_a_second_at_most(tmp_path: Path, victim: kills.Victim, at_s: float) -> None:
    assert not kills.bad("kill", kills.kill(victim, tmp_path, at_s))


@pytest.mark.parametrize(("who", "after_s"), [("ben", 0.0), ("hall", 0.004)])
def test_a_kill_while_somebody_is_erased_leaves_nothing_of_them(
    tmp_path: Path, who: str, after_s: float
) -> None:
    assert not kills.bad("erasing", kills.kill_while_erasing(tmp_path, who, 44.0, after_s))


@pytest.mark.parametrize(
    ("who", "moment"),
    [("ana", "middle"), ("hall", "middle"), ("hall", "end"), ("ben", "afterwards")],
)
def test_nothing_of_somebody_who_refused_is_left(tmp_path: Path, who: str, moment: str) -> None:
    assert not canary.bad(canary.refuse(tmp_path, who, moment, 40.0))


def test_the_canaries_sing_as_long_as_nobody_refuses(tmp_path: Path) -> None:
    """What is looked for would be found."""
    out = tmp_path / "out"
    asyncio.run(Room(out, canary.LENGTH_S, {}).run())
    samples, _ = soundfile.read(out / "meeting.wav", dtype="float32")
    for who in ("ana", "hall"):
        assert kills.words_left(out, who) > 30
        assert sound_of(samples, who) > 10 * kills.INAUDIBLE


@pytest.fixture(scope="module")
def studio() -> spoken.Studio:
    return spoken.Studio()


@pytest.mark.e2e
def test_what_somebody_said_is_not_understood_after_they_refused(
    studio: spoken.Studio, tmp_path: Path
) -> None:
    assert not spoken.bad(spoken.refuse(studio, tmp_path, "ana", "middle"))


@pytest.mark.e2e
def test_what_everybody_said_is_understood_as_long_as_nobody_refuses(
    studio: spoken.Studio, tmp_path: Path
) -> None:
    """What is listened for would be found."""
    studio.hold(tmp_path / "out", None, spoken.NEVER)
    text, _ = studio.understand(tmp_path / "out")
    for who, words in spoken.RARE.items():
        assert sum(word in text for word in words) >= len(words) * spoken.ENOUGH, who


@pytest.mark.parametrize("kind", faults.KINDS)
def test_a_write_that_fails_does_no_harm(kind: str) -> None:
    total, wrong = faults.attempt(None, kind)
    assert not wrong
    for at in range(1, total + 1, total // 12):
        assert faults.attempt(at, kind)[1] == []


@pytest.mark.parametrize(
    "kind", ["spoken", "written", "called", "identity", "name", "attribute", "metadata", "server"]
)
def test_nobody_talks_it_out_of_its_role(kind: str) -> None:
    """All that are quick; of those that ask a server, every fourth."""
    some = [(what, attempt) for which, what, attempt in persuasion.tried() if which == kind]
    for what, attempt in some[:: 4 if kind in ("name", "server") else 1]:
        assert attempt() == [], what


def test_persuasion_would_be_noticed() -> None:
    """What is looked for would be found: in somebody who may, and in a reply that is spoken."""
    changed = persuasion.Scene("ana", "Ana", writes=["/role observer"]).hold()
    assert changed == ["role observer", "command role of 'ana'"]
    done = persuasion.Scene("ana", "Ana", writes=["/say Yes."], calls=[("leave", "")]).hold()
    assert set(done) == {"command say of 'ana'", "command leave of 'ana'"}
    told = persuasion.by_server(always(wish(1.0, "invite", "Ana"), "It is a SECRET."))
    assert told == ["a thought was shown"]
