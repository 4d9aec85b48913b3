"""Puts the embedded models together to ears; each is loaded once and shared by all tracks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diarize.base import Diarizer
    from moderator.ears.listener import Listener
    from moderator.models import ModelStore

VAD = "silero-vad"
SEGMENTATION = "pyannote-segmentation-3.0"
EMBEDDING = "campplus-zh-en"
WORKERS = 2
"""Sources recognised at the same time; the results do not depend on it."""


@dataclass(frozen=True, slots=True)
class Models:
    """Which models a meeting is heard with.

    Attributes:
        store: where they are.
        recogniser: name of the whisper model in the store.
    """

    store: ModelStore
    recogniser: str = "whisper-tiny.en"


def load_ears(
    models: Models, own: Sequence[str], shared: Sequence[str] = (), *, language: str = "en"
) -> tuple[Listener, tuple[str, ...]]:
    """Loads what hears: voice activity, recogniser, and diarization where it is needed.

    Args:
        models: which ones.
        own: ids of participants with a track of their own.
        shared: ids of microphones that hear several people.
        language: what is spoken.

    Returns:
        The ears, and the names of the models they use.

    Raises:
        InputError: a model is missing or broken, or does not know the language.
    """
    from diarize.tracks import TrackDiarizer
    from moderator.ears.leakage import LeakageGuard
    from moderator.ears.listener import Listener
    from moderator.ears.sources import OwnTrack, SharedMic, Source
    from moderator.ears.vad import SileroVad, load_silero
    from moderator.ears.whisper import load_whisper
    from moderator.ears.whisper_stream import WhisperRecogniser

    network = load_silero(models.store.path(VAD))
    whisper = load_whisper(
        models.store.directory(models.recogniser), language=language[:2], workers=WORKERS
    )
    recogniser = WhisperRecogniser(whisper, name=models.recogniser)
    sources: list[Source] = [
        OwnTrack(name, SileroVad(network), recogniser.open(), partial(TrackDiarizer, name))
        for name in own
    ]
    for name in shared:
        diarizer = load_diarizer(models.store)
        sources.append(SharedMic(name, SileroVad(network), recogniser.open(), diarizer))
    listener = Listener(
        sources,
        guard=LeakageGuard() if len(own) > 1 else None,
        workers=ThreadPoolExecutor(WORKERS, thread_name_prefix="ears"),
    )
    diarization = (SEGMENTATION, EMBEDDING) if shared else ()
    return listener, (VAD, models.recogniser, *diarization)


def load_diarizer(store: ModelStore, *, latency_s: float = 1.0) -> Diarizer:
    """The online diarizer over the embedded weights.

    Raises:
        InputError: a model is missing or broken.
    """
    from diarize.embedding import CamPlusPlusEmbedder
    from diarize.loading import load_campplus, load_segmentation
    from diarize.online import OnlineDiarizer
    from diarize.segmentation import PyannoteSegmentation

    segmentation = PyannoteSegmentation(load_segmentation(store.path(SEGMENTATION)))
    embedder = CamPlusPlusEmbedder(load_campplus(store.path(EMBEDDING)))
    return OnlineDiarizer(segmentation, embedder, latency_s=latency_s)
