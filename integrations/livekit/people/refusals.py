"""What follows, and in which order, when somebody refuses to be heard or agrees again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from integrations.livekit.people.consent import Consent
from integrations.livekit.people.erasure import Erasures
from integrations.livekit.people.shared_microphones import SharedMicrophones
from moderator.errors import InputError
from moderator.journal.erasure import Erasure
from moderator.labels import SOMEBODY
from moderator.meeting.loop import Meeting
from moderator.timeline import Samples
from roles.schema import Role


@dataclass(frozen=True, slots=True)
class Consequences:
    """What is done elsewhere in a session.

    Attributes:
        review: subscribes and seats somebody as their consent now says.
        take_back: takes back from the room, at a meeting time, what somebody said.
        labels_owed: of which of their labels words are owed an erasure.
        voices: labels of everybody who has a name, voices on shared microphones among them.
        end: ends the meeting, with the reason.
    """

    review: Callable[[str], None]
    take_back: Callable[[Samples, str], None]
    labels_owed: Callable[[tuple[str, ...]], tuple[str, ...]]
    voices: Callable[[], Collection[str]]
    end: Callable[[str], None]


class Refusals:
    """Sees refusals through: nobody is heard, then what is owed is on the disk, then it is done.

    Args:
        role: says whether an objection ends the meeting for the agent.
        consent: remembers who refused.
        shared: knows the voices on shared microphones.
        erasures: keep what is promised.
        consequences: what is done elsewhere.
    """

    def __init__(
        self,
        role: Role,
        consent: Consent,
        shared: SharedMicrophones,
        erasures: Erasures,
        consequences: Consequences,
    ) -> None:
        self._role, self._consent, self._shared = role, consent, shared
        self._erasures, self._then = erasures, consequences
        self._meeting: Meeting | None = None

    def attach(self, meeting: Meeting) -> None:
        """The meeting has begun: there is something to erase.

        Who refused before is written down: whoever goes on with it must know.
        """
        self._meeting = meeting
        for identity, channel in self._consent.refused.items():
            if meeting.now == 0:
                self._write_down(identity, channel, None, allowed=False)

    def detach(self) -> None:
        """The meeting is over; refusals from now on concern its files alone."""
        self._meeting = None

    def refuse(self, identity: str, channel: str) -> bool:
        """They are not heard from now on; False if the role does not let people refuse.

        Who says so again, and has not been heard in between, changes nothing.
        """
        heard = self._consent.allows(identity)
        if not self._consent.refuse(identity, channel):
            return False
        if heard:
            self._changed(identity, channel, allowed=False)
        return True

    def agree(self, identity: str, channel: str) -> bool:
        """They may be heard again, unless their attribute still says no."""
        heard = self._consent.allows(identity)
        agreed = self._consent.agree(identity)
        if agreed and not heard:
            self._changed(identity, channel, allowed=True)
        return agreed

    def read_attributes(self, identity: str, attributes: Mapping[str, str]) -> None:
        """Takes a participant's attributes after they changed."""
        if self._consent.read_attributes(identity, attributes):
            self._changed(identity, "attribute", allowed=self._consent.allows(identity))

    def _changed(self, identity: str, channel: str, *, allowed: bool) -> None:
        self._then.review(identity)
        owed = None if allowed else self._owed(identity)
        self._write_down(identity, channel, owed, allowed=allowed)
        if not allowed:
            self._withhold(identity, erase=owed is not None)
        if owed is not None:
            self._erasures.erase(identity, owed)
        if not allowed and self._role.consent.leave_on_objection:
            self._then.end(f"{identity} objected")

    def _owed(self, identity: str) -> Erasure | None:
        """What is to be erased of somebody who refuses now."""
        before = self._consent.refused_at(identity)
        labels = self._then.labels_owed(self._shared.labels_of(identity))
        return Erasure(labels, before) if labels and before else None

    def _write_down(
        self, identity: str, channel: str, owed: Erasure | None, *, allowed: bool
    ) -> None:
        if self._meeting is None:
            return
        labels, before = (owed.labels, owed.before) if owed is not None else ((), 0)
        try:
            self._meeting.consent(identity, channel, given=allowed, erases=labels, before=before)
        except InputError as error:  # what they want is done all the same
            self._then.end(f"nothing can be written any more: {error.what}")

    def _withhold(self, identity: str, *, erase: bool) -> None:
        """Uses nothing more of somebody; drops all they said so far, if that is owed."""
        if self._meeting is None:
            return
        theirs = {identity, self._shared.prefix(identity) + SOMEBODY}
        theirs |= {
            one for one in self._then.voices() if self._shared.microphone_of(one) == identity
        }
        for one in sorted(theirs):
            self._meeting.forget(one) if erase else self._meeting.withhold(one)
        if erase:
            self._then.take_back(self._meeting.now, identity)
