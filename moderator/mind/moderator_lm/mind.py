"""The embedded mind as such, loaded when its first meeting begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from moderator.mind.base import Capabilities, Participant
from roles.schema import Role

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.loading import Loaded
    from moderator.mind.moderator_lm.session import ModeratorSession

NAME = "moderator-lm"


class ModeratorLM:
    """Decides when a turn is fitting; it has no words of its own.

    Args:
        load: loads the model; called once, when it is first needed.
    """

    def __init__(self, load: Callable[[], Loaded]) -> None:
        self._load = load
        self._loaded: Loaded | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Reads words and the floor."""
        return Capabilities(name=NAME, models=(NAME, "smollm2-135m-instruct"))

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> ModeratorSession:
        """Starts a session.

        Raises:
            InputError: the weights or the language model are missing or broken.
        """
        from moderator.mind.moderator_lm.session import ModeratorSession

        if self._loaded is None:
            self._loaded = await asyncio.to_thread(self._load)
        return ModeratorSession(self._loaded, role, participants)
