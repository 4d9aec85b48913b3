"""The live page in a real browser, in a real room."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integrations.livekit.address import Address
from integrations.livekit.dashboard.server import Dashboard
from integrations.livekit.hearing.models import RoomModels
from roles.schema import Role
from tests.chromium import FLAGS, program
from tests.integrations.livekit.rooms.agent import IDENTITY, agent, present, quiet_role
from tests.integrations.livekit.rooms.people import person
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.e2e

QUESTION = "Robin, who has talked the most so far?"
HOSTILE = "<img src=x onerror=document.title='owned'>"


class Watched:
    """The page, and what it complained of and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    async def until(self, condition: str, within: float = 30.0) -> None:
        """Polls from outside: Playwright's own waiting needs `eval`, which the page forbids."""
        for _ in range(round(within / 0.1)):
            if await self.page.evaluate(condition):
                return
            await asyncio.sleep(0.1)
        text = await self.page.evaluate("document.body.innerText")
        pytest.fail(f"never came true: {condition}\n{text}\n{self.complaints}")

    async def shot(self, name: str) -> None:
        """Screenshots in both colour schemes, where a directory for them is given."""
        folder = os.environ.get("MODERATOR_SCREENSHOTS")
        if not folder:
            return
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme)
            await self.page.screenshot(path=Path(folder) / f"{name}-{scheme}.png")
        await self.page.set_viewport_size({"width": 390, "height": 780})
        await self.page.screenshot(path=Path(folder) / f"{name}-narrow.png")
        await self.page.set_viewport_size({"width": 1280, "height": 820})


@asynccontextmanager
async def browsing(url: str, profile: Path) -> AsyncIterator[Watched]:
    """The page, open."""
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    async with playwright.async_playwright() as driver:
        context = await driver.chromium.launch_persistent_context(
            profile,
            executable_path=program(),
            headless=True,
            args=FLAGS,
            viewport={"width": 1280, "height": 820},
        )
        watched = Watched(context.pages[0])
        await watched.page.goto(url)
        yield watched
        await context.close()


def test_the_page_shows_the_meeting_and_hushes_the_agent(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path, tmp_path: Path
) -> None:
    door = speakers.say(1, "I have fixed the door of the shed.")
    question = speakers.say(0, QUESTION)
    address = Address(server.url, room, IDENTITY, "Robin", None, server.key, server.secret)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            shown = await enter(Dashboard(address, "facilitator"))
            ana = await enter(person(server, room, "ana"))
            ben = await enter(person(server, room, HOSTILE))
            erasing = {"consent": {"erase_on_opt_out": True}}
            role = Role.model_validate(quiet_role().model_dump(mode="json") | erasing)
            robin = await enter(agent(server, room, models, out, role))
            page = await enter(browsing(shown.url, tmp_path / "profile"))
            await present(ana)
            await page.until("document.getElementById('link').textContent === 'live'")
            await page.until("!document.getElementById('hush').disabled")
            await ben.say(door)
            await page.until("document.getElementById('said').innerText.includes('door')")
            await ana.say(question)
            await page.until("document.querySelector('#said .is-agent') !== null")
            await page.until("document.getElementById('state').textContent === 'speaking'")
            await page.shot("speaking")
            await page.until("document.getElementById('decisions').innerText.includes('spoke')")
            await page.until("document.querySelector('#people .s1 .num').textContent.endsWith('%')")
            await page.until(
                "document.getElementById('people').innerText.includes('<Img Src=X Onerror')"
            )
            assert not await page.page.evaluate("document.querySelector('img') !== null")

            await page.page.click("#hush")
            await page.until("document.getElementById('hush').textContent === 'Resume'")
            status = await ana.call(IDENTITY, "status")
            assert '"hushed": true' in status
            await page.shot("hushed")
            await page.page.click("#hush")
            await page.until("document.getElementById('hush').textContent === 'Hush'")

            await ben.call(IDENTITY, "optout")
            await page.until("!document.getElementById('said').innerText.includes('door')")
            await page.until("document.getElementById('decisions').innerText.includes('erased')")
            await ana.call(IDENTITY, "role", "observer")
            await page.until("document.getElementById('role').textContent === 'observer'")
            await page.until("document.getElementById('decisions').innerText.includes('took the')")

            viewers = [one for one in ana.room.remote_participants if one.startswith("viewer-")]
            assert len(viewers) == 1
            await page.until("document.title === 'Robin in " + room + "'")
            assert not page.complaints
            host = shown.url.split("/")[2]
            assert all(url.split("/")[2] == host for url in page.requests), page.requests
            robin.session.end("enough")
            await robin.done()
            joined = [line["id"] for line in robin.journal() if line["kind"] == "joined"]
            assert not [one for one in joined if one.startswith("viewer-")]
            await page.until("document.getElementById('state').textContent === 'not in the room'")

    asyncio.run(run())


def test_a_late_page_gets_the_last_decisions_and_does_not_keep_the_agent_there(
    server: Server, models: RoomModels, room: str, out: Path, tmp_path: Path
) -> None:
    address = Address(server.url, room, IDENTITY, "Robin", None, server.key, server.secret)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            shown = await enter(Dashboard(address, "facilitator"))
            robin = await enter(agent(server, room, models, out, quiet_role()))
            async with person(server, room, "ana", listens=True) as ana:
                await present(ana)
                asked = time.monotonic()
                await ana.call(IDENTITY, "say", "Hello, everybody.")
                assert await ana.first_sound(asked, within=15.0) is not None
                page = await enter(browsing(shown.url, tmp_path / "profile"))
                await page.until("document.getElementById('decisions').innerText.includes('spoke')")
            await robin.done()  # ana has gone, the page has not

    asyncio.run(run())
