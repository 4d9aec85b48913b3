"""The embedded mind as such, loaded when its first meeting begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from moderator.mind.base import Capabilities, Participant
from moderator.mind.moderator_lm.loading import NAME, Loaded
from roles.schema import Role

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.session import ModeratorSession


class ModeratorLM:
    """Decides when a turn is fitting; it has no words of its own.

    Args:
        load: loads the model; called once, when it is first needed.
        hears_audio: it is loaded with its speech encoder.
        thinks: they were trained with thoughts.
    """

    def __init__(
        self, load: Callable[[], Loaded], *, hears_audio: bool = False, thinks: bool = False
    ) -> None:
        self._load, self._hears_audio, self._thinks = load, hears_audio, thinks
        self._loaded: Loaded | None = None
        self._executor = ThreadPoolExecutor(1, NAME, initializer=_one_core)

    @property
    def capabilities(self) -> Capabilities:
        """Reads words and the floor."""
        return Capabilities(
            name=NAME,
            hears_audio=self._hears_audio,
            thinks=self._thinks,
            models=("smollm2-135m-instruct", *(("whisper-tiny.en",) if self._hears_audio else ())),
        )

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> ModeratorSession:
        """Starts a session.

        Raises:
            InputError: the weights or the language model are missing or broken.
        """
        loop = asyncio.get_running_loop()
        loaded = await loop.run_in_executor(self._executor, self._once)
        from moderator.mind.moderator_lm.session import ModeratorSession

        return ModeratorSession(loaded, role, participants, self._executor)

    def _once(self) -> Loaded:
        """Runs in the one thread, so that sessions that open together load it once."""
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded


def _one_core() -> None:
    """Sums on one core have one order, and so one result; and the meeting keeps the others."""
    import torch

    torch.set_num_threads(1)
