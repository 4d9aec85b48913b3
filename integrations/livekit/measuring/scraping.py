"""The endpoint that Prometheus scrapes: few connections at once, none that waits for long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

MOST = 16
"""Connections at once, a thread each; further ones are closed as they come."""

SILENT_S = 5.0
"""A connection that brings nothing for so long is closed."""


class _Handler(WSGIRequestHandler):
    """Logs nothing: whoever reaches the port could fill the terminal."""

    timeout = SILENT_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


class _Server(ThreadingWSGIServer):
    """A thread for each connection, as long as there are few."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], family: socket.AddressFamily) -> None:
        self.address_family = family
        self._free = threading.BoundedSemaphore(MOST)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: the other side went away, or was silent."""


@contextmanager
def scraped(host: str, port: int) -> Iterator[WSGIServer]:
    """Serves the metrics of the process at ``/metrics``; gives the server, which knows its port.

    Args:
        host: address to listen on.
        port: 0 for any free one.

    Raises:
        OSError: it cannot listen there.
        OverflowError: there is no such port.
    """
    family, _, _, _, at = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with _Server((str(at[0]), port), family) as server:
        server.set_app(make_wsgi_app())
        thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(5)
