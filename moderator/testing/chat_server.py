"""A server on loopback that speaks the chat-completions protocol from a script, for tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, TypeAlias

Request: TypeAlias = dict[str, Any]
"""A request's body."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with one request.

    Attributes:
        text: the message's content; sent in pieces to a request that asks for a stream.
        status: HTTP status; from 400 on the text is an error's message.
        hold_s: the answer is held back for this long, or until the server stops.
        raw: this body instead of a well-formed one.
        drop: close the connection without an answer; of a stream, after its first piece.
        refuses: status 400 if the request has one of these fields.
        reasoning: sent as ``reasoning_content``.
        calls: tools that it wishes to call in a stream, each as its name and its arguments.
    """

    text: str = ""
    status: int = 200
    hold_s: float = 0.0
    raw: str | None = None
    drop: bool = False
    refuses: tuple[str, ...] = ()
    reasoning: str | None = None
    calls: tuple[tuple[str, str], ...] = ()


Script: TypeAlias = Callable[[Request], Reply]
"""Decides by the request alone, so that the same requests get the same replies."""


def wish(
    take_turn: float, act: str = "answer", addressee: str | None = None, reason: str = "asked"
) -> Reply:
    """A well-formed decision."""
    fields = {"take_turn": take_turn, "act": act, "addressee": addressee, "reason": reason}
    return Reply(json.dumps(fields))


def always(decision: Reply, words: Reply | str = "Yes, on Tuesday.") -> Script:
    """One reply to every question whether to speak, another to every request for words."""
    spoken = Reply(words) if isinstance(words, str) else words
    return lambda request: spoken if request.get("stream") else decision


@dataclass
class ChatServer:
    """A server in a thread; use as ``with ChatServer(script) as server: ... server.url``.

    Attributes:
        script: decides every reply; may be exchanged while the server runs.
        requests: bodies received, in order.
        keys: the bearer tokens that came with them.
    """

    script: Script
    requests: list[Request] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Its address, as a client's ``base_url``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def texts(self, role: str) -> list[str]:
        """Contents of the messages of one chat role, in order."""
        messages = [message for request in self.requests for message in request["messages"]]
        return [message["content"] for message in messages if message["role"] == role]

    def __enter__(self) -> ChatServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers one request."""
        length = int(handler.headers.get("Content-Length", 0))
        request: Request = json.loads(handler.rfile.read(length))
        self.requests.append(request)
        self.keys.append(handler.headers.get("Authorization", "").removeprefix("Bearer "))
        reply = self.script(request)
        if reply.hold_s:
            self._stopping.wait(reply.hold_s)
        refused = [name for name in reply.refuses if name in request]
        if refused:
            _send(handler, 400, _error(f"unknown field: {refused[0]}"))
        elif request.get("stream") and reply.status < 400 and reply.raw is None:
            _stream(handler, reply)
        elif reply.drop:
            handler.close_connection = True
        else:
            _send(handler, reply.status, _body(reply))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: ChatServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Chat completions are posted."""
        assert isinstance(self.server, _Server)
        self.server.owner.answer(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Says nothing."""


def _body(reply: Reply) -> str:
    if reply.raw is not None:
        return reply.raw
    if reply.status >= 400:
        return _error(reply.text)
    message: dict[str, object] = {"role": "assistant", "content": reply.text}
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return json.dumps(_envelope("chat.completion", [choice]))


def _error(message: str) -> str:
    return json.dumps({"error": {"message": message, "type": "scripted"}})


def _envelope(kind: str, choices: Sequence[object]) -> dict[str, object]:
    return {"id": "c", "object": kind, "created": 0, "model": "scripted", "choices": choices}


def _send(handler: BaseHTTPRequestHandler, status: int, body: str) -> None:
    data = body.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def _stream(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """Server-sent events of a few characters each, so that words and tags are cut apart."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for at in range(0, len(reply.text), 7):
        choice = {"index": 0, "delta": {"content": reply.text[at : at + 7]}, "finish_reason": None}
        _event(handler, json.dumps(_envelope("chat.completion.chunk", [choice])))
        if reply.drop:
            handler.close_connection = True
            return
    for number, (name, arguments) in enumerate(reply.calls):
        pieces = [{"name": name, "arguments": ""}]
        pieces += [{"arguments": arguments[at : at + 7]} for at in range(0, len(arguments), 7)]
        for function in pieces:
            call = {"index": number, "function": function}
            if "name" in function:
                call |= {"id": f"call_{number}", "type": "function"}
            choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
            _event(handler, json.dumps(_envelope("chat.completion.chunk", [choice])))
    _event(handler, "[DONE]")
    handler.wfile.write(b"0\r\n\r\n")


def _event(handler: BaseHTTPRequestHandler, data: str) -> None:
    """One event as one chunk."""
    event = f"data: {data}\n\n".encode()
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
    handler.wfile.flush()
