"""A server on loopback that hears, speaks and writes by OpenAI's protocol, over HTTP and WebSocket.

What it hears and how it speaks is given: canned for quick tests, or the embedded models. As a
process, ``python -m benchmarks.speech_server``, it has these, prints its address, and ends with its
standard input.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any

import numpy as np
import soundfile
import soxr
from aiohttp import WSMsgType, web

from moderator.audio import Waveform, to_pcm16
from moderator.ears.loading import load_ear_models
from moderator.ears.recogniser import Recogniser
from moderator.models.store import ModelStore
from moderator.mouth.base import Voice
from moderator.mouth.loading import load_voice
from moderator.timeline import SAMPLE_RATE
from roles.schema import VoiceChoice

RATE = 24_000
"""Of the sound on a WebSocket, and of speech."""

QUIET_S = 0.35
"""Silence after which an utterance on a WebSocket is over."""


class SpeechServer:
    """Use as ``with SpeechServer(...) as server: ... server.url``.

    Args:
        recognise: the words of samples at 16 kHz.
        speak: a text as samples at 16 kHz.
        write: a reply, to the last message.

    Attributes:
        recognise: as given.
        speak: as given.
        write: as given.
        calls: tools that it wishes to call where some are offered, and none has answered yet.
        fails: every request is answered by status 500.
        asked: paths of requests, in order.
        messages: of the last request for a reply.
    """

    def __init__(
        self,
        recognise: Callable[[Waveform], str],
        speak: Callable[[str], Waveform],
        write: Callable[[str], str] = lambda _: "I cannot say.",
    ) -> None:
        self.recognise, self.speak, self.write = recognise, speak, write
        self.calls: tuple[tuple[str, str], ...] = ()
        self.fails = False
        self.asked: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self._sockets: set[web.WebSocketResponse] = set()
        self._started: Future[int] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """Its address, as a client's ``base_url``."""
        return f"http://127.0.0.1:{self._started.result(10)}/v1"

    def __enter__(self) -> SpeechServer:
        self._thread.start()
        self._started.result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def hang_up(self) -> None:
        """Closes the WebSockets."""
        for socket in list(self._sockets):
            asyncio.run_coroutine_threadsafe(socket.close(), self._loop)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=64 * 2**20, middlewares=[self._counted])
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        app.router.add_post("/v1/audio/speech", self._say)
        app.router.add_post("/v1/chat/completions", self._reply)
        app.router.add_get("/v1/realtime", self._realtime)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self._started.set_result(runner.addresses[0][1])
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    @web.middleware
    async def _counted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(request.path.removeprefix("/v1/"))
        if self.fails:
            return web.json_response({"error": {"message": "SECRET"}}, status=500)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _transcribe(self, request: web.Request) -> web.Response:
        form = await request.post()
        file: Any = form["file"]
        samples, rate = soundfile.read(io.BytesIO(file.file.read()), dtype="float32")
        return web.json_response({"text": await self._words(samples, rate)})

    async def _words(self, samples: Waveform, rate: int) -> str:
        heard = soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32)
        return await asyncio.to_thread(self.recognise, heard)

    async def _say(self, request: web.Request) -> web.Response:
        asked = await request.json()
        made = await asyncio.to_thread(self.speak, asked["input"])
        pcm = to_pcm16(soxr.resample(made, SAMPLE_RATE, RATE).astype(np.float32))
        assert asked["response_format"] == "pcm"
        return web.Response(body=pcm.tobytes(), content_type="audio/pcm")

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.messages = asked["messages"]
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        record = str(self.messages[-1]["content"])
        text = self.write(record)
        base = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "local"}
        calls = self.calls if asked.get("tools") and "(tool)" not in record else ()
        for number, (name, arguments) in enumerate(calls):
            text, function = "", {"name": name, "arguments": arguments}
            wish = {"index": number, "id": f"c{number}", "type": "function", "function": function}
            chunk = {**base, "choices": [{"index": 0, "delta": {"tool_calls": [wish]}}]}
            await answer.write(f"data: {json.dumps(chunk)}\n\n".encode())
        if calls:  # a client puts a call together until its reply is over
            over = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
            await answer.write(f"data: {json.dumps({**base, 'choices': [over]})}\n\n".encode())
        for at in range(0, len(text), 7):
            delta = {"role": "assistant", "content": text[at : at + 7]}
            chunk = {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
            await answer.write(f"data: {json.dumps(chunk)}\n\n".encode())
        usage = {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59}
        await answer.write(
            f"data: {json.dumps({**base, 'choices': [], 'usage': usage})}\n\n".encode()
        )
        await answer.write(b"data: [DONE]\n\n")
        return answer

    async def _realtime(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        waiting = np.zeros(0, np.float32)
        number, quiet = 0, 0
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            event = json.loads(message.data)
            if event["type"] != "input_audio_buffer.append":
                continue
            pcm = np.frombuffer(base64.b64decode(event["audio"]), np.int16)
            samples = pcm.astype(np.float32) / 32768
            loud = bool(len(samples)) and float(np.sqrt(np.mean(samples**2))) > 0.003
            quiet = 0 if loud else quiet + len(samples)
            if not loud and not len(waiting):
                continue
            if not len(waiting):
                number += 1
                await _tell(socket, "input_audio_buffer.speech_started", number)
            waiting = np.concatenate([waiting, samples])
            if quiet >= QUIET_S * RATE:
                await _tell(socket, "input_audio_buffer.speech_stopped", number)
                text, waiting = await self._words(waiting, RATE), waiting[:0]
                done = "conversation.item.input_audio_transcription.completed"
                await _tell(socket, done, number, transcript=text)
        return socket


async def _tell(socket: web.WebSocketResponse, kind: str, number: int, **more: Any) -> None:
    await socket.send_json({"type": kind, "item_id": f"item_{number}", **more})


def embedded(
    recogniser: Recogniser, voice: Voice, write: Callable[[str], str] = lambda _: "I cannot say."
) -> SpeechServer:
    """A server with loaded models behind it."""

    def recognised(samples: Waveform) -> str:
        stream = recogniser.open()
        stream.begin(0)
        stream.push(samples, True)
        stream.end(len(samples))
        words = []
        while stream.due:
            words += [word.text for word in stream.read().words]
        return " ".join(words)

    def speak(text: str) -> Waveform:
        return np.concatenate([sentence.samples for sentence in voice.say(text)])

    return SpeechServer(recognised, speak, write)


def main() -> None:
    """Serves with the embedded models, which are warm when the address is printed."""
    store = ModelStore.default()
    ears, voice = load_ear_models(store), load_voice(VoiceChoice(), store)
    server = embedded(ears.recogniser, voice)
    warm = server.speak("I am warm.")
    server.recognise(warm)
    with server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
