"""Who may be heard: nobody is subscribed, stored or fed to a model against their will."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from livekit import rtc

from integrations.livekit.people.shared_microphones import YES
from moderator.labels import unnamed
from moderator.language.phrases import phrases_of
from moderator.spacing import joined
from moderator.timeline import Samples
from roles.schema import Role

OPT_OUT = "moderator.optout"
"""Attribute by which a participant, or the application for them, refuses to be heard."""

LONGEST_IDENTITY = 256
LONGEST_NAME = 80

_PEOPLE = (
    rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
    rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
    rtc.ParticipantKind.PARTICIPANT_KIND_CONNECTOR,
)


def is_person(participant: rtc.RemoteParticipant) -> bool:
    """People take part; recorders, streams and other agents do not."""
    return participant.kind in _PEOPLE and acceptable(participant.identity)


def acceptable(identity: str) -> bool:
    """An identity that can stand in a journal and a transcript."""
    known = 0 < len(identity) <= LONGEST_IDENTITY and identity.isprintable()
    return known and not unnamed(identity)


def shown_name(participant: rtc.Participant) -> str:
    """What a participant is called; the identity where they have no printable name."""
    name = "".join(char for char in " ".join(participant.name.split()) if char.isprintable())
    return name[:LONGEST_NAME] or participant.identity


def refuses(attributes: Mapping[str, str]) -> bool:
    """Whether a participant's attributes say that they do not want to be heard."""
    return attributes.get(OPT_OUT, "").strip().lower() in YES


class Consent:
    """Remembers who refused.

    A refusal by attribute holds while the attribute stands; one by chat or RPC until it is taken
    back, also when the participant leaves and comes back.

    Args:
        role: whether people may refuse, and what they are told.
        now: the meeting's clock.
    """

    def __init__(self, role: Role, now: Callable[[], Samples]) -> None:
        self._role, self._now = role, now
        self._refused_at: dict[str, Samples] = {}
        self.refused: dict[str, str] = {}
        """By identity, by which channel who has refused by other than an attribute did so."""
        self._by_attribute: set[str] = set()
        self._excluded: set[str] = set()

    def exclude(self, identity: str) -> None:
        """They are never heard, and nothing of theirs counts: they read like somebody else."""
        self._excluded.add(identity)

    def excludes(self, identity: str) -> bool:
        """Whether they were excluded."""
        return identity in self._excluded

    def read_attributes(self, identity: str, attributes: Mapping[str, str]) -> bool:
        """Takes a participant's attributes; True if they changed whether they are heard."""
        before = self.allows(identity)
        if refuses(attributes) and self._role.consent.opt_out:
            self._end(identity)
            self._by_attribute.add(identity)
        else:
            self._by_attribute.discard(identity)
        return self.allows(identity) != before

    def restore(self, refused: Mapping[str, str], refused_at: Mapping[str, Samples]) -> None:
        """Takes who had refused, and when, in a meeting that goes on."""
        self.refused.update(refused)
        self._refused_at.update(refused_at)

    def refuse(self, identity: str, channel: str) -> bool:
        """From now on they are not heard; False if the role does not let people refuse."""
        if self._role.consent.opt_out:
            self._end(identity)
            self.refused[identity] = channel
        return self._role.consent.opt_out

    def agree(self, identity: str) -> bool:
        """They may be heard again, unless their attribute still says no."""
        self.refused.pop(identity, None)
        return self.allows(identity)

    def allows(self, identity: str, at: Samples | None = None) -> bool:
        """Whether somebody may be heard, or what they said from meeting time `at` on may be used.

        What was said before a refusal may not be used afterwards, also when they agreed anew.
        """
        if self.excludes(identity) or identity in self.refused or identity in self._by_attribute:
            return False
        return at is None or at >= self._refused_at.get(identity, 0)

    def refused_at(self, identity: str) -> Samples:
        """When somebody who was heard refused last; 0 if they never did."""
        return self._refused_at.get(identity, 0)

    def _end(self, identity: str) -> None:
        if self.allows(identity):
            self._refused_at[identity] = self._now()

    def announcement(self) -> str:
        """What people are told when the agent comes in."""
        role, say = self._role, phrases_of(self._role).say
        told = say(
            "announce",
            int(role.retention.transcript),
            agent=role.identity.name,
            title=role.identity.title,
            summary=role.summary,
        )
        return joined([told, say("announce_opt_out")]) if role.consent.opt_out else told
