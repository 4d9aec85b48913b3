"""Plugins as the command line names them: by LiveKit's gateway, or by their class."""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livekit.agents import inference, llm, stt, tts, vad
from livekit.agents.utils import http_context
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from integrations.files.disk.foreign import clipped, read_text, shown
from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.providers.endpoints import endpoint, is_endpoint, mcp_server
from integrations.livekit.providers.plugins import Plugins, Provided
from integrations.livekit.providers.tools import LiveKitTools
from moderator.errors import InputError
from moderator.mind.base import SpeechLLM
from roles.schema import Role

_CLASS = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)(?:@(.+))?")
_GATEWAY = re.compile(r"[\w.-]+/[\w./-]+(?::[\w-]+)?")

MOST_ARGUMENTS = 64 * 1024
"""Characters of a file of arguments."""

_FORMS = "give a model of the gateway, such as deepgram/nova-3, or module:Class@arguments.yaml"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which plugins are to be made for each meeting; None: the embedded part.

    Attributes:
        stt: hears.
        tts: speaks.
        llm: writes.
        vad: notices voices.
        mcp: servers with tools, each its address or its command line.
        stt_url: the OpenAI-compatible server of an ``openai:MODEL`` that hears.
        tts_url: the same of one that speaks.
    """

    stt: str | None = None
    tts: str | None = None
    llm: str | None = None
    vad: str | None = None
    mcp: tuple[str, ...] = ()
    stt_url: str | None = None
    tts_url: str | None = None

    def make(self, language: str = "en") -> Plugins:
        """Makes them; call it in the event loop in which they are used.

        Args:
            language: ISO 639-1 code of what is spoken.

        Raises:
            InputError: one is not installed, is of another kind, or refuses its arguments.
        """
        return Plugins(
            self._speech("--stt", self.stt, self.stt_url, stt.STT, language),
            self._speech("--tts", self.tts, self.tts_url, tts.TTS, language),
            None if self.llm is None else made(self.llm, "--llm", llm.LLM),
            None if self.vad is None else made(self.vad, "--vad", vad.VAD),
            LiveKitTools((), [mcp_server(spec) for spec in self.mcp]) if self.mcp else None,
        )

    def _speech(
        self, where: str, spec: str | None, url: str | None, kind: type, language: str
    ) -> Any:
        if spec is not None and is_endpoint(spec):
            return endpoint(spec, url, where, language)
        if url is not None:
            what, todo = "an address, but no model to ask there", f"give {where} openai:MODEL"
            raise InputError(what, where=f"{where}-url", todo=todo)
        return None if spec is None else made(spec, where, kind)

    @asynccontextmanager
    async def provided(
        self, models: RoomModels, mind: SpeechLLM, role: Role
    ) -> AsyncIterator[tuple[RoomModels, SpeechLLM]]:
        """One meeting's models and mind, with plugins in their places, which are closed behind it.

        Args:
            models: the embedded ones.
            mind: that proposes.
            role: the agent's.

        Raises:
            InputError: as `make`, or the mind writes by itself.
        """
        if self == Wanted():
            yield models, mind
            return
        async with http_context.open():
            plugins = self.make(role.language.split("-", maxsplit=1)[0])
            given = Provided(plugins)
            try:
                if plugins.tools is not None:
                    await plugins.tools.connect()
                yield given.models(models, role), given.mind(mind)
            finally:
                given.close()
                await plugins.aclose()

    def check(self, mind: SpeechLLM, role: Role) -> None:
        """Makes them once to see that they can be made, and go with a mind and a role.

        Raises:
            InputError: they cannot.
        """

        async def tried() -> None:
            async with http_context.open():
                plugins = self.make()
                given = Provided(plugins)
                try:
                    given.mind(mind)
                    if plugins.tools is not None:
                        await plugins.tools.connect()
                        plugins.tools.require(role)
                finally:
                    given.close()
                    await plugins.aclose()

        if self != Wanted():
            asyncio.run(tried())


def made(spec: str, where: str, kind: type) -> Any:
    """The plugin that a text names.

    Args:
        spec: ``provider/model`` of LiveKit's inference gateway, or ``module:Class``, with
            ``@FILE`` behind it for a YAML file of arguments.
        where: the option, for messages.
        kind: what it must be.

    Raises:
        InputError: there is none, with the reason.
    """
    named = _CLASS.fullmatch(spec)
    if named is not None:
        module, name, arguments = named.groups()
        return _instance(_class(module, name, where, kind), _arguments(arguments), where)
    if _GATEWAY.fullmatch(spec) and kind in _gateways():
        return _instance(_gateway(kind), {"model": spec}, where)
    forms = _FORMS if kind in _gateways() else "give module:Class@arguments.yaml"
    raise InputError(f"no plugin is called {clipped(spec)}", where=where, todo=forms)


def _gateway(kind: type) -> Callable[..., Any]:
    """What makes a plugin from the gateway's name of a model."""
    found: Callable[..., Any] = _gateways()[kind]
    return found


def _gateways() -> Mapping[type, Any]:
    return {
        stt.STT: inference.STT.from_model_string,
        tts.TTS: inference.TTS.from_model_string,
        llm.LLM: inference.LLM.from_model_string,
    }


def _class(module: str, name: str, where: str, kind: type) -> Callable[..., Any]:
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        todo = "install the plugin that it is part of"
        raise InputError(f"no module {module} is installed", where=where, todo=todo) from None
    except Exception as error:
        what = f"{module} cannot be imported ({type(error).__name__})"
        raise InputError(what, where=where, todo="mend it, or take another one") from None
    if found is None:
        raise InputError(f"{module} has no {name}", where=where, todo="correct the name")
    if not isinstance(found, type) or not issubclass(found, kind):
        wanted = f"livekit.agents.{kind.__name__.lower()}.{kind.__name__}"
        raise InputError(f"{module}:{name} is no {wanted}", where=where, todo="name such a class")
    return found


def _arguments(file: str | None) -> Mapping[str, Any]:
    if file is None:
        return {}
    path = Path(file)
    text = read_text(path)
    if len(text) > MOST_ARGUMENTS:
        raise InputError("too large for arguments", where=shown(path), todo="shorten it")
    try:
        found = YAML(typ="safe", pure=True, plug_ins=[]).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = shown(path) if mark is None else f"{shown(path)}:{mark.line + 1}"
        raise InputError("no valid YAML", where=where, todo="correct the file") from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise InputError("no arguments by name", where=shown(path), todo="write NAME: VALUE lines")
    return found


def _instance(make: Callable[..., Any], arguments: Mapping[str, Any], where: str) -> Any:
    try:
        return make(**arguments)
    except Exception as error:
        raise InputError(
            f"it cannot be made ({_told(error, arguments)})",
            where=where,
            todo="correct its arguments",
        ) from None


def _told(error: Exception, arguments: Mapping[str, Any]) -> str:
    """An error in a line; without its message where that repeats a value, which may be a key."""
    kind, message = type(error).__name__, " ".join(str(error).split())
    values = [str(value) for value in arguments.values()]
    if not message or any(value and value in message for value in values):
        return kind
    return f"{kind}: {ascii(message[:160])[1:-1]}"
