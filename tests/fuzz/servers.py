"""Readers of what a model's server answers."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from moderator.errors import MindError
from moderator.events import Act, Proposal
from moderator.mind.openai.answer import read_answer
from moderator.mind.openai.mind import OpenAIMind
from moderator.mind.openai.settings import OpenAISettings
from moderator.mind.thought import part
from moderator.mouth.cleaning import ThoughtFilter, plain, without_thoughts
from moderator.mouth.sentences import SentenceSplitter
from moderator.testing.meetings import talk
from moderator.testing.server_scenes import FREE, PEOPLE, asked, role_with
from tests.fuzz.mutations import Form
from tests.fuzz.target import Target

_WISH: Final = {
    "thought": "Ana asked me.",
    "take_turn": 0.8,
    "act": "answer",
    "addressee": "Ana",
    "reason": "asked",
}
_WORDS: Final = "<think>She asked.</think> On Tuesday, at **ten**. See [the plan](http://x).\n- No"


def _coded(value: object) -> bytes:
    return json.dumps(value).encode()


def _completion(content: Any, **more: object) -> dict[str, object]:
    message = {"role": "assistant", "content": content, **more}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


def _answers(folder: Path) -> Sequence[bytes]:
    text = json.dumps(_WISH)
    return [text.encode(), f"<think>No: {text}</think> Well: {text}".encode()]


def _answer(data: bytes, folder: Path) -> None:
    found = read_answer(data.decode("utf-8", "replace"))
    assert found.permitted_act(list(Act)) in (None, *Act)
    found.known_addressee({"ana": "Ana"})
    str(found.short_reason)


def _texts(folder: Path) -> Sequence[bytes]:
    return [_WORDS.encode(), b"[THINK]so[/THINK] Right. Wrong? 3.14 is pi, e.g. here."]


def _thought(data: bytes, folder: Path) -> None:
    text = data.decode("utf-8", "replace")
    parted = part(text)
    if "<think>" in parted.said:
        raise AssertionError("a thought's tag is said")
    without_thoughts(text)
    for size in (1, 7):
        thoughts, splitter = ThoughtFilter(), SentenceSplitter(max_turn=4_000)
        for at in range(0, min(len(text), 8_000), size):
            thoughts.push(text[at : at + size])
            for sentence in splitter.push(text[at : at + size]):
                plain(sentence)
        thoughts.finish()
        list(splitter.finish())


class _Wire:
    """A server on loopback that answers every request with the same bytes, and hangs up."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.response = b""
        server = self.loop.run_until_complete(asyncio.start_server(self._reply, "127.0.0.1"))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        settings = {"model": "m", "base_url": self.url, "timeout_s": 1.0, "max_retries": 0}
        self.mind = OpenAIMind(OpenAISettings.model_validate(settings | {"reply_timeout_s": 1.0}))

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            await reader.readexactly(length)
            writer.write(self.response)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client had seen enough, or was too late to ask
        finally:
            writer.close()

    def decide(self, response: bytes) -> None:
        """Somebody asks the agent something, and the server answers so."""
        self.response = response
        self.loop.run_until_complete(self._decide())

    async def _decide(self) -> None:
        session = await self.mind.open(role_with(), PEOPLE)
        try:
            wish = await asked(session, *talk("ana", 7.0, "Robin, when do we meet?"))
            if wish is not None:
                session.quotes(wish)
        finally:
            await session.close()

    def compose(self, response: bytes) -> None:
        """The agent was granted a turn, and the server writes so."""
        self.response = response
        self.loop.run_until_complete(self._compose())

    async def _compose(self) -> None:
        session = await self.mind.open(role_with(), PEOPLE)
        try:
            await session.push(_percept(), FREE)
            async for sentence in session.compose(_WISHED):
                session.heard(sentence)
        finally:
            await session.close()


def _percept() -> Any:
    from moderator.testing.server_scenes import percept

    return percept(10.0, *talk("ana", 7.0, "Robin, when do we meet?"))


_WISHED: Final = Proposal(160_000, "openai", 1.0, Act.ANSWER, addressee="ana", answering=True)


@cache
def _wire() -> _Wire:
    return _Wire()


def _http(body: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\n" % (status, kind)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _bodies(folder: Path) -> Sequence[bytes]:
    whole = _completion(json.dumps(_WISH), reasoning_content="Ana asked.")
    return [_coded(whole), _coded(_completion(json.dumps(_WISH)))]


def _body(data: bytes, folder: Path) -> None:
    _wire().decide(_http(data))


def _events(folder: Path) -> Sequence[bytes]:
    lines = []
    for at in range(0, len(_WORDS), 9):
        delta = {"index": 0, "delta": {"content": _WORDS[at : at + 9]}, "finish_reason": None}
        whole = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        lines.append(b"data: " + _coded(whole | {"choices": [delta]}) + b"\n\n")
    return [b"".join(lines) + b"data: [DONE]\n\n"]


def _stream(data: bytes, folder: Path) -> None:
    _wire().compose(_http(data, b"text/event-stream"))


def _stream_values(data: bytes, folder: Path) -> None:
    """Events whose JSON is another."""
    pieces = b"".join(b"data: " + line + b"\n\n" for line in data.splitlines())
    _stream(pieces + b"data: [DONE]\n\n", folder)


def _event_lines(folder: Path) -> Sequence[bytes]:
    whole = _events(folder)[0].replace(b"data: [DONE]\n\n", b"")
    return [whole.replace(b"data: ", b"").replace(b"\n\n", b"\n")]


def _responses(folder: Path) -> Sequence[bytes]:
    error = _coded({"error": {"message": "no", "type": "bad", "param": None, "code": None}})
    return [
        *(_http(body) for body in _bodies(folder)),
        *(_http(error, status=status) for status in (b"400 No", b"429 Busy", b"500 Broken")),
        _http(_events(folder)[0], b"text/event-stream"),
        _http(b"", status=b"302 Found\r\nLocation: http://127.0.0.1:1/"),
    ]


def _response(data: bytes, folder: Path) -> None:
    both = (_wire().decide, _wire().compose)
    both[random.Random(data).randrange(2)](data)


_FAILS: Final = (MindError,)

TARGETS: Final = (
    Target("answer", Form.JSON, _answers, _answer, _FAILS),
    Target("thought", Form.TEXT, _texts, _thought),
    Target("server's body", Form.JSON, _bodies, _body, _FAILS),
    Target("server's stream", Form.TEXT, _events, _stream, _FAILS),
    Target("server's stream of values", Form.LINES, _event_lines, _stream_values, _FAILS),
    Target("server's response", Form.TEXT, _responses, _response, _FAILS),
)
