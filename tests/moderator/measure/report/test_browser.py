"""The page in a real browser, opened from disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile as sf

from moderator.measure.report.page import write_report
from moderator.testing import journals
from tests.chromium import FLAGS, program

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.e2e

OWN = "document.title='owned'"
HOSTILE = f"</script><script>{OWN}</script><img src=x onerror={OWN}>"
LIGHTNESS = """() => {
  const lanes = document.getElementById('lanes');
  const copy = new OffscreenCanvas(lanes.width, lanes.height);
  const pen = copy.getContext('2d', { willReadFrequently: true });
  pen.drawImage(lanes, 0, 0);
  const { data } = pen.getImageData(0, 0, lanes.width, lanes.height);
  let light = 0, many = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] <= 250) continue;
    light += data[i] + data[i + 1] + data[i + 2];
    many += 3;
  }
  return light / many;
}"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=program(), headless=True, args=FLAGS
        )
        yield context
        context.close()


class Watched:
    """A page, and what it said and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.page, name)

    def show(self, path: Path) -> Watched:
        self.page.goto(path.as_uri())
        return self.wait("document.getElementById('lanes').width > 0")

    def wait(self, condition: str) -> Watched:
        """Polls from outside: Playwright's own waiting needs `eval`, which the page forbids."""
        for _ in range(200):
            if self.page.evaluate(condition):
                return self
            self.page.wait_for_timeout(50)
        pytest.fail(f"never came true: {condition}")

    def at(self) -> float:
        """Where the page says that it is, in seconds."""
        return float(self.page.locator("#seek").input_value()) / 1000


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Watched]:
    watched = Watched(browser.new_page())
    watched.set_viewport_size({"width": 1280, "height": 900})
    yield watched
    watched.close()
    assert watched.complaints == []
    own = ("file:", "blob:", "data:")
    assert [url for url in watched.requests if not url.startswith(own)] == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of a meeting with its sound."""
    directory = tmp_path_factory.mktemp("run")
    journals.write_journal(directory / "journal.jsonl", journals.short_meeting())
    wave = 0.2 * np.sin(2 * np.pi * 220 * np.arange(60 * 16_000) / 16_000)
    sf.write(directory / "meeting.wav", wave.astype(np.float32), 16_000)
    write_report(directory)
    return directory


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("long")
    journals.write_journal(directory / "journal.jsonl", journals.long_meeting())
    write_report(directory)
    return directory


def sound_at(page: Watched) -> float:
    return float(page.evaluate("document.getElementById('audio').currentTime"))


def test_the_page_is_one_file(page: Watched, run: Path, tmp_path: Path) -> None:
    alone = tmp_path / "report.html"
    alone.write_bytes((run / "report.html").read_bytes())
    page.show(alone)
    page.wait("document.getElementById('audio').duration > 59")
    assert [url for url in page.requests if url.startswith("file:")] == [alone.as_uri()]


@pytest.mark.parametrize("which", ["run", "long_run"])
def test_nothing_is_wider_than_the_window(
    page: Watched, which: str, request: pytest.FixtureRequest
) -> None:
    page.show(request.getfixturevalue(which) / "report.html")
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    for width in (1280, 768, 360, 320):
        page.set_viewport_size({"width": width, "height": 740})
        page.wait_for_timeout(50)
        page.locator("#marks .pin").first.focus()
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_click_on_a_line_goes_to_its_time_in_the_sound(page: Watched, run: Path) -> None:
    page.show(run / "report.html")
    page.wait("document.getElementById('audio').duration > 59")
    line = page.locator("#lines li", has_text="From my side the dial is easy")
    line.locator(".time").click()
    assert sound_at(page) == pytest.approx(34.5, abs=0.01)
    assert "now" in (line.get_attribute("class") or "").split()
    assert page.locator("#saying").inner_text().startswith("Chloé Marchetti From my side")
    # A word in the middle: "costs" is the ninth of the line.
    box = line.locator(".said").evaluate(
        """said => {
          const range = new Range(), at = said.firstChild.data.indexOf('costs');
          range.setStart(said.firstChild, at); range.setEnd(said.firstChild, at + 5);
          const box = range.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }"""
    )
    page.mouse.click(*box)
    assert sound_at(page) == pytest.approx(34.5 + 9 * 0.32, abs=0.01)


def test_a_click_on_the_timeline_goes_there(page: Watched, run: Path) -> None:
    page.show(run / "report.html")
    box = page.locator("#track").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 60)
    assert page.at() == pytest.approx(30.0, abs=0.5)


@pytest.mark.parametrize("embed", [True, False])
def test_cursor_and_transcript_follow_the_sound(
    page: Watched, run: Path, tmp_path: Path, embed: bool
) -> None:
    for name in ("journal.jsonl", "meeting.wav"):
        shutil.copy(run / name, tmp_path)
    page.show(write_report(tmp_path, embed_audio=embed))
    page.wait("document.getElementById('audio').duration > 59")
    page.locator("#lines .time").nth(5).click()
    before = page.locator("#cursor").bounding_box()["x"]
    start = page.at()
    page.locator("#play").click()
    page.wait(f"document.getElementById('audio').currentTime > {start + 1}")
    page.locator("#play").click()
    assert page.locator("#play").get_attribute("aria-label") == "Play"
    assert page.at() == pytest.approx(sound_at(page), abs=0.3)
    assert page.locator("#cursor").bounding_box()["x"] > before
    assert page.locator("#lines .now").count() >= 1


@pytest.mark.parametrize("sound", ["none", "lost"])
def test_without_sound_time_still_passes(
    page: Watched, run: Path, tmp_path: Path, sound: str
) -> None:
    shutil.copy(run / "journal.jsonl", tmp_path)
    if sound == "lost":
        shutil.copy(run / "meeting.wav", tmp_path)
    path = write_report(tmp_path, embed_audio=False)
    (tmp_path / "meeting.wav").unlink(missing_ok=True)
    page.show(path)
    hint = page.locator("#hint")
    hint.wait_for(state="visible")
    assert "playing moves through the words" in hint.inner_text()
    page.locator("#play").click()
    page.wait("Number(document.getElementById('seek').value) > 600")
    page.locator("#play").click()
    page.complaints[:] = [c for c in page.complaints if "ERR_FILE_NOT_FOUND" not in c]


def test_every_decision_tells_its_reason_by_mouse_and_by_key(page: Watched, run: Path) -> None:
    page.show(run / "report.html")
    pins = page.locator("#marks .pin")
    labels = pins.evaluate_all("pins => pins.map(pin => pin.getAttribute('aria-label'))")
    assert "0:31 Spoke to invite Chloé Marchetti, because the floor was free" in labels
    assert "2 moments from 0:25" in labels
    card = page.locator("#card")
    pins.nth(labels.index("2 moments from 0:25")).hover()
    assert "Gave way, because somebody talked over it" in card.inner_text()
    page.mouse.move(5, 5)
    card.wait_for(state="hidden")
    pins.first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    text = card.inner_text()
    for part in ("to invite Chloé", "floor_free", "silence_s", "1.25", "probability 0.91"):
        assert part in text
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Play from here"
    page.keyboard.press("Escape")
    assert card.is_hidden()
    assert "Chloé" in page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_what_it_held_back_tells_why(page: Watched, run: Path) -> None:
    page.show(run / "report.html")
    page.locator("#holds .pin").first.focus()
    text = page.locator("#card").inner_text()
    assert "Held back from speaking to cut in" in text
    assert "from 0:21 to 0:24, because somebody had the floor" in text


def test_a_tap_opens_a_decision_above_the_player(browser: BrowserContext, run: Path) -> None:
    program = browser.new_page()
    try:
        program.set_viewport_size({"width": 360, "height": 740})
        page = Watched(program).show(run / "report.html")
        page.locator("#when").scroll_into_view_if_needed()
        page.locator("#marks .pin").nth(1).click()
        card = page.locator("#card").bounding_box()
        assert card["x"] >= 0
        assert card["x"] + card["width"] <= 360
        assert card["y"] + card["height"] <= page.locator("#player").bounding_box()["y"] + 1
    finally:
        program.close()


def test_speech_is_never_code(page: Watched, tmp_path: Path) -> None:
    people = {HOSTILE: {"name": HOSTILE, "position": HOSTILE}}
    lines = [
        journals.opened(HOSTILE, participants=people, agent=HOSTILE),
        journals.heard(3.0, HOSTILE, 1.0, HOSTILE),
        journals.proposal(4.0, "invite", 0.9, cue=HOSTILE),
        journals.decision(4.0, "speak", HOSTILE, act="invite", inputs={HOSTILE: HOSTILE}),
        *journals.turn(1, 4.1, "invite", HOSTILE, lost=HOSTILE),
        journals.closed(9.0),
    ]
    journals.write_journal(tmp_path / "journal.jsonl", lines)
    page.show(write_report(tmp_path))
    page.locator("#marks .pin").first.focus()
    page.locator("#lines .time").first.click()
    assert HOSTILE[:30] in page.locator("#card").inner_text()
    assert HOSTILE in page.locator("#lines .said").first.inner_text()
    assert page.locator("#saying").inner_text().count("<img") >= 1
    assert page.locator("img").count() == 0
    assert page.title() != "owned"
    # And what got in all the same may not run.
    blocked = page.evaluate(
        """() => {
          const script = document.createElement('script');
          script.textContent = "document.title = 'owned'";
          document.body.append(script);
          return document.title;
        }"""
    )
    assert blocked != "owned"
    page.complaints[:] = [c for c in page.complaints if "Content Security Policy" not in c]


def test_eight_hours_stay_usable(page: Watched, long_run: Path) -> None:
    page.show(long_run / "report.html")
    assert page.locator("#marks .pin").count() < 100
    page.locator("#zoom-fit").click()
    assert page.evaluate("document.getElementById('track').offsetWidth") <= 1280
    for _ in range(12):
        page.locator("#zoom-in").click()
    assert page.locator(".pin").count() < 100
    took = page.evaluate(
        """() => {
          const seek = document.getElementById('seek'), start = performance.now();
          for (let hour = 0; hour < 8; hour += 0.5) {
            seek.value = hour * 3600000;
            seek.dispatchEvent(new Event('input'));
          }
          return (performance.now() - start) / 16;
        }"""
    )
    assert took < 250, f"{took:.0f} ms for a jump"
    page.locator("#lines .now .time").first.wait_for(state="attached")
    x = page.locator("#cursor").bounding_box()["x"]
    assert 0 <= x <= 1280


def test_both_colour_schemes_are_drawn_in_their_colours(page: Watched, run: Path) -> None:
    page.show(run / "report.html")
    seen = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)
        seen.append(page.evaluate(LIGHTNESS))
    assert seen[0] != pytest.approx(seen[1], abs=5)


def test_paper_gets_all_of_it_in_light_colours(page: Watched, run: Path) -> None:
    page.emulate_media(color_scheme="dark")
    page.show(run / "report.html")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert ink == "rgb(35, 38, 43)"
    assert page.locator("#player").is_hidden()
    assert len(page.page.pdf()) > 20_000
