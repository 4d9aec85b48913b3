"""Commands by RPC and chat, each checked against the role."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import IntEnum
from functools import partial
from typing import Any
from unicodedata import category

from integrations.livekit.packets import fitting, shares
from integrations.livekit.telling.given_json import read_json
from integrations.livekit.telling.succession import is_name
from moderator.arbiter.spoken_commands import permitted
from moderator.errors import InputError
from moderator.events import CommandGiven
from moderator.meeting.loop import Meeting
from moderator.timeline import to_seconds
from roles.schema import Command, Role

LONGEST = 500
"""Characters of an argument, and of a chat message that can be a command."""


_UNSAFE = ("Cc", "Cs")
"""Unicode categories that no argument may have: control characters, and halves of pairs."""


class Code(IntEnum):
    """Codes of RPC errors; those from 1001 to 1999 are LiveKit's own."""

    BAD_REQUEST = 2400
    NOT_PERMITTED = 2403
    NOT_POSSIBLE = 2409
    BUSY = 2429
    NOT_READY = 2503


class Refusal(Exception):
    """A command was not obeyed.

    Args:
        code: why, for machines.
        message: why, for people.
    """

    def __init__(self, code: Code, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


class Control:
    """Carries out commands.

    Args:
        role: says who may do what, and by which channel.
        say: hands a text, and who gave it, to the mind; False if too much waits.
        refuse: takes a refusal to be heard, from whom and by which channel, also before the meeting
            and after it; False if the role does not let people refuse.
        agree: takes it back; False if something else still stands against it.
        become: has the agent go on by another role, by its name or as YAML; the name it takes.
    """

    def __init__(
        self,
        role: Role,
        say: Callable[[str, str], bool],
        refuse: Callable[[str, str], bool],
        agree: Callable[[str, str], bool],
        become: Callable[[str], Awaitable[str]],
    ) -> None:
        self._role, self._say, self._refuse, self._agree = role, say, refuse, agree
        self._become = become
        self._meeting: Meeting | None = None
        self._over = False

    def attach(self, meeting: Meeting) -> None:
        """The meeting has begun."""
        self._meeting = meeting

    def detach(self) -> None:
        """The meeting is over: nothing is promised any more that could not be kept."""
        self._meeting, self._over = None, True

    def change_role(self, role: Role) -> None:
        """Who may do what is now said by another role."""
        self._role = role

    async def do(self, command: Command, by: str, channel: str, argument: str = "") -> str:
        """Carries out a command.

        Args:
            command: which.
            by: identity of who gives it.
            channel: ``rpc`` or ``chat``.
            argument: what to say, for `say`; which role to take, for `role`: its name or, by RPC,
                its YAML.

        Returns:
            What came of it: JSON for `status` and `role`, otherwise a sentence.

        Raises:
            Refusal: it is not allowed, not possible or not understood.
        """
        meeting = self._ready()
        if len(argument) > LONGEST and command is not Command.ROLE:
            raise Refusal(Code.BAD_REQUEST, f"at most {LONGEST} characters")
        if any(category(char) in _UNSAFE and not char.isspace() for char in argument):
            raise Refusal(Code.BAD_REQUEST, "control characters")
        allowed = permitted(self._role, command, channel, by)
        shown = _shown(command, argument)
        given = CommandGiven(meeting.now, command, by, channel, allowed, shown)
        if not allowed:
            meeting.command(given)
            raise Refusal(
                Code.NOT_PERMITTED, f"the role {self._role.id} does not let you: {command.value}"
            )
        if command is Command.SAY:
            self._take_text(argument, by)
        if command is Command.ROLE and argument:
            taken = await self._take_role(argument)
            meeting.command(replace(given, at=meeting.now, argument=taken))
            return f"I take the role {taken}."
        meeting.command(given)
        return self._answer(command, meeting)

    def open_to_all(self, command: Command) -> bool:
        """Whether it makes no difference who gives a command."""
        return self._role.authority.commands.get(command) == "everyone"

    def opt_out(self, by: str, channel: str) -> str:
        """Somebody does not want to be heard.

        Raises:
            Refusal: the role does not let people refuse.
        """
        if not self._refuse(by, channel):
            raise Refusal(Code.NOT_PERMITTED, f"with the role {self._role.id} everybody is heard")
        return "You are not heard any more."

    def opt_in(self, by: str, channel: str) -> str:
        """Somebody who refused agrees to be heard.

        Raises:
            Refusal: the participant's attribute still refuses.
        """
        if not self._agree(by, channel):
            raise Refusal(Code.NOT_POSSIBLE, "your attribute moderator.optout still says no")
        return "You are heard."

    def _ready(self) -> Meeting:
        if self._meeting is None:
            why = "the meeting is over" if self._over else "the meeting has not begun"
            raise Refusal(Code.NOT_READY, why)
        return self._meeting

    def _take_text(self, text: str, by: str) -> None:
        if not text.strip():
            raise Refusal(Code.BAD_REQUEST, "there is nothing to say")
        if not self._role.turn.may_speak:
            raise Refusal(Code.NOT_POSSIBLE, f"the role {self._role.id} never speaks")
        if not self._say(" ".join(text.split()), by):
            raise Refusal(Code.BUSY, "too much waits to be said")

    async def _take_role(self, asked: str) -> str:
        try:
            return await self._become(asked.strip())
        except InputError as error:
            raise Refusal(Code.NOT_POSSIBLE, error.what) from None

    def _answer(self, command: Command, meeting: Meeting) -> str:
        if command is Command.STATUS:
            return fitting(partial(self._status, meeting))
        if command is Command.ROLE:
            role = self._role
            return json.dumps(
                {"id": role.id, "name": role.identity.name, "summary": role.summary},
                ensure_ascii=False,
            )
        return _DONE[command]

    def _status(self, meeting: Meeting, people: int) -> dict[str, Any]:
        floor, standing = meeting.floor, meeting.standing
        return {
            "role": self._role.id,
            "seconds": to_seconds(meeting.now),
            "floor": floor.status.value,
            "holder": floor.holder,
            "hushed": standing.hushed,
            "listen_only": standing.listen_only,
            "agent_share": round(floor.agent_share, 3),
            "shares": shares(floor, people),
        }


_DONE = {
    Command.HUSH: "I am silent until /resume.",
    Command.RESUME: "I may speak again.",
    Command.LISTEN_ONLY: "I only listen until /resume.",
    Command.LEAVE: "I leave.",
    Command.SAY: "I say it when the floor is free.",
}


def _shown(command: Command, argument: str) -> str:
    """What the journal keeps of an argument; of a whole role only that it was one."""
    if command is Command.ROLE and not is_name(argument):
        return "…" if argument else ""
    return argument if command in (Command.SAY, Command.ROLE) else ""


def argument_of(payload: str) -> str:
    """The argument in an RPC payload: nothing, plain text, or JSON such as ``{"text": "…"}``.

    A whole role may also come as a JSON object.

    Raises:
        Refusal: it is JSON of another shape.
    """
    text = payload.strip()
    if not text.startswith(("{", "[", '"')):
        return text
    try:
        found = read_json(text)
    except ValueError as error:
        raise Refusal(Code.BAD_REQUEST, f"the payload is refused: {error}") from None
    if isinstance(found, dict) and "id" in found:
        return text
    if isinstance(found, dict):
        found = found.get("text", "")
    if not isinstance(found, str):
        raise Refusal(Code.BAD_REQUEST, 'the payload must be text or {"text": "…"}')
    return found


def parse_chat(text: str) -> tuple[str, str] | None:
    """``/word argument`` as word and argument; None for talk that is no command."""
    line = text.strip()
    if not line.startswith("/") or len(line) > LONGEST:
        return None
    word, _, argument = line[1:].partition(" ")
    return word.lower().replace("-", "_"), argument.strip()
