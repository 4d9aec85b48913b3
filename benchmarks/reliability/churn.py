"""People who come, take other names, say something and go, by the thousand, in one real room."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from benchmarks.reliability.rooms import Attended, attended, journal_faults, real_rooms, written
from benchmarks.room.probed import Held
from benchmarks.room.speech import ROUND
from benchmarks.room.talking import attributed
from moderator.journal.lines import Line, read
from tests.integrations.livekit.rooms.people import person, publish

WARM_UP = 0.1
"""Share of the joins that come before the first measurement."""

PUBLISH_EVERY, SPEAK_EVERY, RENAME_EVERY = 3, 6, 2
"""Of so many guests one has a microphone, one speaks, one takes another name."""

SAME = "Chris"
"""A name that several take."""

SETTLED_S = 10.0
"""After the last has gone: what is listened to after somebody left is listened to no more."""

MORE_MB, MORE_FILES, MORE_THREADS = 15.0, 4, 4
"""More than this at the end, in the same state, is a leak."""


@dataclass
class Churned:
    """What came of it.

    Attributes:
        joins: so many came and went, the warm-up's aside.
        minutes: in this time.
        before: what the worker held after the warm-up, with one person in the room.
        during: the same every half minute, with seconds since the warm-up.
        after: the same at the end, with one person in the room.
        failed: guests who could not come in, with the reason.
        names_checked: identities whose names were looked at.
        heard_after: seconds until a microphone was subscribed.
        names: identities whose name in journal or transcript is not theirs.
        words: those right, those under a wrong identity, those spoken.
        answered: it answered afterwards.
        journal: what is wrong with it.
    """

    joins: int
    minutes: float
    before: Held
    after: Held
    during: list[tuple[float, Held]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    words: tuple[int, int, int] = (0, 0, 0)
    answered: bool = False
    journal: list[str] = field(default_factory=list)
    names_checked: int = 0
    heard_after: list[float] = field(default_factory=list)

    @property
    def grown_mb(self) -> float:
        """Memory in the last third of the time, less that in the first; the room is as full."""
        memory = [held.memory_mb for _, held in self.during]
        third = max(1, len(memory) // 3)
        return fmean(memory[-third:]) - fmean(memory[:third]) if memory else 0.0

    @property
    def wrong(self) -> list[str]:
        """What must not be, and was."""
        wrong = [*self.journal, *(f"wrong name: {one}" for one in self.names)]
        for what in ("tasks", "people", "streams", "tracks"):
            before, after = getattr(self.before, what), getattr(self.after, what)
            if after > before:
                wrong.append(f"{after} {what}, {before} before")
        for what, more in (("files", MORE_FILES), ("threads", MORE_THREADS)):
            before, after = getattr(self.before, what), getattr(self.after, what)
            if after > before + more:
                wrong.append(f"{what} {after}, {before} before")
        if self.grown_mb > MORE_MB:
            wrong.append(f"memory grew by {self.grown_mb:.0f} MB")
        if self.failed:
            wrong.append(f"{len(self.failed)} could not come in: {self.failed[0]}")
        if self.words[1]:
            wrong.append(f"{self.words[1]} words under a wrong identity")
        if not self.answered:
            wrong.append("did not answer afterwards")
        return wrong


class _Guests:
    """Those who come and go.

    Attributes:
        shown: the name that each displayed last, by identity.
        spoken: what each said, by identity.
        heard_after: seconds from a microphone's publication to the agent's subscription.
    """

    def __init__(self, here: Attended, people: int, total: int, tell: Callable[[], None]) -> None:
        self._here, self._people, self._total, self._tell = here, people, total, tell
        self._next = 0
        self.shown: dict[str, str] = {}
        self.spoken: dict[str, list[str]] = {}
        self.failed: list[str] = []
        self.heard_after: list[float] = []

    async def come(self, joins: int, seconds: float) -> None:
        """So many come and go, spread over the time, as many at once as may."""
        last, stay = self._next + joins, seconds * self._people / max(joins, self._people)
        async with asyncio.TaskGroup() as group:
            for seat in range(min(self._people, joins)):
                group.create_task(self._seat(last, stay, stay * seat / self._people))

    async def _seat(self, last: int, stay: float, wait: float) -> None:
        """One place in the room, taken by one guest after the other."""
        await asyncio.sleep(wait)
        due = time.monotonic()
        while self._next < last:
            number, self._next = self._next, self._next + 1
            due += stay
            try:
                async with asyncio.timeout(stay + 30.0):
                    await self._guest(number, due)
            except Exception as error:
                self.failed.append(f"guest {number}: {type(error).__name__} {error}"[:200])
            self._tell()

    async def _guest(self, number: int, until: float) -> None:
        """Every identity comes twice in all."""
        who = number % max(1, self._total // 2)
        identity, server = f"guest-{who}", self._here.stage.server
        self.shown[identity] = identity.title()
        async with person(
            server, self._here.name, identity, publishes=False, can_update_own_metadata=True
        ) as guest:
            if number % PUBLISH_EVERY == 0:
                sid = await publish(guest)
            if number % RENAME_EVERY == 0:
                # A few have one name; the others go back and forth.
                name = SAME if number % 20 == 0 else f"Guest {who} of Visit {number}"
                await guest.room.local_participant.set_name(name)
                self.shown[identity] = name
            if number % SPEAK_EVERY == 0:
                begun = time.monotonic()
                await guest.room.local_participant.track_publications[sid].wait_for_subscription()
                self.heard_after.append(time.monotonic() - begun)
                await asyncio.sleep(0.5)
                text = ROUND[who % len(ROUND)]
                self.spoken.setdefault(identity, []).append(text)
                await guest.say(self._here.stage.voices.say(who, text))
                await asyncio.sleep(1.0)
            await asyncio.sleep(max(0.5, until - time.monotonic()))


async def _churn(
    here: Attended, joins: int, minutes: float, people: int, tell: Callable[[], None]
) -> tuple[Churned, _Guests]:
    for number, text in enumerate(ROUND):  # made beforehand: it would hold up those who speak
        await asyncio.to_thread(here.stage.voices.say, number, text)
    warm = max(people, round(joins * WARM_UP))
    guests = _Guests(here, people, warm + joins, tell)
    await here.answers()
    await guests.come(warm, 60.0 * minutes * warm / joins)
    await asyncio.sleep(SETTLED_S)
    before = await here.held()
    during: list[tuple[float, Held]] = []
    begun = time.monotonic()

    async def watch() -> None:
        while True:
            await asyncio.sleep(30.0)
            during.append((round(time.monotonic() - begun), await here.held()))

    watching = asyncio.create_task(watch())
    await guests.come(joins, 60.0 * minutes)
    watching.cancel()
    lasted = time.monotonic() - begun
    await asyncio.sleep(SETTLED_S)
    after = await here.held()
    answered = await here.answers() is not None
    found = Churned(joins, lasted / 60, before, after, during, guests.failed, answered=answered)
    found.heard_after = guests.heard_after
    return found, guests


def _names(folder: Path, guests: _Guests) -> tuple[list[str], int]:
    """Whose name in the journal or the transcript is not what they displayed last."""
    lines = list(read(folder / "journal.jsonl"))
    called = {one: who["name"] for one, who in lines[0]["participants"].items()}
    for line in lines:
        if line["kind"] in ("joined", "renamed"):
            called[line["id"]] = line["name"]
    text = (folder / "transcript.vtt").read_text("utf-8")
    written_down = set(re.findall(r"<v ([^>]+)>", text))
    said = _said(lines)
    wrong = []
    for identity, shown in guests.shown.items():
        name = called.get(identity)
        if name is not None and not re.fullmatch(re.escape(shown) + r"( \(\d+\))?", name):
            wrong.append(f"{identity} is {name!r} and not {shown!r}")
        if identity in said and name not in written_down:
            wrong.append(f"{identity}, {name!r}, is not in the transcript")
    if len(set(called.values())) < len(called):
        wrong.append("two have one name")
    return wrong, len(called)


def _said(lines: list[Line]) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for line in lines:
        for who, text, *_ in line.get("words", []):
            said.setdefault(who, []).append(text)
    return said


def churn(
    joins: int, minutes: float, people: int, tell: Callable[[], None], keep: Path | None = None
) -> Churned:
    """So many joins and leaves in so many minutes, as many people in the room at once."""

    async def run() -> Churned:
        async with attended(stage, "churn") as here:
            found, guests = await _churn(here, joins, minutes, people, tell)
        folder = here.folder
        await written(folder)
        found.names, found.names_checked = _names(folder, guests)
        spoken = {who: " ".join(texts) for who, texts in guests.spoken.items()}
        said = _said(list(read(folder / "journal.jsonl")))
        found.words = attributed(spoken, {who: " ".join(words) for who, words in said.items()})
        found.journal = journal_faults(folder)
        return found

    with real_rooms(keep=keep) as stage:
        return asyncio.run(run())
