"""Loads what the ears need from the model store."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from diarize.tracks import TrackDiarizer
from moderator.audio import Waveform
from moderator.ears.detecting import DetectorMaker
from moderator.ears.language_guard import Identify
from moderator.ears.recogniser import NoRecogniser, Recogniser
from moderator.ears.sources import OwnTrack, SharedMic
from moderator.ears.utterances import GateOptions
from moderator.ears.vad import SileroVad, load_silero
from moderator.ears.vocabulary import Known, vocabulary
from moderator.ears.whisper import Whisper, load_whisper
from moderator.ears.whisper_stream import StreamOptions, WhisperRecogniser
from moderator.timeline import Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diarize.base import Diarizer
    from diarize.embedding import SpeakerEmbedder, Vector
    from diarize.online import OnlineDiarizer
    from diarize.segmentation import LocalSegmentation
    from moderator.models.store import ModelStore

VAD = "silero-vad"
ENGLISH = "whisper-tiny.en"
MULTILINGUAL = "whisper-base"
SEGMENTATION = "pyannote-segmentation-3.0"
EMBEDDING = "campplus-zh-en"
EXPORTED = "onnx"
"""Where exported networks lie, beside their weights."""


@dataclass(frozen=True, slots=True)
class EarModels:
    """The loaded models that all sources of a meeting share.

    Attributes:
        detector: makes what finds the voices on one track.
        recogniser: understands words.
    """

    detector: DetectorMaker
    recogniser: Recogniser

    @property
    def known(self) -> Known:
        """The words of what is spoken."""
        return vocabulary(self.recogniser.spec.languages)

    def own_track(
        self, participant: str, *, start: Samples = 0, gate: GateOptions | None = None
    ) -> OwnTrack:
        """The track of one participant, heard from meeting time `start` on."""
        return OwnTrack(
            participant,
            self.detector(),
            self.recogniser.open(),
            lambda vad: TrackDiarizer(participant, vad),
            gate=gate,
            start=start,
            known=self.known,
        )

    def shared_mic(
        self,
        id: str,  # noqa: A002 - what everybody calls it
        diarizer: Diarizer,
        *,
        start: Samples = 0,
        gate: GateOptions | None = None,
        prefix: str = "",
    ) -> SharedMic:
        """A microphone that hears several people, told apart by `diarizer`."""
        return SharedMic(
            id,
            self.detector(),
            self.recogniser.open(),
            diarizer,
            gate=gate,
            start=start,
            prefix=prefix,
            known=self.known,
        )


def recogniser_name(whisper: str | None, language: str) -> str:
    """The whisper asked for, or the smallest that knows the language."""
    return whisper or (ENGLISH if language == "en" else MULTILINGUAL)


def load_ear_models(
    store: ModelStore,
    *,
    whisper: str | None = None,
    language: str = "en",
    threads: int = 1,
    workers: int = 2,
    options: StreamOptions | None = None,
) -> EarModels:
    """Loads voice activity and recogniser.

    Args:
        store: where the models are.
        whisper: a whisper in the store; by default the small English one, or for other languages
            the multilingual one.
        language: ISO 639-1 code of what is spoken.
        threads: cores for one window.
        workers: windows recognised at the same time.
        options: how streams decode.

    Raises:
        InputError: a model is missing or broken, or does not know the language.
    """
    name = recogniser_name(whisper, language)
    network = load_silero(store.path(VAD))
    decoder = load_whisper(
        store.directory(name), language=language, threads=threads, workers=workers
    )
    vocabulary((language,))("")  # read now: a meeting has no time for it
    identify = decoder.languages if decoder.multilingual else _identifier(store)
    return EarModels(
        partial(SileroVad, network), WhisperRecogniser(decoder, options, name, identify)
    )


def load_detector(store: ModelStore) -> EarModels:
    """Loads voice activity alone, for whom somebody else recognises words.

    Raises:
        InputError: the model is missing or broken.
    """
    return EarModels(partial(SileroVad, load_silero(store.path(VAD))), NoRecogniser())


def _identifier(store: ModelStore) -> Identify | None:
    """Tells languages apart with the model of many, if it is on this machine; loaded when asked."""
    if not store.holds(MULTILINGUAL):
        return None
    lock = threading.Lock()
    loaded: list[Whisper] = []

    def identify(audio: Waveform) -> Mapping[str, float]:
        with lock:  # a second stream waits, and does not load it again
            if not loaded:
                loaded.append(load_whisper(store.directory(MULTILINGUAL)))
        return loaded[0].languages(audio)

    return identify


@dataclass(frozen=True, slots=True)
class DiarizationModels:
    """The loaded models that all shared microphones of a meeting share.

    Attributes:
        segmentation: finds voices in a window.
        embedder: tells voices apart.
    """

    segmentation: LocalSegmentation
    embedder: SpeakerEmbedder

    def enrol(self, recordings: Mapping[str, Waveform]) -> Mapping[str, tuple[Vector, float]]:
        """Learns voices from a few seconds of speech of each person, for `online`.

        Raises:
            DiarizeError: too little speech, more than one voice, or two people sound the same.
        """
        from diarize.enrolment import enrol

        return enrol(self.embedder, recordings).voices

    def online(
        self,
        *,
        latency_s: float = 1.0,
        enrolled: Mapping[str, tuple[Vector, float]] | None = None,
    ) -> OnlineDiarizer:
        """A diarizer for one microphone; `enrolled` as `diarize.online.OnlineDiarizer` takes it."""
        from diarize.online import OnlineDiarizer

        return OnlineDiarizer(
            self.segmentation, self.embedder, latency_s=latency_s, enrolled=enrolled
        )


def load_diarization_models(store: ModelStore) -> DiarizationModels:
    """Loads what online diarization needs; the first time, its networks are exported by torch.

    Raises:
        InputError: a model is missing.
        DiarizeError: a model is broken.
    """
    from diarize.onnx_networks import (
        OnnxEmbedder,
        OnnxSegmentation,
        export_campplus,
        export_segmentation,
    )

    def exported(name: str, export: Callable[[Path, Path], None]) -> Path:
        return store.made(name, EXPORTED, partial(export, store.path(name)))

    return DiarizationModels(
        OnnxSegmentation(exported(SEGMENTATION, export_segmentation)),
        OnnxEmbedder(exported(EMBEDDING, export_campplus)),
    )
