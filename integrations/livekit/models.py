"""The models of a room meeting, loaded once and shared by all meetings of a process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moderator.ears.background import BackgroundRecogniser

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.livekit.source import RoomEars
    from moderator.ears.listener import Listener
    from moderator.ears.loading import EarModels
    from moderator.ears.utterances import GateOptions
    from moderator.models import ModelStore
    from moderator.mouth.base import Voice
    from moderator.timeline import Stopwatch
    from roles.schema import Role

WORKERS = 2
"""Windows recognised at the same time."""


@dataclass(frozen=True, slots=True)
class RoomModels:
    """Loaded models.

    Attributes:
        ears: find voices and words.
        voice: speaks; None for a role that never does.
        workers: recognise beside the meetings.
        names: of the models, for the journal.
    """

    ears: EarModels
    voice: Voice | None
    workers: ThreadPoolExecutor
    names: tuple[str, ...]

    def hearing(
        self,
        present: Callable[[], frozenset[str]],
        allowed: Callable[[str], bool],
        stopwatch: Stopwatch,
    ) -> RoomEars:
        """Ears for one meeting; arguments as for `RoomEars`, and what measures recognition."""
        from integrations.livekit.source import RoomEars
        from moderator.ears.leakage import LeakageGuard
        from moderator.ears.listener import Listener
        from moderator.ears.loading import EarModels

        recogniser = BackgroundRecogniser(self.ears.recogniser, self.workers, stopwatch)
        models = EarModels(self.ears.network, recogniser)
        return RoomEars(Listener(guard=LeakageGuard()), models, recogniser, present, allowed)

    def one_track(self, name: str, gate: GateOptions) -> Listener:
        """Ears for one person alone, who is called `name`."""
        from moderator.ears.listener import Listener
        from moderator.ears.loading import EarModels

        recogniser = BackgroundRecogniser(self.ears.recogniser, self.workers)
        models = EarModels(self.ears.network, recogniser)
        return Listener([models.own_track(name, gate=gate)])


def load_models(role: Role, store: ModelStore, recogniser: str | None = None) -> RoomModels:
    """Loads what a role needs.

    Raises:
        InputError: a model is missing or broken, or does not know the role's language.
    """
    from moderator.ears import loading
    from moderator.ears.whisper_stream import StreamOptions
    from moderator.mouth.loading import load_voice

    language = role.language.split("-", maxsplit=1)[0]
    ears = loading.load_ear_models(
        store,
        whisper=recogniser,
        language=language,
        workers=WORKERS,
        options=StreamOptions(full=False),
    )
    voice = load_voice(role.voice, store) if role.turn.may_speak else None
    names = [loading.VAD, ears.recogniser.spec.name]
    if voice is not None:
        names.append(voice.spec.backend)
    workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="recognise")
    return RoomModels(ears, voice, workers, tuple(names))
