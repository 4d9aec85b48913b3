"""A live meeting whose parts can be told to fail, tick by tick.

What is measured is how long the loop takes for a tick. Its ears are those of a room, over tones;
people are tones too.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from moderator.audio import AudioChunk, Waveform
from moderator.ears.live import LiveListener, LiveParts
from moderator.ears.loading import EarModels
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.utterances import GateOptions
from moderator.events import (
    Action,
    Command,
    CommandGiven,
    Decision,
    Failure,
    Heard,
    Part,
    PartChanged,
    Proposal,
    RoleChanged,
    TurnEnded,
    TurnStarted,
)
from moderator.journal.lines import Event
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.base import SpeechLLM
from moderator.mind.dictated import Dictated
from moderator.mind.duties.session import Duties
from moderator.mind.ensemble import Ensemble
from moderator.mouth.sentences import split
from moderator.testing.chat_server import ChatServer
from moderator.testing.faulty import (
    SAID,
    FaultyDetector,
    FaultyDiarizer,
    FaultyMind,
    FaultyRecogniser,
    FaultyServer,
    FaultyVoice,
    Mode,
    Switch,
)
from moderator.testing.meetings import people
from moderator.testing.server_scenes import server_mind
from moderator.timeline import TICK, ReplayClock, Samples, Stopwatch, to_samples
from roles.schema import Act, Role

STALL_S = 0.1
"""Longest time that a tick may take for what parts do."""

PACE_S = 0.008
"""Between two ticks: parts go on, as they do in a meeting."""

HANGS_AFTER = 15
WITHIN_S = 0.3
"""Here parts hang sooner than in a meeting, in ticks and in seconds."""

MAX_TURN_S, CEILING = 1.5, 0.05
BANNED = (Act.SUMMARISE, Act.INVITE)

ROLES: dict[str, dict[str, object]] = {
    "speaks": {"share_ceiling": 1.0},
    "bounded": {"share_ceiling": CEILING},
    "addressed": {"only_when_addressed": True, "share_ceiling": 1.0},
    "silent": {"may_speak": False},
}
PARTS = ("mind", "recogniser", "voice", "detector", "diarizer")

MODES = {part: tuple(Mode) for part in PARTS} | {"detector": (Mode.OK, Mode.CRASH, Mode.RUBBISH)}
"""What parts do. A detector computes within the tick, which is as long as that takes."""

PEOPLE = ("ana", "ben", "hall")
"""Who speaks: two on tracks of their own, and somebody on a shared microphone."""


def role(kind: str) -> Role:
    """A role with hard limits."""
    turn = {
        "max_turn_s": MAX_TURN_S,
        "banned_acts": [act.value for act in BANNED],
        "minimum_gap_s": 0.2,
        "cool_down_s": 0.0,
        "may_cut_in": False,
    }
    return Role.model_validate(
        {
            "id": kind,
            "summary": "For tests.",
            "identity": {"name": "Robin"},
            "turn": turn | ROLES[kind],
        }
    )


def _ears(switches: Mapping[str, Switch]) -> LiveListener:
    """Ears of a room for three tracks, over fakes."""
    models = EarModels(
        partial(FaultyDetector, switches["detector"]), FaultyRecogniser(switches["recogniser"])
    )
    parts = LiveParts(models, ReadingPool(2), ReadingPool(2), Stopwatch(), HANGS_AFTER)
    gate = GateOptions(hang_s=0.1, pause_s=0.3)
    diarizer = parts.diarization.open(partial(FaultyDiarizer, switches["diarizer"]))
    return LiveListener(
        parts,
        [
            parts.models.own_track("ana", gate=gate),
            parts.models.own_track("ben", gate=gate),
            parts.models.shared_mic("hall", diarizer, gate=gate, prefix="hall/"),
        ],
    )


class _Lateness:
    """How late this process gets to run at all, whatever parts do: others compute here too."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._late: list[tuple[float, float]] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        due = time.monotonic() + 0.005
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            self._late.append((now, now - due))
            due = now + 0.005

    def since(self, begun: float) -> float:
        """Seconds by which it was late, in all, since a time."""
        found, self._late = self._late, []
        return sum(late for at, late in found if at >= begun)

    def stop(self) -> None:
        self._stop.set()


