"""Whether what people send can be decrypted; where it cannot, nothing is heard, and people know."""

from __future__ import annotations

from collections.abc import Callable

from livekit import rtc

from integrations.livekit.people.consent import is_person
from moderator.cli.console import note
from moderator.timeline import Samples, to_samples

PATIENCE = to_samples(3.0)
"""A microphone that is on and subscribed was decrypted within this, or the key is another."""

AT_LATEST = to_samples(7.5)
"""The same where it is not said to be subscribed."""

NO_KEY = "this meeting is end-to-end encrypted, and I was given no key"
WRONG_KEY = "somebody's microphone is encrypted with another key than mine"

_GOES_WELL = (rtc.EncryptionState.OK, rtc.EncryptionState.KEY_RATCHETED)


class Encryption:
    """Follows which microphones are encrypted, and which of them are understood.

    Args:
        keyed: there is a key.
        allows: whether somebody may be heard.
        now: time that never stands still.
        show: shows why somebody cannot be heard, in words; None: everybody can again.
        write: writes to all in the chat.
        fails: writes it down.
    """

    def __init__(
        self,
        keyed: bool,
        allows: Callable[[str], bool],
        now: Callable[[], Samples],
        show: Callable[[str | None], None],
        write: Callable[[str], None],
        fails: Callable[[str, str], None],
    ) -> None:
        self._keyed, self._allows, self._now = keyed, allows, now
        self._show, self._write, self._fails = show, write, fails
        self._states: dict[str, rtc.EncryptionState.ValueType] = {}
        self._due: dict[str, Samples] = {}
        self.problem: str | None = None
        """Why somebody cannot be heard now; None: everybody can."""

    def opens(self, pub: rtc.RemoteTrackPublication) -> bool:
        """Whether a publication may be subscribed: without a key, what is encrypted is noise."""
        return self._keyed or pub.encryption_type == rtc.EncryptionType.NONE

    def attach(self, room: rtc.Room) -> None:
        """Follows a room; call before connecting."""
        room.on("e2ee_state_changed", self._state)

    def review(self, room: rtc.Room) -> None:
        """Looks whether everybody is understood, who means to be heard."""
        there = {
            pub.sid: (person.identity, pub.subscribed)
            for person in room.remote_participants.values()
            for pub in person.track_publications.values()
            if is_person(person) and self._allows(person.identity) and self._counts(pub)
        }
        now = self._now()
        due = {
            sid: min(self._due.get(sid, now + AT_LATEST), now + (PATIENCE if on else AT_LATEST))
            for sid, (_, on) in there.items()
        }
        self._due = due
        shut = [
            who
            for sid, (who, _) in there.items()
            if self._shut(who) and (not self._keyed or now >= due[sid])
        ]
        problem = None if not shut else WRONG_KEY if self._keyed else NO_KEY
        if problem != self.problem:
            self.problem = problem
            self._show(problem)
            self._tell(room, problem)

    def begun(self) -> None:
        """The meeting has begun: what is wrong already is written down."""
        if self.problem is not None:
            self._fails("encryption", self.problem)

    def _tell(self, room: rtc.Room, problem: str | None) -> None:
        if problem is None:
            self._write("I can decrypt what everybody says now.")
            return
        note(f"{room.name}: somebody cannot be heard: {problem}")
        self._write(f"I cannot hear everybody: {problem}.")
        self.begun()

    def _counts(self, pub: rtc.RemoteTrackPublication) -> bool:
        """An encrypted microphone; one that is muted sends nothing by which a key could be told."""
        encrypted = pub.encryption_type != rtc.EncryptionType.NONE
        audio = pub.kind == rtc.TrackKind.KIND_AUDIO
        return encrypted and audio and not (self._keyed and pub.muted)

    def _shut(self, who: str) -> bool:
        return not self._keyed or self._states.get(who) not in _GOES_WELL

    def _state(self, who: rtc.Participant, state: rtc.EncryptionState.ValueType) -> None:
        self._states[who.identity] = state
