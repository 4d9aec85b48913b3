"""Consent and commands, without a room."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from integrations.livekit.address import Address
from integrations.livekit.outcome import meeting_id
from integrations.livekit.packets import LARGEST
from integrations.livekit.people.consent import Consent, acceptable
from integrations.livekit.telling.control import Code, Control, Refusal, argument_of, parse_chat
from integrations.livekit.telling.succession import Succession, load_roles, successor
from moderator.ears.script import ScriptedEars
from moderator.errors import InputError
from moderator.journal.file import Journal
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.dictated import WAITING, Dictated
from moderator.mind.duties.session import Duties
from moderator.testing.meetings import SilentSource, people, talk
from moderator.testing.mouth import ToneVoice
from moderator.timeline import ReplayClock, Stopwatch
from roles.loader import load_role
from roles.schema import Command, Role


def role(**changes: Any) -> Role:
    base = load_role("facilitator").model_dump(mode="json")
    return Role.model_validate(base | {"duties": []} | changes)


def meeting(
    the_role: Role, mind: Dictated, journal: Journal, ears: ScriptedEars | None = None
) -> Meeting:
    return Meeting(
        the_role,
        people("Ana", "Ben"),
        ears or ScriptedEars([]),
        mind,
        ToneVoice(),
        [journal.write],
        ReplayClock(),
        Settings(),
        Stopwatch(),
    )


def control_of(the_role: Role, mind: Dictated) -> Control:
    async def taken(role: Role) -> None:
        pass

    succession = Succession(the_role, [role(id="own")], taken, lambda _: None)
    return Control(the_role, mind.say, lambda *_: True, lambda *_: True, succession.become)


def do(control: Control, command: Command, by: str, argument: str = "") -> str:
    return asyncio.run(control.do(command, by, "rpc", argument))


def test_what_one_is_told_to_say_is_said_when_the_floor_is_free() -> None:
    the_role = role(authority={"commands": {"say": ["ana"]}})
    mind, journal = Dictated(Duties()), Journal()
    loop = meeting(the_role, mind, journal)
    control = control_of(the_role, mind)
    with pytest.raises(Refusal) as early:
        do(control, Command.SAY, "ana", "hello")
    assert early.value.code is Code.NOT_READY
    control.attach(loop)
    do(control, Command.SAY, "ana", "Lunch is  at one.")
    with pytest.raises(Refusal) as refused:
        do(control, Command.SAY, "ben", "No it is not.")
    assert refused.value.code is Code.NOT_PERMITTED

    class Nothing:
        def take(self, *_: object) -> None:
            pass

    asyncio.run(loop.run(SilentSource(8.0), Nothing()))
    heard = [line["heard"] for line in journal.lines if line["kind"] == "turn_ended"]
    assert heard == ["Lunch is at one."]
    given = [(line["by"], line["accepted"]) for line in journal.lines if line["kind"] == "command"]
    assert given == [("ana", True), ("ben", False)]


@pytest.mark.parametrize("text", ["a \x1b[2J b", "half of a pair: \ud83d", "nul \0"])
def test_what_no_journal_can_hold_is_refused(text: str) -> None:
    the_role = role(authority={"commands": {"say": ["ana"]}})
    mind, journal = Dictated(Duties()), Journal()
    control = control_of(the_role, mind)
    control.attach(meeting(the_role, mind, journal))
    with pytest.raises(Refusal) as refused:
        do(control, Command.SAY, "ana", argument_of(json.dumps(text)))
    assert refused.value.code is Code.BAD_REQUEST
    assert not journal.lines


INLINE = """
id: visitor   # a role of one's own
summary: Says hello.
identity: {name: Nobody}
"""


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("observer", "observer"),
        (" own ", "own"),
        ("facilitator", "facilitator"),
        (INLINE, "visitor"),
        (json.dumps({"text": INLINE}), "visitor"),
        (json.dumps({"id": "visitor", "summary": "x", "identity": {"name": "X"}}), "visitor"),
        (
            json.dumps(
                {"id": "visitor", "summary": "\N{GRINNING FACE}", "identity": {"name": "X"}}
            ),
            "visitor",
        ),
        (
            json.dumps({"id": "visitor", "summary": "x", "identity": {"name": "X"}}, indent="\t"),
            "visitor",
        ),
    ],
)
def test_a_role_is_taken_by_name_or_as_text(asked: str, taken: str) -> None:
    the_role = role(authority={"commands": {"role": ["ana"]}})
    mind, journal = Dictated(Duties()), Journal()
    control = control_of(the_role, mind)
    control.attach(meeting(the_role, mind, journal))
    assert taken in do(control, Command.ROLE, "ana", argument_of(asked))
    with pytest.raises(Refusal) as refused:
        do(control, Command.ROLE, "ben", argument_of(asked))
    assert refused.value.code is Code.NOT_PERMITTED
    done, not_done = journal.lines
    assert (done["argument"], done["accepted"]) == (taken, True)
    assert "\n" not in not_done["argument"]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("nobody", "no role named"),
        ("../etc/passwd", "not the name"),
        ("own.yaml", "not the name"),
        (INLINE + "turn: {may_fly: true}", "may_fly"),
        (INLINE + "language: de", "another language"),
        (INLINE + "x: " + "[" * 3_000, ""),
        ("{" + '"id": "a", ' * 2_000 + "}", ""),
        (INLINE + "#" + "x" * 20_000, "at most 14,000"),
        ("a: &a 1\nb: *a", "anchor"),
        (INLINE + 'language: "\\U00110000"', "is not YAML, role:4:14, check escapes"),
        (INLINE + 'language: "\\UFFFFFFFF"', "is not YAML, role:4:14, check escapes"),
        (
            '{"id": "a", "summary": "s", "identity": {"name": "A"}, "turn": {"may_speak": "no"}}',
            "may_speak must be true or false, not 'no', role.turn.may_speak, did you mean false?",
        ),
        (
            '{"id": "a", "id": "b", "summary": "s", "identity": {"name": "A"}}',
            "the key 'id' stands here for the second time",
        ),
    ],
)
def test_roles_that_are_none_are_refused_in_one_line(asked: str, why: str) -> None:
    the_role = role(authority={"commands": {"role": ["ana"]}})
    mind, journal = Dictated(Duties()), Journal()
    control = control_of(the_role, mind)
    control.attach(meeting(the_role, mind, journal))
    with pytest.raises(Refusal) as refused:
        do(control, Command.ROLE, "ana", asked)
    assert refused.value.code is Code.NOT_POSSIBLE
    assert why in refused.value.message
    assert "\n" not in refused.value.message


def test_what_a_successor_keeps() -> None:
    old, new = role(consent={"opt_out": False}), load_role("observer")
    taken = successor(old, new)
    assert (taken.id, taken.consent, taken.identity) == ("observer", old.consent, old.identity)
    assert taken.retention == old.retention


def test_roles_named_at_the_start_differ_in_their_ids(tmp_path: Path) -> None:
    file = tmp_path / "role.yaml"
    file.write_text(INLINE)
    assert [one.id for one in load_roles([str(file), "chair"])] == ["visitor", "chair"]
    with pytest.raises(InputError, match="two roles have the id visitor"):
        load_roles([str(file), str(file)])


def test_no_more_than_a_few_texts_wait() -> None:
    mind = Dictated(Duties())
    assert all(mind.say("x", "ana") for _ in range(WAITING))
    assert not mind.say("x", "ana")


def test_people_come_and_go() -> None:
    mind, journal = Dictated(Duties()), Journal()
    loop = meeting(role(), mind, journal)
    loop.join(people("Cem")["cem"])
    loop.leave("ana")
    loop.leave("nobody")
    assert set(loop.participants) == {"ben", "cem"}
    assert [line["kind"] for line in journal.lines] == ["joined", "left"]


def test_a_refusal_holds_until_it_is_taken_back() -> None:
    consent = Consent(role(), lambda: 0)
    assert consent.allows("ana")
    assert consent.refuse("ana", "chat")
    assert not consent.read_attributes("ana", {})
    assert not consent.allows("ana")
    assert consent.agree("ana")
    assert consent.read_attributes("ana", {"moderator.optout": "TRUE"})
    assert not consent.agree("ana")
    assert consent.read_attributes("ana", {"moderator.optout": ""})
    assert consent.allows("ana")


def test_a_role_may_not_let_people_refuse() -> None:
    consent = Consent(role(consent={"opt_out": False}), lambda: 0)
    assert not consent.refuse("ana", "chat")
    assert not consent.read_attributes("ana", {"moderator.optout": "1"})
    assert consent.allows("ana")
    assert "/optout" not in consent.announcement()
    assert "/optout" in Consent(role(), lambda: 0).announcement()


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


@pytest.mark.parametrize(
    "payload", ["{", "[1]", '{"text": 1}', '{"text": null}', "[" * 15_000, '"' + "x" * 15_000,
     '{"text": ' + "9" * 5000 + "}", '{"text": "a", "text": "b"}',
     '{"text": "a", "more": NaN}'],
)  # fmt: skip
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


def test_the_status_of_a_crowd_can_be_sent() -> None:
    the_role = role(authority={"commands": {"status": "everyone"}})
    mind = Dictated(Duties())
    talkers = [f"{n:04d}{'Ω' * 200}" for n in range(1000)]
    words = [word for n, who in enumerate(talkers) for word in talk(who, 0.5 + n / 250, "Hello.")]
    control = control_of(the_role, mind)
    loop = meeting(the_role, mind, Journal(), ScriptedEars(words))
    control.attach(loop)

    class Nothing:
        def take(self, *_: object) -> None:
            pass

    asyncio.run(loop.run(SilentSource(8.0), Nothing()))
    assert len(loop.floor.tallies) == 1000
    answer = do(control, Command.STATUS, "ana")
    assert len(answer.encode()) <= LARGEST
    assert 1 <= len(json.loads(answer)["shares"]) <= 30
