"""Where a room is and how one gets in; what the server refuses, in one line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from livekit import api, rtc

from moderator.errors import InputError

CONNECT_WITHIN_S = 15.0
"""A server that has not let us in after this is not there."""

_TOKEN_FOR = timedelta(hours=6)
_VIEWER_TOKEN_FOR = timedelta(minutes=1)

LONGEST_KEY = 4096
"""Bytes of a key that is read from a file."""

ON_BEHALF = "lk.publish_on_behalf"

_REASONS = (
    (
        r"401|[Uu]nauthori|invalid token|token is expired|[Ee]xpired",
        "the server refuses the key or token",
    ),
    (r"403|permission", "the token does not allow to join this room"),
    (r"404|not found", "there is no LiveKit server at this address, or it is too old"),
    (r"max.?participants|room is full|429", "the room is full"),
    (r"500 Internal", "the room is full, or the server has failed"),  # it says no more than that
)


@dataclass(frozen=True, slots=True)
class Address:
    """A room on a server, with either a token or a key to make one.

    Attributes:
        url: ``ws://`` or ``wss://`` address of the server.
        room: the room's name.
        identity: the agent's identity in it.
        name: its name as shown.
        token: a token that somebody else made; it decides room and identity.
        key: API key.
        secret: its secret.
        encryption: of the room, end to end; None: it is not encrypted, or there is no key.
    """

    url: str
    room: str
    identity: str
    name: str
    token: str | None = field(default=None, repr=False)
    key: str = ""
    secret: str = field(default="", repr=False)
    encryption: rtc.E2EEOptions | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Checks the address.

        Raises:
            InputError: the address is none, or neither token nor key is given.
        """
        if not _is_server(self.url):
            raise InputError(
                f"not the address of a server: {self.url[:200]!a}",
                where="--url",
                todo="give one like wss://HOST or ws://HOST:7880",
            )
        if self.token is None and not (self.key and self.secret):
            raise InputError(
                "neither a token nor a key",
                where="moderator join",
                todo="give --token, or --api-key and --api-secret (or set LIVEKIT_API_KEY and "
                "LIVEKIT_API_SECRET)",
            )

    def fresh_token(self) -> str:
        """A token for joining now."""
        if self.token is not None:
            return self.token
        grants = api.VideoGrants(
            room_join=True,
            room=self.room,
            can_publish=True,
            can_subscribe=True,
            can_publish_data=True,
            can_update_own_metadata=True,
            agent=True,
        )
        token = api.AccessToken(self.key, self.secret).with_identity(self.identity)
        token = token.with_name(self.name).with_kind("agent").with_grants(grants)
        return token.with_ttl(_TOKEN_FOR).to_jwt()

    def viewer_token(self, identity: str) -> str:
        """A token with which a page can watch the meeting and call the agent's methods.

        It may neither publish media nor subscribe to any: what is shown is data. Being of the kind
        *agent*, who joins with it neither counts as a person nor keeps the room open; front-ends
        that look for the agent see that it belongs to it.

        Raises:
            InputError: there is no key to make a token with.
        """
        if not (self.key and self.secret and self.room):
            raise InputError(
                "a page needs a token of its own, which the key makes",
                where="--dashboard",
                todo="give --room, --api-key and --api-secret instead of --token",
            )
        grants = api.VideoGrants(
            room_join=True,
            room=self.room,
            can_publish=False,
            can_subscribe=False,
            can_publish_data=True,
            can_update_own_metadata=False,
        )
        token = api.AccessToken(self.key, self.secret).with_identity(identity).with_name("Viewer")
        token = token.with_kind("agent").with_attributes({ON_BEHALF: self.identity})
        return token.with_grants(grants).with_ttl(_VIEWER_TOKEN_FOR).to_jwt()


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0  # it is read when it is asked for
    except ValueError:
        return False
    return has_port and parts.scheme in ("ws", "wss", "http", "https") and bool(parts.hostname)


KEY_ENV = "MODERATOR_E2EE_KEY"


def shared_key(key: rtc.E2EEOptions | str | bytes | None) -> rtc.E2EEOptions | None:
    """A room's encryption by a key that all its participants share.

    Args:
        key: as the participants' apps were given it; options of LiveKit's own stay as they are.

    Raises:
        InputError: it is empty.
    """
    if key is None or isinstance(key, rtc.E2EEOptions):
        return key
    secret = key.encode() if isinstance(key, str) else key
    if not secret:
        raise InputError("an empty key", where="end-to-end encryption", todo="give the room's key")
    return rtc.E2EEOptions(key_provider_options=rtc.KeyProviderOptions(shared_key=secret))


def given_key(file: Path | None, environ: Mapping[str, str]) -> rtc.E2EEOptions | None:
    """The key in a file, without the line end behind it, or in `KEY_ENV`; None without either.

    Raises:
        InputError: the file cannot be read, or there is no key in it.
    """
    if file is None:
        return shared_key(environ.get(KEY_ENV) or None)
    try:
        with file.open("rb") as opened:
            key = opened.read(LONGEST_KEY + 1).rstrip(b"\r\n")
    except OSError as error:
        what = f"cannot read the key ({error.strerror})"
        raise InputError(what, where=str(file), todo="give --e2ee-key-file") from None
    if len(key) > LONGEST_KEY:
        raise InputError("too long for a key", where=str(file), todo="give the room's key alone")
    return shared_key(key)


async def connect(room: rtc.Room, address: Address) -> None:
    """Joins without hearing anybody: whom to hear is decided person by person.

    Raises:
        InputError: the server is not there, or refuses; the reason is in the message.
    """
    options = rtc.RoomOptions(
        auto_subscribe=False, connect_timeout=5.0, encryption=address.encryption
    )
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await room.connect(address.url, address.fresh_token(), options)
    except TimeoutError:
        raise _refused(address, f"no answer within {CONNECT_WITHIN_S:.0f} s") from None
    except rtc.ConnectError as error:
        raise _refused(address, _reason(error.message)) from None
    permissions = room.local_participant.permissions
    missing = [
        what
        for what, granted in (
            ("publish", permissions.can_publish),
            ("subscribe", permissions.can_subscribe),
            ("publish data", permissions.can_publish_data),
        )
        if not granted
    ]
    if missing:
        await room.disconnect()
        raise _refused(address, f"the token lacks the right to {' and to '.join(missing)}")


def _refused(address: Address, what: str) -> InputError:
    return InputError(
        f"cannot join the room: {what}",
        where=address.url,
        todo="check address, room and key or token",
    )


def _reason(message: str) -> str:
    for pattern, reason in _REASONS:
        if re.search(pattern, message):
            return reason
    return f"no LiveKit server answers ({message[:200]})"
