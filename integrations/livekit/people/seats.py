"""Who takes part in the talk, of all who are in the room."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from integrations.livekit.people.consent import Consent
from integrations.livekit.people.shared_microphones import SharedMicrophones
from moderator.meeting.loop import Meeting
from moderator.mind.base import Participant


class Seats:
    """Gives everybody who can be heard a seat at the meeting.

    Somebody who never published a microphone is a spectator, and somebody who refused to be heard
    cannot be: neither is a quiet speaker, and the agent asks them nothing. Of a shared microphone
    the people on it take part, once they are heard.

    Args:
        consent: who may be heard.
        shared: whose microphone is shared.
        people: who is in the room, by identity.
        microphones: identities of who has published a microphone so far.
    """

    def __init__(
        self,
        consent: Consent,
        shared: SharedMicrophones,
        people: Callable[[], Mapping[str, Participant]],
        microphones: Callable[[], Collection[str]],
    ) -> None:
        self._consent, self._shared = consent, shared
        self._people, self._microphones = people, microphones
        self._meeting: Meeting | None = None

    def attach(self, meeting: Meeting) -> None:
        """The meeting has begun, with those who were `present`."""
        self._meeting = meeting
        self._count()

    def present(self) -> dict[str, Participant]:
        """Who takes part now, by identity."""
        people = self._people()
        return {one: person for one, person in people.items() if self._takes_part(one)}

    def review(self, identity: str) -> None:
        """Somebody came in, or their microphone, their consent or how they share it changed."""
        person = self._people().get(identity)
        if self._meeting is None or person is None:
            return
        if not self._takes_part(identity):
            self.leave(identity)
        elif identity not in self._meeting.participants:
            self._meeting.join(person)
        self._count()

    def review_all(self) -> None:
        """The meeting goes on after nobody was there to see who came and went."""
        if self._meeting is not None:
            for gone in set(self._meeting.participants) - set(self.present()):
                self._meeting.leave(gone)
            for identity in self._people():
                self.review(identity)

    def leave(self, identity: str) -> None:
        """Somebody goes, and with them everybody on their microphone."""
        if self._meeting is not None:
            for one in list(self._meeting.participants):
                if self._shared.microphone_of(one) == identity:
                    self._meeting.leave(one)
            self._count()

    def _count(self) -> None:
        """Tells how many more are in the room: spectators, who refused, and shared microphones."""
        if self._meeting is not None:
            self._meeting.unheard(sum(not self._takes_part(one) for one in self._people()))

    def _takes_part(self, identity: str) -> bool:
        heard = identity in self._microphones() and self._consent.allows(identity)
        return heard and not self._shared.shares(identity)
