"""A job that LiveKit gave: which role it asks for, and a session in its room."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import AutoSubscribe, JobContext
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from integrations.livekit.address import Address
from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.options import SessionOptions
from integrations.livekit.session import RoomSession
from integrations.livekit.telling.given_json import read_json
from integrations.livekit.telling.succession import Roles
from moderator.errors import InputError
from moderator.journal.restoring import Unfinished
from moderator.mind.base import SpeechLLM
from moderator.timeline import Stopwatch
from roles.errors import RoleError, printable
from roles.loader import role_from_values
from roles.schema import Role

if TYPE_CHECKING:
    from integrations.livekit.measuring.metrics import Metrics

LONGEST_METADATA = 100_000


class JobWishes(BaseModel):
    """What the metadata of a job may say, as JSON.

    `role` is the name of a role or a whole role; without it the worker's own. `goes_on` is for
    workers among themselves: the job takes over a meeting that broke off, or does nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    role: str | dict[str, Any] | None = None
    leave_after_s: float = Field(default=10.0, ge=0.0, le=3600.0)
    goes_on: bool = False


_FORMS = {
    "role": "the name of a role or a whole role",
    "leave_after_s": "a number from 0 to 3600",
    "goes_on": "true or false",
}
"""What each key of the metadata must be, for people."""


def job_role(metadata: str, default: Role, roles: Roles) -> tuple[Role, JobWishes]:
    """The role that a job's metadata asks for.

    Args:
        metadata: the job's.
        default: where it names none.
        roles: that it may name.

    Raises:
        InputError: the metadata is not valid, with the reason.
    """
    if len(metadata) > LONGEST_METADATA:
        raise InputError("more than 100,000 characters", where="job metadata", todo="shorten it")
    wishes = _wishes(metadata) if metadata.strip() else JobWishes()
    if wishes.role is None:
        return default, wishes
    if isinstance(wishes.role, str):
        return roles.named(wishes.role, f"{_WHERE}: role"), wishes
    try:
        return role_from_values(wishes.role, f"{_WHERE}: role"), wishes
    except RoleError as error:
        raise InputError(error.what, where=error.where, todo=error.todo or _TODO) from None


_WHERE, _TODO = "job metadata", "correct the metadata"


def _wishes(metadata: str) -> JobWishes:
    try:
        found = read_json(metadata)
    except ValueError as error:
        raise InputError(str(error), where=_WHERE, todo=_TODO) from None
    if not isinstance(found, dict):
        raise InputError("not a JSON object", where=_WHERE, todo='give {"role": …}')
    unknown = next((key for key in found if key not in _FORMS), None)
    if unknown is not None:
        todo = f"its keys are {', '.join(_FORMS)}"
        raise InputError(f"unknown key '{printable(unknown)}'", where=_WHERE, todo=todo)
    try:
        return JobWishes.model_validate(found)
    except ValidationError as error:
        key = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
        told = f"{key} must be {_FORMS[key]}, not {_shown(found[key])}"
        raise InputError(told, where=_WHERE, todo=_TODO) from None


def _shown(value: object) -> str:
    """A wrong value as it is repeated in a message."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return json.dumps(value)[:60]


def job_session(
    context: JobContext,
    role: Role,
    models: RoomModels,
    mind: SpeechLLM,
    *,
    out: Path | None = None,
    patience_s: float = 10.0,
    metrics: Metrics | None = None,
    others: Sequence[Role] = (),
    encryption: rtc.E2EEOptions | None = None,
    past: Unfinished | None = None,
) -> RoomSession:
    """A session in a job's room, which it joins when it is run.

    The server's address and key, with which a lost connection is made anew, are in the environment
    of every job: livekit-agents puts them there.

    Args:
        context: the job's; not connected yet.
        role: the agent's.
        models: hear and speak.
        mind: proposes.
        out: directory for the meeting's files; None: nothing is written.
        patience_s: how long an empty room is waited in for somebody to come back.
        metrics: measure the meeting.
        others: roles that it may take later, beside the library's.
        encryption: of the room, end to end.
        past: a meeting that broke off, which goes on in its own directory.

    Raises:
        InputError: the environment does not say where the server is.
    """
    address = Address(
        os.environ.get("LIVEKIT_URL", ""),
        context.job.room.name,
        context.local_participant_identity,
        role.identity.name,
        key=os.environ.get("LIVEKIT_API_KEY", ""),
        secret=os.environ.get("LIVEKIT_API_SECRET", ""),
        encryption=encryption,
    )

    async def join(room: rtc.Room) -> None:
        # Nobody is heard who has not been asked: subscribing is up to the session.
        await context.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE, encryption=encryption)
        outlive(room)

    options = SessionOptions(
        *(role, address, out if past is None else past.directory),
        patience_s=patience_s,
        others=tuple(others),
        past=past,
    )
    return RoomSession(options, models, mind, Stopwatch(), (context.room, join), metrics)


def outlive(room: rtc.Room) -> None:
    """Has a job go on when its room is gone: the session joins anew, and ends the job itself.

    livekit-agents ends a job whose room says that it is disconnected, and cuts it 15 s later.
    """
    handlers = room._events.get("disconnected", {})
    for handler in [one for one in handlers if one.__module__.startswith("livekit.agents.")]:
        room.off("disconnected", handler)
