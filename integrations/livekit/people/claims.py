"""What people say of themselves while the meeting goes on: their attributes and their name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from livekit import rtc

from integrations.livekit.people.allowance import Allowance, Paced
from integrations.livekit.people.consent import is_person, refuses
from integrations.livekit.people.refusals import Refusals
from integrations.livekit.people.shared_microphones import SharedMicrophones
from moderator.timeline import Samples

AT_ONCE, A_SECOND = 5, 0.5
"""Changes of one person that are taken as they come, and the rate of further ones."""


class Claims:
    """Follows what people change of themselves.

    A refusal counts at once. Of anything else, what somebody changes too often counts as it stands
    a moment later: each change may cost a line of the journal, a seat, or a source of ears.

    Args:
        shared: whose microphone is shared.
        refusals: see through who may be heard.
        now: time that never stands still.
        sharing_changed: told who begins, or ceases, to share their microphone.
        changed: told who may have another name or other attributes, and reads them.
    """

    def __init__(
        self,
        shared: SharedMicrophones,
        refusals: Refusals,
        now: Callable[[], Samples],
        sharing_changed: Callable[[str], None],
        changed: Callable[[rtc.RemoteParticipant], None],
    ) -> None:
        self._shared, self._refusals = shared, refusals
        self._sharing_changed, self._told = sharing_changed, changed
        self._room: rtc.Room | None = None
        self._paced = Paced(self._review, Allowance(AT_ONCE, A_SECOND, now))

    def attach(self, room: rtc.Room) -> None:
        """Follows the people of a room; call before connecting."""
        self._room = room
        room.on("participant_attributes_changed", lambda _, person: self._changed(person))
        room.on("participant_name_changed", lambda person, *_: self._changed(person))

    def close(self) -> None:
        """Follows nobody any more."""
        self._paced.close()

    def read(self, identity: str, attributes: Mapping[str, str]) -> None:
        """Takes the attributes of somebody who is there, whether or not they have changed."""
        if self._shared.read_attributes(identity, attributes):
            self._sharing_changed(identity)
        self._refusals.read_attributes(identity, attributes)

    def _changed(self, person: rtc.Participant) -> None:
        if isinstance(person, rtc.RemoteParticipant) and is_person(person):
            if refuses(person.attributes):
                self._refusals.read_attributes(person.identity, person.attributes)
            self._paced.ask(person.identity)

    def _review(self, identity: str) -> None:
        person = self._room and self._room.remote_participants.get(identity)
        if person:
            self._told(person)
