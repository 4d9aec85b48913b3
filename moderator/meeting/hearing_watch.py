"""What the ears are told of the meeting, and what of them has failed, as events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moderator.ears.base import Ears, Fallible
from moderator.ears.expecting import expect
from moderator.events import Failure, Part, PartChanged
from moderator.labels import unnamed
from moderator.meeting.names import expected
from moderator.mind.base import Participant
from moderator.sparing import Spared
from moderator.timeline import Samples
from roles.schema import Role


class HearingWatch:
    """Asks ears of which a part may fail; others never do.

    Args:
        ears: the meeting's.
        names: of people who may come to be heard, beside those who are there.
    """

    def __init__(self, ears: Ears, names: tuple[str, ...] = ()) -> None:
        self._told, self._names = ears, names
        self._ears = ears if isinstance(ears, Fallible) else None
        self._down: frozenset[Part] = frozenset()

    def expect(self, role: Role, people: Iterable[Participant]) -> None:
        """Tells the ears which names are said here from now on."""
        named = [one.name for one in people if not unnamed(one.id)]
        expect(self._told, expected(role, [*named, *self._names]))

    def spare(self, spared: Spared) -> None:
        """Has the ears do without something, or take it up again."""
        if self._ears is not None:
            self._ears.spare(spares=spared.hypotheses)

    def events(self, now: Samples) -> Iterator[Failure | PartChanged]:
        """What failed since the last call, and which parts work or do not, if that changed."""
        if self._ears is None:
            return
        for part, what in self._ears.failures():
            yield Failure(now, part.value, what)
        down = self._ears.down
        for part in sorted(down ^ self._down):
            yield PartChanged(now, part, up=part not in down)
        self._down = down
