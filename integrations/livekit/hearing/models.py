"""The models of a room meeting, loaded once and shared by all meetings of a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moderator.ears.reading_pool import ReadingPool
from moderator.errors import InputError
from moderator.timeline import Stopwatch

if TYPE_CHECKING:
    from integrations.livekit.hearing.ears import RoomEars
    from integrations.livekit.hearing.shared_diarization import SharedDiarization
    from integrations.livekit.people.shared_microphones import SharedMicrophones
    from moderator.ears.live import LiveListener, LiveParts
    from moderator.ears.loading import EarModels
    from moderator.ears.utterances import GateOptions
    from moderator.models.store import ModelStore
    from moderator.mouth.base import Voice
    from moderator.timeline import Samples
    from roles.schema import Role

AHEAD_S = 0.05
"""Silence, after a voice has ended, from which on the end of an utterance is expected."""

WORKERS = 2
"""Windows recognised at the same time."""


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
        usage: what was used so far of what is paid for, by part and unit.
    """

    ears: EarModels
    voice: Voice | None
    load_voice: Callable[[Role], Voice]
    pool: ReadingPool
    diarization: SharedDiarization
    names: tuple[str, ...]
    usage: Callable[[], Mapping[str, Mapping[str, float]]] = dict

    def hearing(
        self,
        shared: SharedMicrophones,
        present: Callable[[], frozenset[str]],
        allowed: Callable[[str, Samples], bool],
        stopwatch: Stopwatch,
    ) -> RoomEars:
        """Ears for one meeting; arguments as for `RoomEars`, and what measures recognition."""
        from integrations.livekit.hearing.ears import RoomEars
        from moderator.ears.leakage import LeakageGuard

        parts, guard = self._parts(stopwatch), LeakageGuard()
        return RoomEars(parts, self.diarization, shared, present, allowed, guard=guard)

    def one_track(self, name: str, gate: GateOptions) -> LiveListener:
        """Ears for one person alone, who is called `name`."""
        from moderator.ears.live import LiveListener

        parts = self._parts(Stopwatch())
        return LiveListener(parts, [parts.models.own_track(name, gate=gate)])

    def _parts(self, stopwatch: Stopwatch) -> LiveParts:
        from moderator.ears.live import LiveParts

        return LiveParts(self.ears, self.pool, self.diarization.pool, stopwatch)


def load_models(
    role: Role,
    store: ModelStore,
    diarization: SharedDiarization,
    recogniser: str | None = None,
    *,
    ears_brought: bool = False,
) -> RoomModels:
    """Loads what a role needs.

    Args:
        role: the agent's.
        store: where the models are.
        diarization: for shared microphones.
        recogniser: a whisper of the store.
        ears_brought: an app's own recogniser is used; where there is no embedded one for the
            language, nothing takes its place.

    Raises:
        InputError: a model is missing or broken, or does not know the role's language.
    """
    from moderator.ears import loading
    from moderator.ears.whisper_stream import StreamOptions
    from moderator.mouth.loading import voice_of

    language = role.language.split("-", maxsplit=1)[0]
    try:
        ears = loading.load_ear_models(
            store,
            whisper=recogniser,
            language=language,
            workers=WORKERS,
            options=StreamOptions(full=False, ahead_s=AHEAD_S),
        )
    except InputError:
        if not ears_brought:
            raise
        ears = loading.load_detector(store)

    def voice_for(role: Role) -> Voice:
        return voice_of(role, store)

    voice = voice_for(role) if role.turn.may_speak else None
    if voice is not None:
        next(iter(voice.say(role.identity.name)), None)  # the first sentence takes longer
    names = [loading.VAD, ears.recogniser.spec.name]
    if voice is not None:
        names.append(voice.spec.backend)
    pool = ReadingPool(WORKERS)
    return RoomModels(ears, voice, voice_for, pool, diarization, tuple(names))
