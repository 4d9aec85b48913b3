"""People who dial in: they read no chat, so they are told by voice, and answer by the keypad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from livekit import rtc

from integrations.livekit.people.allowance import Allowance
from integrations.livekit.people.consent import is_person
from integrations.livekit.telling.control import Control, Refusal
from integrations.livekit.telling.spoken_refusals import SpokenRefusals
from moderator.events import Heard
from moderator.language.phrases import load_phrases, phrases_of
from moderator.timeline import Samples
from roles.schema import Role

REFUSES, AGREES = "9", "1"
"""Keys by which somebody is not heard any more, and is heard again."""

EVERY_S = 20.0
"""However many dial in, they are told no more often than this; all who are there, together."""

AT_ONCE, A_SECOND = 5, 0.5
"""Times that one person may agree anew; to refuse is never too often."""


class Callers:
    """Tells who dialled in what others read in the chat, and takes what they press.

    Args:
        role: whether people are told, and may refuse.
        control: takes refusals.
        say: has the agent say a text when the floor is free; False if too much waits.
        write: writes to somebody in the chat.
        microphone_of: the identity through whose microphone a speaker is heard.
        now: time that never stands still.
    """

    def __init__(
        self,
        role: Role,
        control: Control,
        say: Callable[[str, str], bool],
        write: Callable[[str, str], None],
        microphone_of: Callable[[str], str],
        now: Callable[[], Samples],
    ) -> None:
        self._role, self._control, self._say, self._write = role, control, say, write
        self._microphone_of, self._spoken = microphone_of, SpokenRefusals(role)
        self._told: set[str] = set()
        self._notices = Allowance(1, 1 / EVERY_S, now)
        self._often = Allowance(AT_ONCE, A_SECOND, now)
        self._room: rtc.Room | None = None

    def attach(self, room: rtc.Room) -> None:
        """Takes the keys pressed in a room; call before connecting."""
        self._room = room
        room.on("sip_dtmf_received", self._pressed)

    def review(self, room: rtc.Room) -> None:
        """Tells those who are there and have not been told, all at once."""
        turn, people = self._role.turn, room.remote_participants.values()
        fresh = [one.identity for one in people if _dialled_in(one)]
        fresh = [one for one in fresh if one not in self._told]
        if not fresh or not (self._role.consent.announce and turn.may_speak):
            return
        if self._notices.take("") and self._say(self.notice(), fresh[0]):
            self._told.update(fresh)

    def notice(self) -> str:
        """What they are told."""
        refusing = self._role.consent.opt_out
        template = "dialled_in" if refusing else "dialled_in_heard"
        return self._in_words(template, agent=self._role.identity.name, key=REFUSES)

    def heard(self, event: Heard) -> None:
        """Looks whether somebody said aloud that they do not want to be heard."""
        for speaker in self._spoken.find(event):
            identity = self._microphone_of(speaker)
            asyncio.get_running_loop().call_soon(self._refuse, identity, "voice")

    def _refuse(self, identity: str, channel: str) -> None:
        with suppress(Refusal):  # the role does not let people refuse, and told them nothing else
            self._write(self._control.opt_out(identity, channel), identity)
            self._answer(identity)

    def _answer(self, identity: str) -> None:
        """Confirms it aloud to somebody who dialled in, where the agent may speak."""
        one = self._room and self._room.remote_participants.get(identity)
        if one and _dialled_in(one) and self._role.turn.may_speak:
            self._say(self._in_words("not_heard", key=AGREES), identity)

    def _in_words(self, template: str, **facts: str) -> str:
        phrases = phrases_of(self._role)
        known = phrases if template in phrases.templates else load_phrases("en")
        return known.say(template, 0, **facts)

    def _pressed(self, key: rtc.SipDTMF) -> None:
        one = key.participant
        if one is None or not is_person(one) or key.digit not in (REFUSES, AGREES):
            return
        if key.digit == REFUSES:
            self._refuse(one.identity, "keypad")
        elif self._often.take(one.identity):
            with suppress(Refusal):
                self._write(self._control.opt_in(one.identity, "keypad"), one.identity)


def _dialled_in(one: rtc.RemoteParticipant) -> bool:
    return one.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP and is_person(one)
