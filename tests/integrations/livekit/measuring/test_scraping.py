"""The endpoint that is scraped, and who only holds its connections."""

from __future__ import annotations

import socket
import threading
import urllib.request

import pytest

from integrations.livekit.measuring import scraping
from integrations.livekit.measuring.scraping import MOST, scraped


def scrape(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        body: bytes = answer.read()
        return body


def closed(held: socket.socket) -> bool:
    """Whether the other side has closed."""
    held.settimeout(0.05)
    try:
        return held.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_idle_connections_are_few_and_go_again(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scraping._Handler, "timeout", 1.0)
    with scraped("127.0.0.1", 0) as server:
        port = server.server_port
        before = threading.active_count()
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(3 * MOST)]
        assert [closed(one) for one in held].count(False) <= MOST
        assert threading.active_count() - before <= MOST
        for one in held[:MOST]:
            one.settimeout(5)
            assert one.recv(1) == b""
        assert b"python_info" in scrape(port)
        for one in held:
            one.close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "sent",
    [b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01", b"GET /" + b"x" * 70_000],
)
def test_what_is_no_request_says_nothing(sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with scraped("127.0.0.1", 0) as server:
        with socket.create_connection(("127.0.0.1", server.server_port)) as one:
            one.sendall(sent)
            one.shutdown(socket.SHUT_WR)
            one.settimeout(5)
            while one.recv(65_536):
                pass
        assert b"python_info" in scrape(server.server_port)
    assert capfd.readouterr().err == ""


def test_an_address_of_the_newer_kind() -> None:
    try:
        with scraped("::1", 0) as server:
            assert server.server_port
    except OSError:
        pytest.skip("this machine has no IPv6")
