"""Telling the voices on shared microphones apart, loaded when the first such microphone comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

from moderator.audio import Waveform
from moderator.ears.reading_pool import ReadingPool

if TYPE_CHECKING:
    from diarize.base import Diarizer
    from moderator.models.store import ModelStore

DiarizerMaker: TypeAlias = "Callable[[], Diarizer]"
"""Makes the diarizer of one microphone."""


WORKERS = 2
"""Microphones that are worked on at the same time."""


class SharedDiarization:
    """Tells voices on shared microphones apart; loaded when the first such microphone comes.

    Loading takes seconds and goes on beside the meetings.

    Args:
        load: loads the models.

    Attributes:
        pool: where diarizers of all meetings work.
    """

    def __init__(self, load: Callable[[], DiarizerMaker]) -> None:
        self._load = load
        self.pool = ReadingPool(WORKERS)
        self._made: Future[DiarizerMaker] | None = None
        self._lock = threading.Lock()

    def prepare(self) -> Future[DiarizerMaker]:
        """Begins to load, if that has not begun."""
        with self._lock:
            if self._made is None:
                worker = ThreadPoolExecutor(1, thread_name_prefix="load diarization")
                self._made = worker.submit(self._load)
                worker.shutdown(wait=False)
            return self._made

    def maker(self) -> DiarizerMaker | None:
        """Makes diarizers; None while the models are being loaded."""
        made = self.prepare()
        return made.result() if made.done() else None

    @property
    def failed(self) -> bool:
        """The models could not be loaded, or a voice could not be enrolled."""
        made = self._made
        return made is not None and made.done() and made.exception() is not None


def shared_diarization(store: ModelStore, enrolled: Mapping[str, Waveform]) -> SharedDiarization:
    """Diarization for shared microphones, with a few seconds of speech of people by name."""

    def load() -> DiarizerMaker:
        from moderator.cli.console import note
        from moderator.ears.loading import load_diarization_models

        try:
            models = load_diarization_models(store)
            known = models.enrol(enrolled)
        except ValueError as error:
            note(f"everybody on a shared microphone is heard as one person: {error}")
            raise
        return lambda: models.online(enrolled=known)

    return SharedDiarization(load)
