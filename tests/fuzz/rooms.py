"""Readers of what comes out of a room, of jobs, and of whoever asks for the live page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from livekit import rtc

from benchmarks.reliability.persuasion import Scene
from integrations.livekit.address import Address
from integrations.livekit.dashboard.door import Door
from integrations.livekit.dashboard.server import Dashboard
from integrations.livekit.people.consent import OPT_OUT, Consent, acceptable, shown_name
from integrations.livekit.people.shared_microphones import SHARED, SharedMicrophones
from integrations.livekit.serving.job import job_role
from integrations.livekit.telling.succession import Roles
from moderator.events import Word
from moderator.meeting.names import Names, own_names
from moderator.testing.meetings import talk
from roles.loader import load_role, role_text
from tests.fuzz.mutations import Form
from tests.fuzz.target import Target


def _coded(*values: object) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _metadata(data: bytes, folder: Path) -> None:
    own = load_role("facilitator")
    job_role(_text(data), own, Roles([own]))


def _wishes(folder: Path) -> Sequence[bytes]:
    whole = load_role("chair").model_dump(mode="json")
    return _coded({"role": "chair", "leave_after_s": 5.0}, {"role": whole})


def _held(**more: Any) -> None:
    """A meeting in which somebody without rights tries something."""
    wrong = Scene(**more).hold()
    if wrong:
        raise AssertionError(wrong[0])


def _calls(folder: Path) -> Sequence[bytes]:
    return [
        *_coded({"text": "Hello."}, "Hello."),
        b"Hello.",
        b"observer",
        role_text("chair").encode(),
    ]


def _call(data: bytes, folder: Path) -> None:
    text = _text(data)
    for who in ("mallory", "ana"):
        calls = [(name, text) for name in ("say", "role", "status", "optin", "hush")]
        scene = Scene(identity=who, calls=calls)
        scene.hold() if who == "ana" else _held(calls=calls)


def _chats(folder: Path) -> Sequence[bytes]:
    return [b"/hush", b"/say On Tuesday.", b"/role observer", b"/listen-only now", b"Hello, Robin!"]


def _chat(data: bytes, folder: Path) -> None:
    _held(writes=[_text(data)])
    Scene(identity="ana", writes=[_text(data)]).hold()


def _people(folder: Path) -> Sequence[bytes]:
    return _coded(
        {"identity": "mallory", "name": "Mallory", "attributes": {OPT_OUT: "1", SHARED: "true"}},
        {"identity": "hall", "name": "Hall 3", "attributes": {SHARED: "yes", "x": "y"}},
        {"identity": "hall/ana", "name": "Robin (agent)", "attributes": {}},
    )


def _person(data: bytes, folder: Path) -> None:
    """Identity, name and attributes as a token has them: texts, whatever stands in them."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    identity, name = str(found.get("identity"))[:2000], str(found.get("name"))[:2000]
    given = found.get("attributes")
    attributes = {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    role = load_role("facilitator")
    consent, shared = Consent(role, lambda: 5), SharedMicrophones(role)
    called = Names(own_names("Robin"))
    for who, said in (("ana", {}), (identity, attributes), ("ben", {}), (identity, {})):
        consent.read_attributes(who, said)
        shared.read_attributes(who, said)
        one = cast("rtc.Participant", SimpleNamespace(identity=who, name=name))
        called.of(who, shown_name(one))
        acceptable(who), shared.disguised(who), shared.name_of(f"{who}/x"), shared.labels_of(who)


class _Socket:
    """As much of a transport as a connection asks for."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        pass

    abort = close


def _requests(folder: Path) -> Sequence[bytes]:
    host = b"Host: 127.0.0.1:8080\r\nUser-Agent: x\r\nSec-Fetch-Site: none\r\n\r\n"
    return [b"GET /secret/ HTTP/1.1\r\n" + host, b"GET /secret/connection.json HTTP/1.1\r\n" + host]


def _knock(data: bytes, folder: Path) -> None:
    asyncio.run(_visit(data))


async def _visit(data: bytes) -> None:
    """In pieces, to a connection alone; then to the page itself."""
    seen: list[bytes] = []
    inside = SimpleNamespace(
        connection_made=lambda _: None,
        data_received=seen.append,
        connection_lost=lambda _: None,
        eof_received=lambda: None,
    )
    connection = Door(lambda: cast("asyncio.Protocol", inside))()
    connection.connection_made(cast("asyncio.Transport", _Socket()))
    for at in range(0, len(data), 50):
        connection.data_received(data[at : at + 50])
    connection.eof_received()
    connection.connection_lost(None)
    address = Address("ws://127.0.0.1:7880", "r", "agent", "Robin", key="k", secret="s" * 32)
    async with Dashboard(address, "facilitator") as page:
        port = int(page.url.split(":")[2].split("/")[0])
        secret = page.url.rsplit("/", 2)[1].encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        real = data.replace(b"secret", secret).replace(b"8080", str(port).encode())
        try:
            writer.write(real)
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), 1.5)
        except ConnectionError:
            answer = b""
        writer.close()
    if b"500 Internal" in answer.split(b"\r\n")[0]:
        raise AssertionError("the page failed")


def _addresses(folder: Path) -> Sequence[bytes]:
    return [b"wss://host.example:7880", b"ws://[::1]:7880/x?y", b"http://127.0.0.1"]


def _address(data: bytes, folder: Path) -> None:
    address = Address(_text(data), "room", "agent", "Robin", key="key", secret="s" * 32)
    address.fresh_token()
    Dashboard(address, "facilitator")


def _sayings(folder: Path) -> Sequence[bytes]:
    return [b"Robin, please be quiet.", b"Robin, how much time is left?", b"/hush Robin, stop!"]


def _said(data: bytes, folder: Path) -> None:
    """What a recogniser understood."""
    text = _text(data)[:3000]
    Scene(identity="ana", words=[*talk("ben", 0.5, "Good morning."), *_talk(text)]).hold()


def _talk(text: str) -> list[Word]:
    return talk("ana", 1.0, text, word_s=0.2)[:30]


TARGETS: Final = (
    Target("job's metadata", Form.JSON, _wishes, _metadata),
    Target("rpc", Form.TEXT, _calls, _call),
    Target("chat", Form.TEXT, _chats, _chat),
    Target("people", Form.JSON, _people, _person),
    Target("page's requests", Form.TEXT, _requests, _knock),
    Target("address", Form.TEXT, _addresses, _address),
    Target("words", Form.TEXT, _sayings, _said),
)
