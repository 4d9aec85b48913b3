"""Loads voices; the only place of the mouth that opens model files."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from moderator.errors import InputError
from moderator.mouth.base import Voice
from moderator.mouth.cache import CachedVoice
from moderator.mouth.onnx_outputs import with_output
from roles.schema import VoiceChoice

if TYPE_CHECKING:
    from hibari import Hibari
    from piper.voice import PiperVoice

    from moderator.mouth.hibari import HibariVoice
    from moderator.mouth.piper import PiperSpeech

HIBARI_MODEL = "hibari-tts"
PIPER_MODEL = "piper-en-us-joe"

HIBARI_SPEAKERS = {"heart": 1.0, "heart-low": 0.82, "heart-high": 1.16, "heart-deep": 0.72}
"""The package's one voice and what resampling makes of it: pitch factors."""

PIPER_SPEAKERS = ("joe",)

_PIPER_ONNX = "en_US-joe-medium.onnx"


class ModelFiles(Protocol):
    """What the mouth needs of the model store."""

    def path(self, name: str) -> Path:
        """The directory with the files of a model, their hashes verified.

        Raises:
            InputError: the model is missing or was changed.
        """
        ...


def load_voice(choice: VoiceChoice, store: ModelFiles) -> Voice:
    """The voice a role asks for, with a cache of the sentences it spoke last.

    Raises:
        InputError: the backend is not installed, the speaker is unknown, or a model is missing.
    """
    load = load_piper if choice.backend == "piper" else load_hibari
    return CachedVoice(load(choice, store))


def load_hibari(choice: VoiceChoice, store: ModelFiles) -> HibariVoice:
    """The default voice.

    Raises:
        InputError: the speaker is unknown, or the model is missing.
    """
    from moderator.mouth.hibari import HibariVoice

    speaker = choice.speaker or next(iter(HIBARI_SPEAKERS))
    _check_speaker("hibari", speaker, tuple(HIBARI_SPEAKERS))
    engine = hibari_engine(store.path(HIBARI_MODEL) / "hibari.onnx")
    return HibariVoice(engine, speaker, choice.speed, HIBARI_SPEAKERS[speaker])


def hibari_engine(model: Path) -> Hibari:
    """Hibari on one thread, with the durations of phonemes as an output of its model."""
    from hibari import Hibari

    from moderator.mouth.hibari import DURATIONS

    return Hibari(model=with_output(model.read_bytes(), DURATIONS), threads=1)


def load_piper(choice: VoiceChoice, store: ModelFiles) -> PiperSpeech:
    """The second backend.

    Raises:
        InputError: piper is not installed, the speaker is unknown, or the model is missing.
    """
    from moderator.mouth.piper import PiperSpeech

    if importlib.util.find_spec("piper") is None:
        raise InputError(
            "the voice backend piper is not installed",
            where="voice.backend",
            todo="install it with: pip install 'livekit-moderator[piper]'",
        )
    speaker = choice.speaker or PIPER_SPEAKERS[0]
    _check_speaker("piper", speaker, PIPER_SPEAKERS)
    directory = store.path(PIPER_MODEL)
    return PiperSpeech(piper_engine(directory / _PIPER_ONNX), speaker, choice.speed)


def piper_engine(model: Path) -> PiperVoice:
    """Piper on one thread, with the durations of phonemes as an output of its model.

    Args:
        model: the ONNX file; its configuration lies beside it with `.json` behind the name.
    """
    import onnxruntime
    from piper.config import PiperConfig
    from piper.voice import PiperVoice

    from moderator.mouth.piper import DURATIONS

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        with_output(model.read_bytes(), DURATIONS), options, providers=["CPUExecutionProvider"]
    )
    settings = json.loads(model.with_name(model.name + ".json").read_text(encoding="utf-8"))
    return PiperVoice(session=session, config=PiperConfig.from_dict(settings))


def _check_speaker(backend: str, speaker: str, known: tuple[str, ...]) -> None:
    if speaker not in known:
        raise InputError(
            f"{backend} has no speaker {speaker!r}",
            where="voice.speaker",
            todo=f"choose one of: {', '.join(known)}",
        )
