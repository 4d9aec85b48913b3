"""Consent and commands, without a room."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from integrations.livekit.address import Address
from integrations.livekit.consent import Consent, acceptable
from integrations.livekit.control import Code, Control, Refusal, argument_of, parse_chat
from integrations.livekit.outcome import meeting_id
from moderator.ears.script import ScriptedEars
from moderator.errors import InputError
from moderator.journal import Journal
from moderator.meeting import Meeting, Settings
from moderator.mind.dictated import WAITING, Dictated
from moderator.mind.duties import Duties
from moderator.testing.meetings import SilentSource, people
from moderator.testing.mouth import ToneVoice
from moderator.timeline import ReplayClock, Stopwatch
from roles.loader import load_role
from roles.schema import Command, Role


def role(**changes: Any) -> Role:
    base = load_role("facilitator").model_dump(mode="json")
    return Role.model_validate(base | {"duties": []} | changes)


def meeting(the_role: Role, mind: Dictated, journal: Journal) -> Meeting:
    return Meeting(
        the_role,
        people("Ana", "Ben"),
        ScriptedEars([]),
        mind,
        ToneVoice(),
        [journal.write],
        ReplayClock(),
        Settings(),
        Stopwatch(),
    )


def test_what_one_is_told_to_say_is_said_when_the_floor_is_free() -> None:
    the_role = role(authority={"commands": {"say": ["ana"]}})
    mind, journal = Dictated(Duties()), Journal()
    loop = meeting(the_role, mind, journal)
    control = Control(the_role, mind.say, lambda _: True, lambda _: True, str.upper)
    with pytest.raises(Refusal) as early:
        control.do(Command.SAY, "ana", "rpc", "hello")
    assert early.value.code is Code.NOT_READY
    control.attach(loop)
    control.do(Command.SAY, "ana", "rpc", "Lunch is  at one.")
    with pytest.raises(Refusal) as refused:
        control.do(Command.SAY, "ben", "rpc", "No it is not.")
    assert refused.value.code is Code.NOT_PERMITTED

    class Nothing:
        def take(self, *_: object) -> None:
            pass

    asyncio.run(loop.run(SilentSource(8.0), Nothing()))
    heard = [line["heard"] for line in journal.lines if line["kind"] == "turn_ended"]
    assert heard == ["Lunch is at one."]
    given = [(line["by"], line["accepted"]) for line in journal.lines if line["kind"] == "command"]
    assert given == [("ana", True), ("ben", False)]


def test_no_more_than_a_few_texts_wait() -> None:
    mind = Dictated(Duties())
    assert all(mind.say("x") for _ in range(WAITING))
    assert not mind.say("x")


def test_people_come_and_go() -> None:
    mind, journal = Dictated(Duties()), Journal()
    loop = meeting(role(), mind, journal)
    loop.join(people("Cem")["cem"])
    loop.leave("ana")
    loop.leave("nobody")
    assert set(loop.participants) == {"ben", "cem"}
    assert [line["kind"] for line in journal.lines] == ["joined", "left"]


def test_a_refusal_holds_until_it_is_taken_back() -> None:
    consent = Consent(role())
    assert consent.allows("ana")
    assert consent.refuse("ana")
    assert not consent.read_attributes("ana", {})
    assert not consent.allows("ana")
    assert consent.agree("ana")
    assert consent.read_attributes("ana", {"moderator.optout": "TRUE"})
    assert not consent.agree("ana")
    assert consent.read_attributes("ana", {"moderator.optout": ""})
    assert consent.allows("ana")


def test_a_role_may_not_let_people_refuse() -> None:
    consent = Consent(role(consent={"opt_out": False}))
    assert not consent.refuse("ana")
    assert not consent.read_attributes("ana", {"moderator.optout": "1"})
    assert consent.allows("ana")
    assert "/optout" not in consent.announcement()
    assert "/optout" in Consent(role()).announcement()


@pytest.mark.parametrize(
    ("identity", "good"),
    [("ana", True), ("Ana Müller", True), ("", False), ("a" * 10_000, False), ("a\x1b[2J", False)],
)
def test_identities_that_cannot_stand_in_a_journal(identity: str, good: bool) -> None:
    assert acceptable(identity) is good


@pytest.mark.parametrize(
    ("payload", "argument"),
    [
        ("", ""),
        (" hello ", "hello"),
        ('{"text": "hello"}', "hello"),
        ('"hello"', "hello"),
        ("{}", ""),
    ],
)
def test_arguments(payload: str, argument: str) -> None:
    assert argument_of(payload) == argument


@pytest.mark.parametrize("payload", ["{", "[1]", '{"text": 1}', '{"text": null}'])
def test_payloads_of_the_wrong_shape(payload: str) -> None:
    with pytest.raises(Refusal) as bad:
        argument_of(payload)
    assert bad.value.code is Code.BAD_REQUEST


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/hush", ("hush", "")),
        (" /Listen-Only ", ("listen_only", "")),
        ("/say  hello all", ("say", "hello all")),
        ("hush", None),
        ("/" + "x" * 1000, None),
    ],
)
def test_chat_commands(text: str, found: tuple[str, str] | None) -> None:
    assert parse_chat(text) == found


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://x", "ws://", "ws://[::1"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InputError):
        Address(url, "r", "me", "Me", None, "key", "s" * 32)


def test_secrets_do_not_show() -> None:
    shown = repr(Address("ws://x", "r", "me", "Me", "token", "key", "s" * 32))
    assert "token=" not in shown
    assert "ssss" not in shown


@pytest.mark.parametrize(
    ("room", "expected"), [("stand-up", "stand-up"), ("a b/../c", "a-b-..-c"), ("日本", "room")]
)
def test_rooms_become_meeting_ids(room: str, expected: str) -> None:
    assert meeting_id(room) == expected
