"""The embedded mind as such, loaded while its first meeting begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from moderator.mind.base import Capabilities, Participant
from moderator.mind.moderator_lm.loading import NAME, Loaded, Outline
from roles.schema import Role

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.session import ModeratorSession


class ModeratorLM:
    """Decides when a turn is fitting; it has no words of its own.

    Args:
        load: loads the model; called once, when it is first needed.
        outline: tells what is known of it before; a meeting then begins while it is loaded, and
            waits at the first question. None: it begins when the model is there.
        hears_audio: it is loaded with its speech encoder.
        thinks: they were trained with thoughts.
    """

    def __init__(
        self,
        load: Callable[[], Loaded],
        *,
        outline: Callable[[], Outline] | None = None,
        hears_audio: bool = False,
        thinks: bool = False,
    ) -> None:
        self._load, self._outline = load, outline
        self._hears_audio, self._thinks = hears_audio, thinks
        self._loaded: Loaded | None = None
        self._executor = ThreadPoolExecutor(1, NAME, initializer=_begin_torch)

    @property
    def capabilities(self) -> Capabilities:
        """Reads words and the floor."""
        loaded = self._loaded
        return Capabilities(
            name=NAME,
            hears_audio=self._hears_audio,
            thinks=self._thinks,
            models=("smollm2-135m-instruct", *(("whisper-tiny.en",) if self._hears_audio else ())),
            number_type=None if loaded is None else loaded.number_type,
        )

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> ModeratorSession:
        """Starts a session.

        Raises:
            InputError: the weights or the language model are missing or broken; where there is an
                outline, the first question may raise it instead.
        """
        from moderator.mind.moderator_lm.session import ModeratorSession

        known = self._outline() if self._outline is not None else None
        loading = asyncio.get_running_loop().run_in_executor(self._executor, self._once)
        if known is None:
            known = (await loading).outline
        else:
            loading.add_done_callback(asyncio.Future.exception)  # the first question meets it again
        return ModeratorSession(known, self._once, role, participants, self._executor)

    def _once(self) -> Loaded:
        """Runs in the one thread, so that sessions that open together load it once."""
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded


def _begin_torch() -> None:
    """Sums on one core have one order, and so one result; and the meeting keeps the others."""
    import torch

    from moderator.mind.moderator_lm.resident import drop_torch

    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        drop_torch()
