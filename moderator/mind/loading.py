"""Minds by name, as on the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr, ValidationError

from moderator.errors import InputError
from moderator.mind.base import SpeechLLM
from moderator.mind.duties.session import Duties
from moderator.mind.timed import TimedDuties, needs_timing

if TYPE_CHECKING:
    from moderator.models.store import ModelStore
    from roles.schema import Role

URL_ENV = "OPENAI_BASE_URL"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What was asked for.

    Attributes:
        model: what follows the colon; empty without one.
        url: the server.
        environ: where addresses and keys stand.
        store: where models are; None: the default one.
        live: the meeting is not to wait.
    """

    model: str
    url: str | None
    environ: Mapping[str, str]
    store: ModelStore | None = None
    live: bool = False


def load_mind(
    spec: str = "duties",
    url: str | None = None,
    *,
    role: Role | None = None,
    store: ModelStore | None = None,
    live: bool = False,
    environ: Mapping[str, str] | None = None,
    notice: Callable[[str], None] = lambda _: None,
) -> SpeechLLM:
    """A mind, ready to enter meetings; every mind has the role's duties.

    Args:
        spec: ``moderator-lm``, or ``moderator-lm-hear`` for the same that also hears,
            ``duties``, ``openai:MODEL`` for a model behind an OpenAI-compatible server, or
            ``local`` or ``local:FILE`` for a small one on this machine.
        url: the server; without it, ``OPENAI_BASE_URL``, and without that the vendor's own.
        role: the role that it is for; what that does not need is not looked for.
        store: where the embedded language model is; None: the default one.
        live: the meeting is not to wait for it.
        environ: where ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` stand; the process's own if None.
        notice: told the name of what is loaded or made now.

    Raises:
        InputError: there is no such mind, or something is wrong with the server's address.
    """
    kind, _, model = spec.partition(":")
    decider = _DECIDERS.get(kind)
    if decider is None and spec not in _EMBEDDED:
        raise InputError(f"unknown mind {spec[:60]!a}", where="--mind", todo=f"use {_VALID}")
    if url is not None and kind != "openai":
        raise InputError(
            "an address, but no model to ask there",
            where="--mind-url",
            todo="give --mind openai:MODEL",
        )
    if decider is None:
        if spec == "duties" or (role is not None and not needs_timing(role)):
            return Duties()
        return _timed(spec == _HEARING, Duties(), store, notice, live=live)
    from moderator.mind.ensemble import Ensemble

    environ = os.environ if environ is None else environ
    wanted = _Wanted(model, url, environ, store, live)
    return Ensemble(Duties(), decider(wanted), live=live)


def _timed(
    hearing: bool,
    duties: Duties,
    given: ModelStore | None,
    notice: Callable[[str], None],
    *,
    live: bool,
) -> TimedDuties:
    """Duties with the embedded model, which a live meeting waits for and a replay does not."""
    from moderator.mind.moderator_lm.loading import check, load, outline, says
    from moderator.mind.moderator_lm.mind import ModeratorLM
    from moderator.models.store import ModelStore

    store, hears = given or ModelStore.default(), hearing or says("hears_audio")
    check(store, hears=hears, notice=notice)  # before a meeting begins
    model = ModeratorLM(
        lambda: load(store, hears=hears),
        outline=None if live else lambda: outline(store, hears=hears),
        hears_audio=hears,
        thinks=says("thinks"),
    )
    return TimedDuties(duties, model)


def _openai(wanted: _Wanted) -> SpeechLLM:
    from moderator.mind.openai.mind import OpenAIMind
    from moderator.mind.openai.settings import OpenAISettings

    if not wanted.model:
        raise InputError("no model is named", where="--mind", todo="use openai:MODEL")
    url = wanted.url or wanted.environ.get(URL_ENV) or None
    try:
        settings = OpenAISettings(model=wanted.model, base_url=url)
    except ValidationError as error:
        # Neither the address nor pydantic's message is repeated: there may be a secret in it.
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = "--mind" if "model" in first["loc"] else f"--mind-url or {URL_ENV}"
        what = first["msg"].removeprefix("Value error, ")
        raise InputError(what, where=where, todo="correct it") from None
    key = wanted.environ.get(settings.api_key_env) or None
    if url is None and key is None:
        raise InputError(
            "neither a server nor a key",
            where="--mind openai",
            todo=f"give --mind-url, or set {URL_ENV} or {settings.api_key_env}",
        )
    return OpenAIMind(settings, SecretStr(key) if key else None)


def _local(wanted: _Wanted) -> SpeechLLM:
    from moderator.mind.local.mind import LocalMind
    from moderator.mind.local.weights import weights
    from moderator.models.store import ModelStore

    found = weights(wanted.model, wanted.store or ModelStore.default())
    return LocalMind(found, live=wanted.live)


_DECIDERS: dict[str, Callable[[_Wanted], SpeechLLM]] = {"openai": _openai, "local": _local}
"""Minds that decide beside the duties, by the word before the colon."""

_HEARING = "moderator-lm-hear"

_EMBEDDED = ("moderator-lm", _HEARING, "duties")

_VALID = "moderator-lm, moderator-lm-hear, duties, local, local:FILE or openai:MODEL"
