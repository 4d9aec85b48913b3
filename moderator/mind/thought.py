"""Parts what a model thought from what it said; the tags are known in one place, the mouth's."""

from __future__ import annotations

from typing import NamedTuple

from moderator.mouth.cleaning import without_tags, without_thoughts


class Parted(NamedTuple):
    """A model's output in two."""

    thought: str
    said: str


def part(text: str) -> Parted:
    """Parts a whole output.

    A thought that was left open takes everything behind it; a closing tag that was never opened
    ends a thought at whose beginning the text begins.
    """
    said = without_thoughts(text)
    thought = text.removesuffix(said) if said else text
    if thought == text and said:
        return Parted("", said)
    return Parted(without_tags(thought), said.strip())
