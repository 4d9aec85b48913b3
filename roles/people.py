"""Whom a list of people in a role means."""

from __future__ import annotations

import unicodedata

from roles.schema import People


def allows(people: People, person: str, *also: str) -> bool:
    """Whether `people` includes a person.

    Upper and lower case, and the ways to write one character, make no difference. Display names
    are often chosen by the participants themselves, and ids may read alike: this is for courtesy;
    who may command compares ids exactly (`moderator.arbiter.spoken_commands.permitted`).

    Args:
        people: ``"everyone"``, ``"nobody"`` or names, as in a role.
        person: the participant's id.
        also: other names of the same participant, such as the one displayed.

    Returns:
        Whether the id or one of the other names is included.
    """
    if isinstance(people, str):
        return people == "everyone"
    wanted = {_plain(entry) for entry in people}
    return any(_plain(name) in wanted for name in (person, *also) if name.strip())


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
