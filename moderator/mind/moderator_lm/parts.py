"""Who is who: one letter for each participant, and the role prompt that names them.

Letters, not names: they cost one token each, and what a participant calls themselves cannot reach
the prompt. Positions can, cut and cleaned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from roles.schema import Role

SYSTEM = "<|im_start|>system\n{}<|im_end|>\n"
"""How the role prompt stands before a conversation."""

LONGEST_POSITION = 40
"""Characters of a position that are read."""

LONGEST_DESCRIPTION = 600
"""Characters of a description that are read."""

MOST_NAMED = 9
"""Others whose position the prompt names; the rest are counted."""

_LEADING = frozenset({"open", "agenda", "close", "invite_quiet", "summarise"})
"""Duties of somebody who leads the meeting."""


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody is in the meeting.

    Attributes:
        position: at work or in the meeting; None where not known.
        leads: leads the meeting.
        description: who it is and when it speaks, of the seat's own part; None where nobody says.
    """

    position: str | None = None
    leads: bool = False
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody's part, seen from one seat.

    Attributes:
        me: the seat's own part; None: its role is withheld, the others' too.
        others: per participant.
    """

    me: Part | None = None
    others: Mapping[str, Part] = field(default_factory=dict)

    def withheld(self) -> Cast:
        """The same without any role, for comparison."""
        return Cast(None, {name: Part() for name in self.others})


def part_of(role: Role) -> Part:
    """The part that a role stands for: it leads if its duties are a leader's."""
    duties = {duty.type for duty in role.duties}
    return Part(role.identity.title, leads=len(duties & _LEADING) > 1)


def letter(index: int) -> str:
    """``A`` to ``Z``, then ``AA`` and so on."""
    if index < 0:
        raise ValueError("letters count from 0")
    name = ""
    while True:
        name = chr(ord("A") + index % 26) + name
        index = index // 26 - 1
        if index < 0:
            return name


def letters(names: Sequence[str]) -> dict[str, str]:
    """A letter for each name, in order."""
    return {name: letter(index) for index, name in enumerate(names)}


def prompt(cast: Cast, me: str, labels: Mapping[str, str]) -> str:
    """The role prompt, which stands as a system message.

    Args:
        cast: everybody's part.
        me: the seat's name.
        labels: everybody's letter, the seat's too.
    """
    if cast.me is None:
        return f"You are {labels[me]}."
    known = [name for name in labels if name in cast.others]
    leaders = [labels[name] for name in known if cast.others[name].leads]
    lead = ""
    if cast.me.leads:
        lead = " You lead the meeting."
    elif leaders:
        lead = f" {leaders[0]} leads the meeting."
    named = ", ".join(
        f"{labels[name]} {_position(cast.others[name])}" for name in known[:MOST_NAMED]
    )
    more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
    others = f" Others: {named}{more}." if named else ""
    described = _plain(cast.me.description or "", LONGEST_DESCRIPTION)
    described = f" {described}" if described else ""
    return f"You are {labels[me]}, {_position(cast.me)}.{lead}{described}{others}"


def _position(part: Part) -> str:
    words = "".join(
        char if char.isalnum() or char in " -'" else " " for char in part.position or ""
    )
    return _plain(words, LONGEST_POSITION) or "participant"


def _plain(text: str, longest: int) -> str:
    """Text on one line, without what could form markup, cut."""
    kept = (char if char.isprintable() else " " for char in text if char not in "<>|")
    return " ".join("".join(kept).split())[:longest].strip()