@dataclass
class Stage:
    """One live meeting that goes on tick by tick.

    Args:
        kind: of role.
        server: the mind is one behind a server; else one that wishes everything.

    Attributes:
        switches: what parts do, by name.
        wrong: what must not be, and was.
        slowest_s: longest tick, without what the process was late anyway.
    """

    kind: str
    server: bool = False
    switches: dict[str, Switch] = field(default_factory=lambda: {p: Switch() for p in PARTS})
    events: list[Event] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def __post_init__(self) -> None:
        split("A voice that is loaded has cut a sentence before.")
        self._loop = asyncio.new_event_loop()
        self._open = contextlib.ExitStack()
        self._mind = Dictated(self._make_mind())
        self._ears = _ears(self.switches)
        self._hushed = False
        self._now: Samples = 0
        self._own: list[bool] = []
        self._last: Proposal | None = None
        self._due: asyncio.Queue[Sequence[AudioChunk] | None] = asyncio.Queue()
        self._done = asyncio.Event()
        self._late = _Lateness()
        own = role(self.kind)
        settings = Settings(
            0.1,
            live=True,
            mind_within_s=WITHIN_S,
            mind_opens_within_s=WITHIN_S,
            voice_within_s=WITHIN_S,
        )
        self._kinds = {self.kind}
        self._meeting = Meeting(
            own,
            people("Ana", "Ben"),
            self._ears,
            self._mind,
            self._voice(own),
            [self._observe],
            ReplayClock(),
            settings,
            Stopwatch(),
        )
        self._begun = asyncio.Event()
        self._task = self._loop.create_task(self._meeting.run(self, self))
        self._loop.run_until_complete(self._begun.wait())

    def _voice(self, own: Role) -> FaultyVoice | None:
        return FaultyVoice(self.switches["voice"]) if own.turn.may_speak else None

    def _make_mind(self) -> SpeechLLM:
        if not self.server:
            return FaultyMind(self.switches["mind"])
        served = self._open.enter_context(ChatServer(FaultyServer(self.switches["mind"])))
        mind = server_mind(served, timeout_s=WITHIN_S / 2, reply_timeout_s=WITHIN_S)
        return Ensemble(Duties(), mind, live=True)

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """As the meeting's source: one tick when it is let."""
        self._begun.set()
        while (chunks := await self._due.get()) is not None:
            self._now += TICK
            yield self._now, chunks

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        """As the meeting's sink: the tick is done."""
        self._own.append(own is not None and bool(np.abs(own).max() > 0.05))
        self._done.set()

    def go_on(self, ticks: int, speaking: str | None = None) -> None:
        """Goes on; somebody may speak, who silences the agent."""
        self._advance(ticks, speaking)
        if speaking is not None and ticks >= 5 and any(self._own[-ticks + 4 :]):
            self.wrong.append("went on while somebody spoke")

    def command(self, command: Command) -> None:
        """Ana hushes it, or lets it speak again."""
        self._meeting.command(CommandGiven(self._now, command, "ana", "chat", True))
        self._hushed = command is Command.HUSH
        self._advance(2, None)
        if self._hushed:
            self._advance(3, None)
            if any(self._own[-3:]):
                self.wrong.append("spoke while it was hushed")

    def become(self, kind: str) -> None:
        """Another role takes over, whose limits hold from the next tick on."""
        own = role(kind)
        self._meeting.change_role(own, self._voice(own))
        self._advance(1, None)
        if self.kind != kind:
            self.wrong.append(f"did not become {kind}")

    def say(self) -> None:
        """Ana has it say something."""
        self._mind.say("This is to be said.", "ana")

    def _advance(self, ticks: int, speaking: str | None) -> None:
        self._loop.run_until_complete(self._let(ticks, speaking))
        if self._task.done():
            self.wrong.append(f"the meeting ended: {self._task.exception()!r}")

    async def _let(self, ticks: int, speaking: str | None) -> None:
        for _ in range(ticks):
            if self._task.done():
                return
            at = (self._now + np.arange(TICK)) / 16_000
            tone = (0.3 * np.sin(2 * np.pi * 300 * at)).astype(np.float32)
            self._done.clear()
            begun = time.monotonic()
            self._due.put_nowait(
                [
                    AudioChunk(name, self._now, tone if name == speaking else np.zeros_like(tone))
                    for name in PEOPLE
                ]
            )
            done = asyncio.ensure_future(self._done.wait())
            await asyncio.wait([done, self._task], return_when=asyncio.FIRST_COMPLETED)
            done.cancel()
            took = time.monotonic() - begun
            took -= self._late.since(begun) if took > STALL_S / 2 else 0.0
            self.slowest_s = max(self.slowest_s, took)
            await asyncio.sleep(PACE_S)

    def _observe(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Proposal):
            self._last = event
        elif isinstance(event, Failure) and SAID in event.what:
            self.wrong.append(f"a failure repeats what was said: {event.what}")
        elif isinstance(event, RoleChanged):
            self.kind = str(event.role["id"])
            self._kinds.add(self.kind)
        elif isinstance(event, Decision):
            self._decided(event)
        elif isinstance(event, TurnStarted) and (self.kind == "silent" or self._hushed):
            self.wrong.append("began a turn that it may not")
        elif isinstance(event, TurnEnded):
            self._ended(event)

    def _decided(self, event: Decision) -> None:
        if event.action not in (Action.SPEAK, Action.BACKCHANNEL, Action.RAISE_HAND):
            return
        if event.act in (*BANNED, Act.CUT_IN, Act.BACKCHANNEL):
            self.wrong.append(f"did {event.act}")
        unasked = self._last is None or not self._last.answering
        if self.kind == "addressed" and unasked and event.action is Action.SPEAK:
            self.wrong.append("spoke unasked")

    def _ended(self, event: TurnEnded) -> None:
        began = [one for one in self.events if isinstance(one, TurnStarted)]
        if began and began[-1].turn == event.turn:
            lasted = event.at - began[-1].at
            if lasted > to_samples(MAX_TURN_S) + 3 * TICK:
                self.wrong.append(f"spoke for {lasted / 16_000:.1f} s")

    def recover(self) -> None:
        """All parts work again: everything must be as before, also what people are told."""
        for switch in self.switches.values():
            switch.mode = Mode.OK
        self.command(Command.RESUME)
        self.go_on(60)  # what was given up has come back
        before = len(self.events)
        self.go_on(8, "ana")
        self.say()
        self.go_on(40)
        for name in ("ben", "ana", "hall"):
            self.go_on(8, name)
            self.go_on(12)
        fresh = self.events[before:]
        words = {one.speaker for event in fresh if isinstance(event, Heard) for one in event.words}
        if len(words) != len(PEOPLE) or not any(one.startswith("hall/speaker_") for one in words):
            self.wrong.append(f"recognised only {words}")
        spoke = any(isinstance(event, TurnStarted) for event in fresh)
        if self.kind in ("speaks", "addressed") and not spoke:
            self.wrong.append("did not speak again")
        down = [part for part in Part if self.down(part)]
        if down and not (self._kinds & {"silent", "bounded"} and down == [Part.VOICE]):
            self.wrong.append(f"still down: {down}")

    def down(self, part: Part) -> bool:
        """Whether people were told that a part has failed."""
        found = [one for one in self.events if isinstance(one, PartChanged) and one.part is part]
        return bool(found) and not found[-1].up

    def failures(self) -> Counter[str]:
        """Failures so far, by part."""
        return Counter(one.part for one in self.events if isinstance(one, Failure))

    def end(self) -> None:
        """Ends the meeting, which must not take long, and looks at what it was."""
        try:
            self._due.put_nowait(None)
            begun = time.monotonic()
            self._loop.run_until_complete(asyncio.wait([self._task], timeout=10.0))
            if not self._task.done():
                self.wrong.append("did not end")
            elif self._task.exception() is not None:
                self.wrong.append(f"ended with {self._task.exception()!r}")
            elif time.monotonic() - begun > 8.0:
                self.wrong.append("took long to end")
            if self.slowest_s > STALL_S:
                self.wrong.append(f"stalled for {self.slowest_s:.2f} s")
            sounded = sum(self._own) * TICK
            most = CEILING * to_samples(120.0) + to_samples(MAX_TURN_S) + 5 * TICK
            if self._kinds == {"bounded"} and sounded > most:
                self.wrong.append(f"spoke {sounded / 16_000:.1f} s in all")
        finally:
            self._late.stop()
            for switch in self.switches.values():
                switch.mode = Mode.OK
            self._open.close()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0.05))
            self._loop.close()
