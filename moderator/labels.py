"""Labels of voices on microphones that several people share."""

from __future__ import annotations

SOMEBODY = "?"
"""Label of a voice on a shared microphone that has not been attributed yet; see `unnamed`."""

ON = "/"
"""Stands between a microphone's id and the label of a voice on it, where several are shared."""


def unnamed(speaker: str) -> bool:
    """Whether a label is that of a voice not attributed yet: ``?``, or ``hall/?``."""
    return speaker == SOMEBODY or speaker.endswith(ON + SOMEBODY)


def unnamed_beside(speaker: str) -> str:
    """The label of voices not attributed yet on the microphone that a speaker was heard by."""
    microphone, on, _ = speaker.rpartition(ON)
    return microphone + on + SOMEBODY
