"""Microphones that several people share, and what the voices on them are called."""

from __future__ import annotations

from collections.abc import Mapping

from moderator.labels import ON, unnamed
from roles.schema import Role

SHARED = "moderator.shared_mic"
"""Attribute by which a participant says that several people use their microphone."""

YES = ("1", "true", "yes")
"""What an attribute says that holds."""


class SharedMicrophones:
    """Knows who shares their microphone, by attribute or by the role.

    A voice on a shared microphone is a person of its own: ``hall/speaker_2``, or ``hall/Ana`` where
    Ana's voice was enrolled. It is never the participant ``Ana``, whose rights it does not have.
    Nor can a participant take the label of such a voice: of two that would read alike, whoever was
    there first keeps it.

    Args:
        role: may name microphones.
    """

    def __init__(self, role: Role) -> None:
        self._by_role = frozenset(role.microphones.shared)
        self._by_attribute: frozenset[str] = frozenset()
        self._ever = self._by_role
        self._people = set(self._by_role)

    def read_attributes(self, identity: str, attributes: Mapping[str, str]) -> bool:
        """Takes a participant's attributes; True if they changed whether they share."""
        before = self.shares(identity)
        if not self.disguised(identity):
            self._people.add(identity)
        claims = attributes.get(SHARED, "").strip().lower() in YES
        if claims and not any(one.startswith(self.prefix(identity)) for one in self._people):
            self._by_attribute |= {identity}
            self._ever |= {identity}
        else:
            self._by_attribute -= {identity}
        return self.shares(identity) != before

    def shares(self, identity: str) -> bool:
        """Whether several people use a participant's microphone."""
        return identity in self._by_role or identity in self._by_attribute

    def disguised(self, identity: str) -> bool:
        """Whether a participant's identity reads like the label of a voice on a microphone."""
        if identity in self._people:
            return False
        return any(identity.startswith(self.prefix(one)) for one in self._ever)

    def labels_of(self, identity: str) -> tuple[str, ...]:
        """What a participant's words may stand under: with their microphone's, if it was shared."""
        return (identity, self.prefix(identity)) if identity in self._ever else (identity,)

    @staticmethod
    def prefix(identity: str) -> str:
        """What the labels of the voices on a microphone begin with."""
        return identity + ON

    def microphone_of(self, speaker: str) -> str:
        """The identity of the participant through whose microphone a speaker is heard."""
        if speaker in self._people:
            return speaker
        before, between, _ = speaker.rpartition(ON)
        return before if between and before in self._ever else speaker

    def name_of(self, speaker: str) -> str | None:
        """What a voice on a shared microphone is called; None for everybody else.

        Also for a voice that has not been attributed: that is nobody yet.
        """
        microphone = self.microphone_of(speaker)
        if microphone == speaker or unnamed(speaker):
            return None
        return speaker[len(self.prefix(microphone)) :].replace("_", " ")
