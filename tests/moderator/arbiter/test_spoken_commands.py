"""Spoken commands: what counts as one, and who may give it."""

from __future__ import annotations

from typing import Any

import pytest

from moderator.arbiter.spoken_commands import CommandSpotter, permitted
from moderator.events import Command, CommandGiven
from moderator.floor.addressee import AddresseeDetector
from moderator.language.phrases import load_phrases
from moderator.testing.meetings import talk
from moderator.timeline import to_samples
from moderator.transcript import Transcript
from roles.schema import Role

PHRASES = load_phrases("en")
DETECTOR = AddresseeDetector(["Robin"], PHRASES)


def role(**authority: Any) -> Role:
    return Role.model_validate(
        {
            "id": "tested",
            "summary": "for tests",
            "identity": {"name": "Robin"},
            "authority": authority,
        }
    )


def spot(text: str, policy: Role | None = None, *, over_agent: bool = False) -> list[CommandGiven]:
    """What is spotted while the words come one by one."""
    spotter = CommandSpotter(policy or role(), PHRASES, DETECTOR)
    transcript, found = Transcript(), []
    for word in talk("ana", 1.0, text):
        transcript.add([word])
        found += spotter.spot([word], transcript, word.end, agent_speaking=over_agent)
    return found


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Robin, stop.", Command.HUSH),
        ("Robin stop talking.", Command.HUSH),
        ("Please stop, Robin.", Command.HUSH),
        ("Stop Robin", Command.HUSH),
        ("be quiet robin", Command.HUSH),
        ("OK Robin, please be quiet.", Command.HUSH),
        ("No, Robin, not now.", Command.HUSH),
        ("Robin, you can speak again.", Command.RESUME),
        ("Robin, just listen.", Command.LISTEN_ONLY),
        ("Robin, leave the meeting please.", Command.LEAVE),
        ("Robin, leave that for later.", None),
        ("Robin, just listen to Ana for a moment.", None),
        ("Robin, please leave.", Command.LEAVE),
        ("Robin, are you listening?", Command.STATUS),
        ("Robin, we should stop the project.", None),
        ("Robin said stop.", None),
        ("We must stop Robin", None),
        ("Leave Robin", None),
        ("Stop.", None),
    ],
)
def test_what_is_a_command(text: str, command: Command | None) -> None:
    found = spot(text)
    assert [given.command for given in found] == ([] if command is None else [command])


QUIET = [
    "Robin, can you please stop talking?",
    "That's enough, Robin.",
    "Robin, stop interrupting us.",
    "Robin, wait.",
    "Robin, please mute yourself.",
    "Robin, would you mind being quiet for a moment?",
    "Robin, could you let us finish, please?",
    "Robin, can't you just be quiet now?",
    "Robin, I'd like you to stop.",
    "Robin, we need you to be silent for the rest of the meeting.",
    "Hold on, Robin.",
    "Okay Robin, that will do, thank you.",
    "Robin, will you shut up already!",
    "Robin, don't interrupt Ana.",
    "Robin, please don't say anything for a while.",
    "Robin, you should stop talking now.",
    "Robin, you're interrupting.",
    "I told you to be quiet, Robin.",
    "Could you pause, Robin?",
    "Robin, let me finish my sentence.",
    "Robin, why don't you keep quiet until we are done?",
    "Enough, Robin!",
    "Robin, no more comments please.",
    "Robin, silence.",
    "Hush, Robin, we are talking.",
    "Robin, be quiet until I say so.",
    "Robin, you talk too much.",
    "Robin, stop it.",
    "Robin, shush.",
    "Robin, would you please just hang on a minute?",
    "Robin, not now, thanks.",
]
"""Ways to ask for quiet: polite, impatient, as a question, as a complaint."""


@pytest.mark.parametrize("text", QUIET)
def test_every_ordinary_way_to_ask_for_quiet_is_understood(text: str) -> None:
    found = spot(text)
    assert [given.command for given in found] == [Command.HUSH]


@pytest.mark.parametrize(
    "text",
    [
        "Robin, wait for Ben.",
        "Robin, pause the clock.",
        "Robin, mute Ben, please.",
        "Robin, can you stop the recording?",
        "Robin, should we stop here?",
        "Robin, when do we stop?",
        "Robin, let us talk about the budget.",
        "Robin, give us a minute by minute summary.",
        "Robin, is that enough?",
        "Robin, how long do we have to be quiet?",
    ],
)
def test_what_only_sounds_like_it_is_not(text: str) -> None:
    assert not spot(text)


def test_over_the_agents_voice_no_name_is_needed() -> None:
    assert [given.command for given in spot("Okay, stop.", over_agent=True)] == [Command.HUSH]
    assert [one.command for one in spot("Can you stop, please?", over_agent=True)] == [Command.HUSH]
    assert not spot("We stop here.", over_agent=True)
    assert not spot("Wait.", over_agent=True)  # for somebody, or for something


def test_one_command_an_utterance_with_its_time_and_giver() -> None:
    [given] = spot("Robin, stop. Stop talking. Robin, stop.")
    assert given.by == "ana"
    assert given.channel == "voice"
    assert given.at == to_samples(1.6)
    assert given.accepted


@pytest.mark.parametrize(
    ("authority", "accepted"),
    [
        ({}, True),
        ({"commands": {"hush": ["ben"]}}, False),
        ({"commands": {"hush": ["ANA"]}}, False),
        ({"commands": {"hush": ["ana"]}}, True),
        ({"commands": {}}, False),
        ({"channels": ["chat"]}, False),
    ],
)
def test_who_may(authority: dict[str, Any], accepted: bool) -> None:
    [given] = spot("Robin, stop.", role(**authority))
    assert given.accepted is accepted


def test_a_display_name_gives_no_authority() -> None:
    policy = role(commands={"leave": ["chair"]})
    assert permitted(policy, Command.LEAVE, "chat", "chair")
    assert not permitted(policy, Command.LEAVE, "chat", "guest")


def test_a_sentence_without_a_full_stop_must_be_over() -> None:
    spotter = CommandSpotter(role(commands={"leave": "everyone"}), PHRASES, DETECTOR)
    transcript, words = Transcript(), talk("ana", 1.0, "Robin leave")
    transcript.add(words)
    end = words[-1].end

    def spotted(after_s: float) -> list[CommandGiven]:
        return spotter.spot([], transcript, end + to_samples(after_s), agent_speaking=False)

    assert not spotter.spot(words, transcript, end, agent_speaking=False)
    assert not spotted(0.9)
    [given] = spotted(1.0)
    assert given.command is Command.LEAVE
    assert given.accepted
    assert not spotted(1.1)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Please be quiet.", Command.HUSH),
        ("You can speak again.", Command.RESUME),
        ("We should stop the project.", None),
    ],
)
def test_who_is_alone_with_the_agent_need_not_name_it(text: str, command: Command | None) -> None:
    transcript, words = Transcript(), talk("ana", 1.0, text)
    transcript.add(words)
    for alone_with, expected in (("ana", command), ("ben", None), (None, None)):
        found = CommandSpotter(role(), PHRASES, DETECTOR).spot(
            words, transcript, words[-1].end, agent_speaking=False, alone_with=alone_with
        )
        assert [given.command for given in found] == ([] if expected is None else [expected])
