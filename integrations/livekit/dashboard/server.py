"""Serves the live page on the loopback interface, and hands it a token for the room.

What must not get the token, or the page: other web pages in the same browser, also ones whose name
was made to point to this machine (DNS rebinding), and other people's programs on this machine. So
the path cannot be guessed, the Host header must be ours, requests that another site caused are
refused, and no other site may read, frame or embed what is served. Whoever is shown the address may
use the page. Programs of the same user can read the key itself and are not kept out.

Nor may anybody on this machine hold the meeting's file handles or fill its terminal: connections
are few and short, one answer each, and what is no request is refused without a word in the log.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from importlib import resources
from urllib.parse import urlsplit

from aiohttp import web

from integrations.livekit.address import Address
from integrations.livekit.dashboard.door import Door
from moderator.errors import InputError

CLIENT = "livekit-client.umd.js"
CLIENT_VERSION = "2.23.0"
CLIENT_SHA256 = "fb646f2260d84f91238d0a2dc10726c456631d6a26c7cafc43cfee5959b4d31d"
"""Of `CLIENT`, as published on npm; browsers check it too (subresource integrity)."""

HOST = "127.0.0.1"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_TYPES = {
    "index.html": "text/html",
    "dashboard.css": "text/css",
    "dashboard.js": "text/javascript",
    "meeting.js": "text/javascript",
    CLIENT: "text/javascript",
}


class Dashboard:
    """The page's server; use with ``async with``, which gives `url`.

    Args:
        address: of the room; has the key that makes the page's token.
        role: the agent's role, as the page shows it.
        port: 0 for a free one.

    Raises:
        InputError: there is no key to make tokens with.
    """

    def __init__(self, address: Address, role: str, port: int = 0) -> None:
        address.viewer_token("nobody")  # says what is missing before anything is started
        self._address, self._role, self._port = address, role, port
        self._secret = secrets.token_urlsafe(24)
        self._hosts: frozenset[str] = frozenset()
        self._headers = _headers(address.url)
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Dashboard:
        """Begins to serve.

        Raises:
            InputError: the port is taken.
        """

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        app = web.Application(middlewares=[guard])
        app.router.add_get("/{secret}/", self._asset)
        app.router.add_get("/{secret}/connection.json", self._connection)
        app.router.add_get("/{secret}/{name}", self._asset)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None  # made by the setup
        try:
            loop = asyncio.get_running_loop()
            self._listening = await loop.create_server(Door(server), HOST, self._port)
        except OSError as error:
            await self._runner.cleanup()
            raise InputError(
                f"the page cannot be served: {error.strerror or error}",
                where=f"port {self._port}",
                todo="give another --dashboard-port, or none",
            ) from None
        port = self._listening.sockets[0].getsockname()[1]
        self._hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})
        self.url = f"http://{HOST}:{port}/{self._secret}/"
        return self

    async def __aexit__(self, *error: object) -> None:
        """Serves no more."""
        if self._listening is not None:
            self._listening.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses whoever is not the page; every answer gets the headers, and is the last."""
        secret = request.match_info.get("secret", "")
        site = request.headers.get("Sec-Fetch-Site", "none")
        response: web.StreamResponse
        if request.headers.get("Host", "") not in self._hosts:
            response = web.Response(status=421, text="not this host\n")
        elif not hmac.compare_digest(secret.encode(), self._secret.encode()):
            response = web.Response(status=404, text="not found\n")
        elif site not in ("none", "same-origin"):
            response = web.Response(status=403, text="another site asked\n")
        else:
            response = await handler(request)
        response.headers.update(self._headers)
        response.force_close()
        return response

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name not in _TYPES:
            return web.Response(status=404, text="not found\n")
        body = resources.files(__package__ or "").joinpath("assets", name).read_bytes()
        return web.Response(body=body, content_type=_TYPES[name], charset="utf-8")

    async def _connection(self, request: web.Request) -> web.Response:
        """Where the room is, with a token that is good for a minute and one participant."""
        address = self._address
        found = {
            "url": address.url,
            "token": address.viewer_token(f"viewer-{secrets.token_hex(6)}"),
            "agent": address.identity,
            "agent_name": address.name,
            "room": address.room,
            "role": self._role,
        }
        return web.Response(text=json.dumps(found), content_type="application/json")


def _headers(server: str) -> dict[str, str]:
    """Headers of every answer; the page may connect to the LiveKit server and nowhere else."""
    parts = urlsplit(server)
    tls = parts.scheme in ("wss", "https")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    where = f"{host}:{parts.port}" if parts.port else host
    connect = f"'self' {'wss' if tls else 'ws'}://{where} {'https' if tls else 'http'}://{where}"
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src {connect}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
