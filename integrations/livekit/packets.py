"""JSON about everybody in a meeting that fits into one packet, however many they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moderator.floor.state import FloorView

PEOPLE = (30, 10, 3, 0)
"""People who are told of: so many of those who talked most as fit."""

LARGEST = 12_000
"""Bytes of a packet; LiveKit carries 15 kB, also as the answer of a method."""


def fitting(make: Callable[[int], dict[str, Any]]) -> str:
    """The JSON of what `make` tells of as many people as fit."""
    line = ""
    for people in PEOPLE:
        line = json.dumps(make(people), ensure_ascii=False)
        if len(line.encode()) <= LARGEST:
            break
    return line


def shares(floor: FloorView, people: int) -> dict[str, float]:
    """Shares of talk over the meeting, of so many who talked most."""
    total = sum(tally.talk for tally in floor.tallies.values()) or 1
    most = sorted(floor.tallies, key=lambda name: -floor.tallies[name].talk)[:people]
    return {name: round(floor.tallies[name].talk / total, 3) for name in most}
