"""What people are told when the agent goes on with a meeting that another program was in."""

from __future__ import annotations

from collections.abc import Callable

from moderator.arbiter.rules.base import Standing
from moderator.language.phrases import phrases_of
from roles.schema import Role

BACK = "I am back: the program that I ran in had broken off. I go on where I was."


def tell_back(
    role: Role,
    standing: Standing,
    write: Callable[[str], None],
    say: Callable[[str], object],
) -> None:
    """Says in the chat that it is back, and aloud unless it was told to be silent."""
    write(BACK)
    silent = standing.hushed or standing.listen_only or role.turn.only_when_addressed
    words = phrases_of(role).templates.get("back")
    if role.turn.may_speak and words and not silent:
        say(words[0])
