"""What answers at an address: OpenAI-compatible speech, and MCP servers."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from integrations.files.disk.foreign import clipped
from integrations.livekit.providers.tools import CONNECTS_WITHIN_S, mcp_module
from moderator.errors import InputError
from moderator.mind.loading import URL_ENV
from moderator.mind.openai.settings import OpenAISettings

_ENDPOINT = re.compile(r"openai:(.*)", re.DOTALL)

_NO_KEY = "none"
"""The client insists on a key; a server of one's own does not."""


def is_endpoint(spec: str) -> bool:
    """Whether a text names a model behind an OpenAI-compatible server."""
    return _ENDPOINT.fullmatch(spec) is not None


def endpoint(
    spec: str, url: str | None, where: str, language: str, environ: Mapping[str, str] | None = None
) -> Any:
    """The plugin that hears or speaks by a model behind an OpenAI-compatible server.

    Args:
        spec: ``openai:MODEL``.
        url: the server; without it, ``OPENAI_BASE_URL``, and without that the vendor's own.
        where: ``--stt`` or ``--tts``.
        language: ISO 639-1 code of what is spoken.
        environ: where ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` stand; None: the process's own.

    Raises:
        InputError: the plugin is not installed, or something is wrong with model or address.
    """
    environ = os.environ if environ is None else environ
    named = _ENDPOINT.fullmatch(spec)
    url = url or environ.get(URL_ENV) or None
    try:
        settings = OpenAISettings(model=named[1] if named else "", base_url=url)
    except ValidationError as error:  # nothing is repeated: there may be a secret in it
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        of_model = "model" in first["loc"]
        place = where if of_model else f"{where}-url or {URL_ENV}"
        what = "no model is named" if of_model else first["msg"].removeprefix("Value error, ")
        todo = f"use {where} openai:MODEL" if of_model else "correct it"
        raise InputError(what, where=place, todo=todo) from None
    key = environ.get(settings.api_key_env) or None
    if url is None and key is None:
        todo = f"give {where}-url, or set {URL_ENV} or {settings.api_key_env}"
        raise InputError("neither a server nor a key", where=f"{where} {spec}", todo=todo)
    try:
        plugin = import_module("livekit.plugins.openai")
    except ImportError:
        todo = "install it with: pip install 'livekit-moderator[plugins]'"
        raise InputError(
            "the plugin of OpenAI's protocol is not installed", where=where, todo=todo
        ) from None
    given: dict[str, Any] = {"model": settings.model, "api_key": key or _NO_KEY}
    if url is not None:
        given["base_url"] = url
    if where == "--stt":
        return plugin.STT(language=language, use_realtime=False, **given)
    return plugin.TTS(response_format="pcm", **given)


def mcp_server(spec: str) -> Any:
    """An MCP server by its address, or by the command that starts it.

    An address whose path ends in ``/sse`` is asked by server-sent events, others by streamable
    HTTP. A command is started without a shell, and with few variables of the environment.

    Raises:
        InputError: it is neither, or the client is not installed.
    """
    where = "--mcp"
    if "://" in spec:
        parts = urlsplit(spec)
        if parts.scheme not in ("http", "https") or not parts.hostname or not spec.isprintable():
            todo = "give one like http://127.0.0.1:8000/mcp"
            raise InputError(f"no address of a server: {clipped(spec)}", where=where, todo=todo)
        kind = "sse" if parts.path.rstrip("/").endswith("/sse") else "streamable_http"
        return mcp_module().MCPServerHTTP(
            spec, transport_type=kind, client_session_timeout_seconds=CONNECTS_WITHIN_S
        )
    try:
        command = shlex.split(spec)
    except ValueError:
        command = []
    if not command:
        todo = "give an address, or a command such as 'python server.py'"
        raise InputError(f"no command: {clipped(spec)}", where=where, todo=todo)
    return mcp_module().MCPServerStdio(
        command[0], command[1:], client_session_timeout_seconds=CONNECTS_WITHIN_S
    )
