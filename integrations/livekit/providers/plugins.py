"""An app's plugins in a meeting: what hears, speaks and writes instead of the embedded parts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from livekit.agents import inference, llm, stt, tts, vad

from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.providers.hearing import SttRecogniser
from integrations.livekit.providers.home import Hears, Home, Notices, Speaks, Writes
from integrations.livekit.providers.noticing import VadDetector
from integrations.livekit.providers.speaking import TtsVoice
from integrations.livekit.providers.tools import LiveKitTools
from integrations.livekit.providers.usage import Usage
from integrations.livekit.providers.writing import LlmMind
from moderator.ears.loading import EarModels
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import Recogniser
from moderator.ears.substituted import SubstitutedRecogniser
from moderator.errors import InputError
from moderator.mind.base import SpeechLLM
from moderator.mind.duties.session import Duties
from moderator.mind.ensemble import Ensemble
from moderator.mind.tools import TakesTools
from moderator.mouth.base import Voice
from moderator.mouth.cache import CachedVoice
from moderator.mouth.substituted import SubstitutedVoice
from roles.schema import Role

READINGS = 16
"""Streams that are read at the same time: reading waits for a network, and computes nothing."""


@dataclass(frozen=True, slots=True)
class Plugins:
    """Plugins of livekit-agents; None: the embedded part.

    Attributes:
        stt: hears.
        tts: speaks.
        llm: writes.
        vad: notices voices.
        tools: what may be looked up for answers.
    """

    stt: Hears | None = None
    tts: Speaks | None = None
    llm: Writes | None = None
    vad: Notices | None = None
    tools: LiveKitTools | None = None

    @classmethod
    def of(
        cls,
        hears: Hears | str | None,
        speaks: Speaks | str | None,
        writes: Writes | str | None,
        notices: Notices | None = None,
        tools: LiveKitTools | None = None,
    ) -> Plugins:
        """Plugins as an app gives them; a text names a model of LiveKit's inference gateway.

        Raises:
            InputError: one is of another kind, or the gateway does not take it.
        """
        if notices is not None and not isinstance(notices, vad.VAD):
            what = f"a {type(notices).__name__} is no VAD of livekit-agents"
            raise InputError(what, where="vad", todo="give a livekit.agents.vad.VAD")
        return cls(
            _given("stt", hears, stt.STT, inference.STT.from_model_string),
            _given("tts", speaks, tts.TTS, inference.TTS.from_model_string),
            _given("llm", writes, llm.LLM, inference.LLM.from_model_string),
            notices,
            tools,
        )

    async def aclose(self) -> None:
        """Closes them; for whoever made them."""
        for one in (self.stt, self.tts, self.llm, self.tools):
            if one is not None:
                with suppress(Exception):
                    await one.aclose()


def _given(where: str, given: Any, kind: type, named: Any) -> Any:
    if given is None or isinstance(given, kind):
        return given
    if not isinstance(given, str):
        what = f"a {type(given).__name__} is no {kind.__name__} of livekit-agents"
        raise InputError(what, where=where, todo=f"give a livekit.agents.{where}.{kind.__name__}")
    try:
        return named(given)
    except Exception as error:
        what = f"the gateway's model cannot be had ({type(error).__name__})"
        todo = "give provider/model, and set LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        raise InputError(what, where=where, todo=todo) from None


class Provided:
    """What plugins do in one meeting; make it within the job, and `close` it at the end.

    Args:
        plugins: whose.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins, self._home, self._usage = plugins, Home(), Usage()
        for one in (plugins.stt, plugins.tts, plugins.llm):
            if one is not None:
                one.on("metrics_collected", self._usage.reported)

    def close(self) -> None:
        """Counts nothing any more; the plugins themselves are their owner's to close."""
        for one in (self._plugins.stt, self._plugins.tts, self._plugins.llm):
            if one is not None:
                one.off("metrics_collected", self._usage.reported)

    def models(self, embedded: RoomModels, role: Role) -> RoomModels:
        """The embedded models with plugins in their places, which they take where plugins fail."""
        names = list(embedded.names)
        models = replace(embedded, usage=self._usage.totals)
        if self._plugins.vad is not None:
            notices = self._plugins.vad
            detector = partial(VadDetector, notices, self._home)
            embedded = replace(embedded, ears=replace(embedded.ears, detector=detector))
            models = replace(models, ears=embedded.ears)
            names.append(f"vad {notices.provider} {notices.model}")
        if self._plugins.stt is not None:
            ears = self._ears(self._plugins.stt, embedded.ears, role)
            names.append(ears.recogniser.spec.name)
            models = replace(models, ears=ears, pool=ReadingPool(READINGS))
        if self._plugins.tts is not None:
            speaks = CachedVoice(
                TtsVoice(self._plugins.tts, self._home, self._usage, _tongue(role))
            )
            names.append(speaks.spec.backend)

            def voice_of(role: Role) -> Voice:
                return SubstitutedVoice(speaks, embedded.load_voice(role))

            voice = embedded.voice
            models = replace(
                models,
                voice=None if voice is None else SubstitutedVoice(speaks, voice),
                load_voice=voice_of,
            )
        return replace(models, names=tuple(names))

    def _ears(self, plugin: Hears, embedded: EarModels, role: Role) -> EarModels:
        language, other = _tongue(role), embedded.recogniser
        recogniser: Recogniser = SttRecogniser(plugin, self._home, self._usage, language)
        if language in other.spec.languages:
            recogniser = SubstitutedRecogniser(recogniser, other)
        return EarModels(embedded.detector, recogniser)

    def mind(self, mind: SpeechLLM) -> SpeechLLM:
        """The mind, with answers in the plugin's words, and with tools.

        Raises:
            InputError: it has a language model already, or calls no tools.
        """
        if self._plugins.llm is not None:
            if not isinstance(mind, Duties):
                todo = "give either of the two"
                raise InputError("a mind that writes, and an LLM beside it", where="llm", todo=todo)
            mind = Ensemble(mind, LlmMind(self._plugins.llm), live=True)
        tools = self._plugins.tools
        if tools is None:
            return mind
        if not isinstance(mind, TakesTools):
            what = f"tools, and a mind that calls none: {mind.capabilities.name}"
            todo = "give --mind openai:MODEL, or --llm"
            raise InputError(what, where="tools", todo=todo)
        return mind.with_tools(tools, live=True)

    @property
    def usage(self) -> Mapping[str, Mapping[str, float]]:
        """What was used so far, by part and unit."""
        return self._usage.totals()


def _tongue(role: Role) -> str:
    """ISO 639-1 code of a role's language."""
    return role.language.split("-", maxsplit=1)[0]
