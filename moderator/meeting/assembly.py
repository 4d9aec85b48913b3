"""Puts loaded models together to ears; each model is loaded once and shared by all tracks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moderator.audio import Waveform

if TYPE_CHECKING:
    from diarize.base import Diarizer
    from moderator.ears.ahead import ListenerAhead
    from moderator.ears.listener import Listener
    from moderator.ears.loading import EarModels
    from moderator.models.store import ModelStore
    from moderator.timeline import Stopwatch

UNHURRIED_S = 2.0
"""Between two guesses at what somebody is saying, where nobody waits: guesses are most of the work,
and what is said is decoded to its end when it is over."""

WORKERS = 2
"""Sources recognised at the same time; the results do not depend on it."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a meeting is heard with.

    Attributes:
        store: where the models are.
        recogniser: name of a whisper in the store; None: the smallest that knows the language.
        language: what is spoken, ISO 639-1.
        enrolled: a few seconds of speech of people on shared microphones, by name.
        models: of `ear_models`, where they have been loaded already.
        as_live: words are guessed as often as in a live meeting, where somebody waits for them;
            otherwise every `UNHURRIED_S`.
    """

    store: ModelStore
    recogniser: str | None = None
    language: str = "en"
    enrolled: Mapping[str, Waveform] = field(default_factory=dict)
    models: EarModels | None = None
    as_live: bool = False


def ear_models(hearing: Hearing, notice: Callable[[str], None] = lambda _: None) -> EarModels:
    """Loads what finds voices and understands words; arguments and errors as of `load_ears`."""
    from moderator.ears import loading
    from moderator.ears.whisper_stream import StreamOptions

    notice(loading.recogniser_name(hearing.recogniser, hearing.language))
    return loading.load_ear_models(
        hearing.store,
        whisper=hearing.recogniser,
        language=hearing.language,
        workers=WORKERS,
        options=StreamOptions() if hearing.as_live else StreamOptions(step_s=UNHURRIED_S),
    )


def load_ears(
    hearing: Hearing,
    own: Sequence[str],
    shared: Sequence[str] = (),
    notice: Callable[[str], None] = lambda _: None,
    *,
    ahead: Stopwatch | None = None,
) -> tuple[Listener | ListenerAhead, tuple[str, ...]]:
    """Loads what hears: voice activity, recogniser, and diarization where it is needed.

    Args:
        hearing: which models.
        own: ids of participants with a track of their own.
        shared: ids of microphones that hear several people.
        notice: told the name of what is loaded now.
        ahead: the ears are told what comes before they hear it, and this gets the time that it
            takes; None: they are not.

    Returns:
        The ears, and the names of the models they use.

    Raises:
        InputError: a model is missing or broken, or does not know the language.
        DiarizeError: a voice cannot be enrolled.
    """
    from moderator.ears import loading
    from moderator.ears.ahead import ListenerAhead
    from moderator.ears.leakage import LeakageGuard
    from moderator.ears.listener import Listener

    models = hearing.models or ear_models(hearing, notice)
    used = [loading.VAD, models.recogniser.spec.name]
    diarizers: dict[str, Diarizer] = {}
    if shared:
        notice(loading.SEGMENTATION)
        diarization = loading.load_diarization_models(hearing.store)
        known = diarization.enrol(hearing.enrolled)
        diarizers = {name: diarization.online(enrolled=known) for name in shared}
        used += [loading.SEGMENTATION, loading.EMBEDDING]
    if ahead is not None:
        found = ListenerAhead(models.detector, models.recogniser, own, diarizers, WORKERS, ahead)
        return found, tuple(used)
    listener = Listener(
        [
            *(models.own_track(name) for name in own),
            *(models.shared_mic(name, diarizer) for name, diarizer in diarizers.items()),
        ],
        guard=LeakageGuard() if len(own) > 1 else None,
        workers=ThreadPoolExecutor(WORKERS, thread_name_prefix="ears"),
    )
    return listener, tuple(used)
