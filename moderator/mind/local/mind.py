"""The local mind as such: its weights and the process that they run in, ready to enter meetings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from moderator.mind.base import Capabilities, Participant
from moderator.mind.local.engine import Engine, Reads
from moderator.mind.local.weights import Weights
from roles.schema import Role

if TYPE_CHECKING:
    from moderator.mind.local.session import LocalSession


class LocalMind:
    """Answers what no measured fact answers, with what somebody said; never proposes.

    Args:
        weights: what runs.
        live: the meeting does not wait for it: what is asked is read while it is being said.
        engine: runs it; None: a process that all minds with these weights share.
        within_s: wall-clock seconds after which the model hangs; None: as usual.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        live: bool = False,
        engine: Reads | None = None,
        within_s: float | None = None,
    ) -> None:
        self._weights, self._live = weights, live
        self._engine, self._within_s = engine, within_s

    @property
    def capabilities(self) -> Capabilities:
        """Reads words, and answers open questions."""
        return Capabilities(name="local", open_answers=True, models=self._weights.names)

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> LocalSession:
        """Starts a session; the process is started when it is first asked.

        Raises:
            InputError: there are no phrases in the role's language.
        """
        from moderator.mind.local.session import LocalSession

        return LocalSession(
            role,
            participants,
            self._engine or _shared(self._weights.model),
            embeds=self._weights.embeds,
            live=self._live,
            within_s=self._within_s,
        )


@cache
def _shared(model: Path) -> Engine:
    return Engine(model)
