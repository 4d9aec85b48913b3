"""Who gets the live page and the token behind it, and who does not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest

from integrations.livekit.address import Address
from integrations.livekit.dashboard.door import MOST
from integrations.livekit.dashboard.server import CLIENT, CLIENT_SHA256, CLIENT_VERSION, Dashboard
from moderator.errors import InputError

ADDRESS = Address("wss://rooms.example:8443", "stand-up", "robin-1", "Robin", None, "key", "s" * 40)
ASSETS = resources.files("integrations.livekit.dashboard").joinpath("assets")

Answer = tuple[int, Mapping[str, str], bytes]


def ask(url: str, path: str = "", **headers: str) -> Answer:
    """One request to the page's server."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=5)
    connection.request(
        "GET",
        path if path.startswith("/") else parts.path + path,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    response = connection.getresponse()
    return response.status, dict(response.headers), response.read()


def asking(path: str = "", **headers: str) -> Answer:
    """One request to a server of its own."""

    async def run() -> Answer:
        async with Dashboard(ADDRESS, "host") as page:
            return await asyncio.to_thread(ask, page.url, path, **headers)

    return asyncio.run(run())


def test_the_page_and_all_it_loads_are_served() -> None:
    async def run() -> None:
        async with Dashboard(ADDRESS, "host") as page:
            for name in ("", "dashboard.css", "dashboard.js", "meeting.js", CLIENT):
                status, _, body = await asyncio.to_thread(ask, page.url, name)
                assert status == 200, name
                assert body, name

    asyncio.run(run())


def test_the_token_watches_and_calls_methods_for_a_minute() -> None:
    status, headers, body = asking("connection.json", Sec_Fetch_Site="same-origin")
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    found = json.loads(body)
    assert found["url"] == ADDRESS.url
    claims = jwt.decode(found["token"], ADDRESS.secret, algorithms=["HS256"])
    assert claims["exp"] - claims["nbf"] <= 60
    assert claims["kind"] == "agent"
    assert claims["video"] == {
        "roomJoin": True,
        "room": "stand-up",
        "canPublish": False,
        "canSubscribe": False,
        "canPublishData": True,
        "canUpdateOwnMetadata": False,
    }


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", ""])
def test_another_host_name_is_refused(host: str) -> None:
    status, _, body = asking("connection.json", Host=host)
    assert status in (400, 421)
    assert b"token" not in body


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_is_refused(site: str) -> None:
    assert asking("connection.json", Sec_Fetch_Site=site)[0] == 403


@pytest.mark.parametrize("path", ["/", "/connection.json", "/wrong/", "/wrong/connection.json"])
def test_without_the_path_there_is_nothing(path: str) -> None:
    status, headers, body = asking(path)
    assert status == 404
    assert b"Robin" not in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["..%2fserver.py", "livekit-client.LICENSE", "%00", "x" * 5000])
def test_only_the_page_s_own_files_are_served(name: str) -> None:
    assert asking(name)[0] == 404


def test_the_page_may_connect_to_the_room_s_server_alone() -> None:
    policy = asking()[1]["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["connect-src"] == (
        "'self' wss://rooms.example:8443 https://rooms.example:8443"
    )
    assert directives["script-src"] == directives["style-src"] == "'self'"


PAGE, HOST = b"GET PATH HTTP/1.1\r\n", b"Host: HOST\r\n"
BAD = [
    b"GARBAGE\r\n\r\n",
    b"\x16\x03\x01\x02\x00",
    b"GET / HTTP/9.9\r\n\r\n",
    b"CONNECT a:99999999 HTTP/1.1\r\n\r\n",
    b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET http://[bad/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /\xed\xa0\x80/ HTTP/1.1\r\n" + HOST + b"\r\n",
    PAGE + HOST + b"A: " + b"x" * 70_000 + b"\r\n\r\n",
    PAGE + b"A: b\r\n" * 5_000 + b"\r\n",
    PAGE + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    b"POST PATH HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    PAGE + HOST + b"Cookie: \xff=\x01\r\nSec-Fetch-Site: \xff\r\n\r\n",
    PAGE + HOST + b"Expect: nonsense\xd0\r\n\r\n",
    PAGE + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET //[x HTTP/1.1\r\n" + HOST + b"\r\n",
    PAGE + HOST + b"\r\n" + PAGE + HOST + b"\r\n",
]


def test_what_is_no_request_is_refused_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(page: Dashboard, sent: bytes) -> bytes:
        parts = urlsplit(page.url)
        sent = sent.replace(b"PATH", parts.path.encode()).replace(b"HOST", parts.netloc.encode())
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(sent)
        got = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return got

    async def run() -> list[bytes]:
        async with Dashboard(ADDRESS, "host") as page:
            good = await answer(page, PAGE + HOST + b"\r\n")
            assert good.startswith(b"HTTP/1.1 200")
            return [await answer(page, sent) for sent in BAD]

    assert {got.split(b"\r\n")[0] for got in asyncio.run(run())} == {b"HTTP/1.1 400 Bad Request"}
    assert not caplog.records


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_who_holds_connections_holds_few_of_them_and_the_page_comes_back() -> None:
    async def run() -> None:
        async with Dashboard(ADDRESS, "host") as page:
            parts = urlsplit(page.url)
            before = handles()
            held = [
                await asyncio.open_connection(parts.hostname, parts.port) for _ in range(3 * MOST)
            ]
            await asyncio.sleep(0.1)
            assert handles() - before <= len(held) + MOST
            for _, writer in held:
                writer.close()
            await asyncio.sleep(0.1)
            assert (await asyncio.to_thread(ask, page.url))[0] == 200

    asyncio.run(run())


def test_a_token_alone_makes_no_page() -> None:
    with pytest.raises(InputError, match="token of its own"):
        Dashboard(Address("wss://rooms.example", "", "robin-1", "Robin", "some.made.token"), "host")


def test_the_command_says_so_in_one_line() -> None:
    arguments = ["--role", "host", "--token", "some.made.token", "--dashboard", "--offline"]
    done = subprocess.run(
        [sys.executable, "-m", "moderator", "join", "--url", "ws://127.0.0.1:9", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={key: value for key, value in os.environ.items() if not key.startswith("LIVEKIT_")},
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--api-key and --api-secret instead of --token" in done.stderr


def test_a_port_in_use_is_said() -> None:
    async def run() -> None:
        async with Dashboard(ADDRESS, "host") as first:
            with pytest.raises(InputError, match="cannot be served"):
                async with Dashboard(ADDRESS, "host", urlsplit(first.url).port or 0):
                    pass

    asyncio.run(run())


def test_the_client_library_is_the_published_file() -> None:
    published = hashlib.sha256(ASSETS.joinpath(CLIENT).read_bytes())
    assert published.hexdigest() == CLIENT_SHA256
    page = ASSETS.joinpath("index.html").read_text("utf-8")
    assert f'integrity="sha256-{base64.b64encode(published.digest()).decode()}"' in page
    assert CLIENT_VERSION in ASSETS.joinpath("NOTICE.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["dashboard.js", "meeting.js"])
def test_the_scripts_never_make_html_of_text(name: str) -> None:
    text = ASSETS.joinpath(name).read_text("utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text
