"""The models of a room meeting, loaded once and shared by all meetings of a process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from moderator.audio import Waveform
from moderator.ears.background import BackgroundRecogniser
from moderator.ears.reading_pool import ReadingPool

if TYPE_CHECKING:
    from diarize.base import Diarizer
    from integrations.livekit.shared import SharedMicrophones
    from integrations.livekit.source import RoomEars
    from moderator.ears.listener import Listener
    from moderator.ears.loading import EarModels
    from moderator.ears.utterances import GateOptions
    from moderator.models import ModelStore
    from moderator.mouth.base import Voice
    from moderator.timeline import Samples, Stopwatch
    from roles.schema import Role

AHEAD_S = 0.05
"""Silence, after a voice has ended, from which on the end of an utterance is expected."""

WORKERS = 2
"""Windows recognised at the same time."""


DiarizerMaker: TypeAlias = "Callable[[], Diarizer]"
"""Makes the diarizer of one microphone."""


class SharedDiarization:
    """Tells voices on shared microphones apart; loaded when the first such microphone comes.

    Loading takes seconds and goes on beside the meetings.

    Args:
        load: loads the models.
    """

    def __init__(self, load: Callable[[], DiarizerMaker]) -> None:
        self._load = load
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

    def open(self) -> Diarizer | None:
        """A diarizer for one microphone; None while the models are being loaded."""
        made = self.prepare()
        return made.result()() if made.done() else None

    @property
    def failed(self) -> bool:
        """The models could not be loaded, or a voice could not be enrolled."""
        made = self._made
        return made is not None and made.done() and made.exception() is not None


@dataclass(frozen=True, slots=True)
class RoomModels:
    """Loaded models.

    Attributes:
        ears: find voices and words.
        voice: speaks; None for a role that never does.
        load_voice: loads the voice of another role.
        pool: recognises beside the meetings.
        diarization: for shared microphones.
        names: of the models, for the journal.
    """

    ears: EarModels
    voice: Voice | None
    load_voice: Callable[[Role], Voice]
    pool: ReadingPool
    diarization: SharedDiarization
    names: tuple[str, ...]

    def hearing(
        self,
        shared: SharedMicrophones,
        present: Callable[[], frozenset[str]],
        allowed: Callable[[str, Samples], bool],
        stopwatch: Stopwatch,
    ) -> RoomEars:
        """Ears for one meeting; arguments as for `RoomEars`, and what measures recognition."""
        from integrations.livekit.source import RoomEars
        from moderator.ears.leakage import LeakageGuard
        from moderator.ears.listener import Listener
        from moderator.ears.loading import EarModels

        recogniser = BackgroundRecogniser(self.ears.recogniser, self.pool, stopwatch)
        models = EarModels(self.ears.network, recogniser)
        listener = Listener(guard=LeakageGuard())
        return RoomEars(listener, models, recogniser, self.diarization, shared, present, allowed)

    def one_track(self, name: str, gate: GateOptions) -> Listener:
        """Ears for one person alone, who is called `name`."""
        from moderator.ears.listener import Listener
        from moderator.ears.loading import EarModels

        recogniser = BackgroundRecogniser(self.ears.recogniser, self.pool)
        models = EarModels(self.ears.network, recogniser)
        return Listener([models.own_track(name, gate=gate)])


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


def load_models(
    role: Role,
    store: ModelStore,
    diarization: SharedDiarization,
    recogniser: str | None = None,
) -> RoomModels:
    """Loads what a role needs.

    Args:
        role: the agent's.
        store: where the models are.
        diarization: for shared microphones.
        recogniser: a whisper of the store.

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
        options=StreamOptions(full=False, ahead_s=AHEAD_S),
    )

    def voice_of(role: Role) -> Voice:
        return load_voice(role.voice, store)

    voice = voice_of(role) if role.turn.may_speak else None
    if voice is not None:
        next(iter(voice.say(role.identity.name)), None)  # the first sentence takes longer
    names = [loading.VAD, ears.recogniser.spec.name]
    if voice is not None:
        names.append(voice.spec.backend)
    pool = ReadingPool(ThreadPoolExecutor(WORKERS, thread_name_prefix="recognise"), WORKERS)
    return RoomModels(ears, voice, voice_of, pool, diarization, tuple(names))
