"""Loads voices; the only place of the mouth that opens model files."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from diarize.onnx_session import open_session
from moderator.errors import InputError
from moderator.language.phrases import base
from moderator.mouth.base import Voice
from moderator.mouth.cache import CachedVoice
from moderator.mouth.onnx_outputs import with_output
from moderator.mouth.silent import SilentVoice
from moderator.plain_json import parse_json
from roles.schema import Role, VoiceChoice

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

PIPER_VOICES = "piper-voices"
"""Directory of the model store for voices of piper that people bring themselves."""

_PIPER_NAME = re.compile(r"(?P<language>[a-z]{2,3})_[A-Z]{2}-[A-Za-z0-9_]+-(x_low|low|medium|high)")

_PIPER_ONNX = "en_US-joe-medium.onnx"


class ModelFiles(Protocol):
    """What the mouth needs of the model store."""

    root: Path

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
        if choice.speaker and (brought := _PIPER_NAME.fullmatch(choice.speaker)):
            model = self._store.root / PIPER_VOICES / f"{choice.speaker}.onnx"
            if not model.is_file() or not model.with_name(f"{model.name}.json").is_file():
                todo = f"python -m piper.download_voices {choice.speaker} --data-dir {model.parent}"
                raise InputError(
                    "this voice of piper is not here", where=str(model), todo=f"get it with: {todo}"
                )
            licence = "see the voice's card"
            engine = _engine_of(model)
            return PiperSpeech(engine, choice.speaker, choice.speed, licence, brought["language"])
        speaker = _speaker(choice, PIPER_SPEAKERS)
        engine = piper_engine(self._store.directory(PIPER_MODEL) / _PIPER_ONNX)
        return PiperSpeech(engine, speaker, choice.speed)


def _engine_of(model: Path) -> PiperVoice:
    """Of a voice that somebody brought."""
    try:
        return piper_engine(model)
    except Exception as error:  # onnxruntime and piper raise whatever they like
        raise InputError(
            "this is no voice of piper", where=str(model), todo="download it again"
        ) from error


def spoken_by(choice: VoiceChoice) -> str:
    """The language that a voice speaks, ISO 639-1."""
    brought = _PIPER_NAME.fullmatch(choice.speaker or "") if choice.backend == "piper" else None
    return brought["language"] if brought else "en"


def lacks_voice(role: Role) -> InputError | None:
    """What is to be told of a role whose voice does not speak its language; None: it does.

    Such a role writes what it says, at the pace of speech.
    """
    spoken = spoken_by(role.voice)
    if not role.turn.may_speak or base(role.language) == spoken:
        return None
    return InputError(
        f"{role.voice.backend} speaks {spoken}, not {role.language}: what the agent says is "
        "written, and not heard",
        where="voice",
        todo="choose a voice of piper such as de_DE-thorsten-medium, or give a plugin by --tts",
    )


def load_voice(choice: VoiceChoice, store: ModelFiles) -> Voice:
    """A voice, with a cache of the sentences it spoke last.

    Raises:
        InputError: the backend is not installed, the speaker is unknown, or a model is missing.
    """
    return CachedVoice(VoiceLoader(store)(choice))


def voice_of(role: Role, store: ModelFiles) -> Voice:
    """The voice of a role; one that makes no sound where its own does not speak its language.

    Raises:
        InputError: as `load_voice`.
    """
    if lacks_voice(role) is not None:
        return SilentVoice(base(role.language), role.voice.speed)
    return load_voice(role.voice, store)


@lru_cache(maxsize=1)
def hibari_engine(model: Path) -> Hibari:
    """Hibari on one thread, with the durations of phonemes as an output of its model."""
    from hibari import Hibari

    from moderator.mouth.hibari import DURATIONS

    return Hibari(model=with_output(model.read_bytes(), DURATIONS), threads=1)


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
