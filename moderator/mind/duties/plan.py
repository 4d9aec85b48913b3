"""The meeting's plan: agenda items, planned length, and how far it has come."""

from __future__ import annotations

from moderator.timeline import Samples, to_samples
from roles.schema import AgendaDuty, AgendaItem, CloseDuty, Role, TimeCheckDuty

MINUTE = to_samples(60.0)


class Plan:
    """Progress through a role's agenda; an item begins when the one before it was handed over.

    Attributes:
        items: the agenda; empty without one.
        index: of the item that the meeting is at.
        length: planned length; None without one.
        closed: the agent has closed the meeting.
    """

    def __init__(self, role: Role) -> None:
        agendas = [duty for duty in role.duties if isinstance(duty, AgendaDuty)]
        self.items: list[AgendaItem] = agendas[0].items if agendas else []
        self.index = 0
        self.closed = False
        self._item_since: Samples = 0
        self.length = _planned_length(role, self.items)

    @property
    def item(self) -> AgendaItem | None:
        """The item that the meeting is at."""
        return self.items[self.index] if self.items else None

    @property
    def next_item(self) -> AgendaItem | None:
        """The item after it."""
        following = self.index + 1
        return self.items[following] if following < len(self.items) else None

    def item_left(self, now: Samples) -> Samples:
        """Time left for the item, negative when it runs over."""
        minutes = self.item.minutes if self.item else 0.0
        return self._item_since + round(minutes * MINUTE) - now

    def left(self, now: Samples) -> Samples | None:
        """Time left of the planned length, negative when over it; None without one."""
        return None if self.length is None else self.length - now

    def go_on(self, now: Samples) -> None:
        """The next item begins."""
        self.index = min(self.index + 1, max(0, len(self.items) - 1))
        self._item_since = now


def _planned_length(role: Role, items: list[AgendaItem]) -> Samples | None:
    given = [
        duty.meeting_minutes
        for duty in role.duties
        if isinstance(duty, TimeCheckDuty | CloseDuty) and duty.meeting_minutes is not None
    ]
    minutes = given[0] if given else sum(item.minutes for item in items)
    return round(minutes * MINUTE) if minutes else None
