"""Meetings that belong together, because the same people were there."""

from __future__ import annotations

from collections.abc import Sequence

from moderator.measure.bench.meeting import BenchMeeting


def teams(meetings: Sequence[BenchMeeting]) -> list[int]:
    """A number for each meeting; equal where people, also in several steps, connect them.

    A meeting whose people are not known is a team of its own. Where everybody is connected, each
    meeting is a team: leaving out all of them would leave nothing.
    """
    team = list(range(len(meetings)))

    def root(i: int) -> int:
        while team[i] != i:
            i = team[i]
        return i

    first: dict[str, int] = {}
    for i, meeting in enumerate(meetings):
        for person in sorted(meeting.people):
            a, b = root(first.setdefault(person, i)), root(i)
            team[max(a, b)] = min(a, b)
    found = [root(i) for i in range(len(meetings))]
    return found if len(set(found)) > 1 else list(range(len(meetings)))
