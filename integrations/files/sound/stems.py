"""What the names of several recordings have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence


def common_beginning(stems: Sequence[str]) -> tuple[str, list[str]]:
    """The words that all begin with, and each without them.

    ``standup-ann`` and ``standup-bob`` give ``standup``, ``ann`` and ``bob``. A word goes with what
    separates it: of ``ann`` and ``ann-2`` nothing is taken away.
    """
    split = [re.split(r"([ ._-]+)", stem) for stem in stems]
    common = 0
    for words in zip(*split, strict=False):
        if len(set(words)) > 1:
            break
        common += 1
    beginning = "".join(split[0][:common]).strip(" ._-")
    return beginning, ["".join(words[common - common % 2 :]) for words in split]
