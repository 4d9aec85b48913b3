"""Whether the agent is alone with one person: then it needs no name."""

from __future__ import annotations

from dataclasses import dataclass

from moderator.timeline import Samples


@dataclass(frozen=True, slots=True)
class AloneWith:
    """From now on nobody but `person` is there with the agent; None: others are, or nobody."""

    at: Samples
    person: str | None
