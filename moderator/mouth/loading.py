"""Loads voices; the only place of the mouth that opens model files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

from diarize.onnx_session import open_session
from moderator.errors import InputError
from moderator.mouth.base import Voice
from moderator.mouth.cache import CachedVoice
from moderator.mouth.onnx_outputs import with_output
from moderator.plain_json import parse_json
from roles.schema import VoiceChoice

if TYPE_CHECKING:
    from hibari import Hibari
    from piper.voice import PiperVoice

    from moderator.mouth.hibari import HibariVoice
    from moderator.mouth.piper import PiperSpeech

HIBARI_MODEL = "hibari-tts"
PIPER_MODEL = "piper-en-us-joe"

HIBARI_SPEAKERS = {"heart": 1.0, "heart-low": 0.82, "heart-high": 1.16, "heart-light": 1.36}
"""The package's one voice and what resampling makes of it: pitch factors. Lower ones than these
were understood worse by a recogniser, since the model must hurry to make up for the slowing."""

PIPER_SPEAKERS = ("joe",)

_PIPER_ONNX = "en_US-joe-medium.onnx"


class ModelFiles(Protocol):
    """What the mouth needs of the model store."""

    def directory(self, name: str) -> Path:
        """The directory with the files of a model, their hashes verified.

        Raises:
            InputError: the model is missing or was changed.
        """
        ...


class VoiceLoader:
    """Makes voices; all of a process share a backend's model, which is loaded once.

    Args:
        store: where the model files are.
    """

    def __init__(self, store: ModelFiles) -> None:
        self._store = store

    def __call__(self, choice: VoiceChoice) -> HibariVoice | PiperSpeech:
        """The voice of a choice.

        Raises:
            InputError: the backend is not installed, the speaker is unknown, or a model is missing.
        """
        return self._piper_voice(choice) if choice.backend == "piper" else self._own_voice(choice)

    def _own_voice(self, choice: VoiceChoice) -> HibariVoice:
        from moderator.mouth.hibari import HibariVoice

        speaker = _speaker(choice, tuple(HIBARI_SPEAKERS))
        engine = hibari_engine(self._store.directory(HIBARI_MODEL) / "hibari.onnx")
        return HibariVoice(engine, speaker, choice.speed, HIBARI_SPEAKERS[speaker])

    def _piper_voice(self, choice: VoiceChoice) -> PiperSpeech:
        from moderator.mouth.piper import PiperSpeech

        if find_spec("piper") is None:
            raise InputError(
                "the voice backend piper is not installed",
                where="voice.backend",
                todo="install it with: pip install 'livekit-moderator[piper]'",
            )
        speaker = _speaker(choice, PIPER_SPEAKERS)
        engine = piper_engine(self._store.directory(PIPER_MODEL) / _PIPER_ONNX)
        return PiperSpeech(engine, speaker, choice.speed)


def load_voice(choice: VoiceChoice, store: ModelFiles) -> Voice:
    """The voice a role asks for, with a cache of the sentences it spoke last.

    Raises:
        InputError: the backend is not installed, the speaker is unknown, or a model is missing.
    """
    return CachedVoice(VoiceLoader(store)(choice))


@lru_cache(maxsize=1)
def hibari_engine(model: Path) -> Hibari:
    """Hibari on one thread, with the durations of phonemes as an output of its model."""
    from moderator.mouth.hibari import DURATIONS

    with _not_imported("scipy.fft"):  # numpy's are as fast and are there already
        from hibari import Hibari

    return Hibari(model=with_output(model.read_bytes(), DURATIONS), threads=1)


@contextmanager
def _not_imported(name: str) -> Iterator[None]:
    """Has a module that others can do without not be found, whether it is loaded or not."""
    loaded = sys.modules.get(name)
    sys.modules[name] = cast(ModuleType, None)
    try:
        yield
    finally:
        del sys.modules[name]
        if loaded is not None:
            sys.modules[name] = loaded


@lru_cache(maxsize=1)
def piper_engine(model: Path) -> PiperVoice:
    """Piper on one thread, with the durations of phonemes as an output of its model.

    Args:
        model: the ONNX file; its configuration lies beside it with `.json` behind the name.
    """
    from piper.config import PiperConfig
    from piper.voice import PiperVoice

    from moderator.mouth.piper import DURATIONS

    session = open_session(with_output(model.read_bytes(), DURATIONS))
    settings = parse_json(model.with_name(model.name + ".json").read_text(encoding="utf-8"))
    return PiperVoice(session=session, config=PiperConfig.from_dict(settings))


def _speaker(choice: VoiceChoice, known: tuple[str, ...]) -> str:
    speaker = choice.speaker or known[0]
    if speaker not in known:
        raise InputError(
            f"{choice.backend} has no speaker {speaker!r}",
            where="voice.speaker",
            todo=f"choose one of: {', '.join(known)}",
        )
    return speaker
