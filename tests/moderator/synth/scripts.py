"""A short script for tests."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from moderator.synth.script import Script

_SCRIPT: dict[str, Any] = {
    "id": "rp-t1",
    "language": "en",
    "topic": "Who brings the ladder",
    "people": [
        {"id": "A", "name": "Ana", "about": "roofer"},
        {"id": "B", "name": "Bode", "about": "her brother"},
        {"id": "C", "name": "Chiu", "about": "neighbour"},
    ],
    "turns": [
        turn | {"n": n}
        for n, turn in enumerate(
            [
                {"by": "A", "text": "So who brings the ladder?", "act": "question", "to": "all"},
                {"by": "B", "text": "I will, on Friday.", "act": "answer", "to": "A"},
                {"by": "C", "text": "Mm-hm.", "act": "backchannel", "to": "B"},
                {"by": "B", "text": "Or Monday, we'll see.", "act": "inform", "to": "all"},
                {"by": "A", "text": "Fine, fine.", "act": "agree", "to": "B"},
                {"by": "C", "text": "What do you make of it?", "act": "question", "to": "agent"},
                {"by": "A", "text": "Let's get going.", "act": "suggest", "to": "all"},
            ],
            1,
        )
    ],
    "agents": [
        {
            "role": "Date keeper",
            "name": "Noor",
            "description": "You speak up when a promise has no date, or two of them.",
            "speaks": [
                {
                    "after": 4,
                    "text": "Friday or Monday, Bode?",
                    "to": "B",
                    "why": "Two dates for one promise.",
                    "start": "latch",
                }
            ],
            "holds": [{"after": 2, "why": "It has a date."}],
        },
        {"role": "Trainee", "name": "Kofi", "description": "You listen, and never say a word."},
    ],
}
for _turn in _SCRIPT["turns"]:
    _turn.setdefault("start", "gap")


def plain() -> dict[str, Any]:
    """The script as JSON has it, to be changed."""
    return deepcopy(_SCRIPT)


def script() -> Script:
    """The script."""
    return Script.model_validate(plain())
