"""Metrics of the meetings of one process, by OpenTelemetry.

Names and units follow its semantic conventions. Attributes take few values: the role's name where
the library has it, acts, actions, phases; never a room or a person.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from integrations.livekit.measuring.timing import Timed, Timing
from moderator.events import Failure, Part, PartChanged
from moderator.journal.lines import Event
from moderator.timeline import FRAME, LiveClock, Samples, Stopwatch, to_seconds
from roles.loader import library

ROLE, ACT = "moderator.role", "moderator.act"
ACTION, REASON = "moderator.decision.action", "moderator.decision.reason"
PHASE, WHO, DIRECTION = "moderator.phase", "moderator.speaker.kind", "network.io.direction"
PART, PLUGIN = "moderator.part", "moderator.plugin"

OTHER_ROLE = "custom"
"""Stands for every role that is not the library's: their names are anybody's choice."""

NO_COMPUTING = frozenset({"load", "run"})
"""Phases of a stopwatch that are not computing for the meeting itself."""

_SHORT = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0)
_GAPS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class MeetingProbe:
    """Where the figures of one meeting come from.

    Attributes:
        role: the agent's role's name.
        clock: the meeting's.
        stopwatch: measures its computing.
        dropped: samples that were lost in this process, by direction.
        usage: of plugins, by part and unit.
    """

    role: str
    clock: LiveClock
    stopwatch: Stopwatch
    dropped: Callable[[], Mapping[str, Samples]]
    usage: Callable[[], Mapping[str, Mapping[str, float]]] = dict


class MeetingMetrics:
    """Measures one meeting; an observer of it. Made by `Metrics.meeting`.

    Args:
        probe: brings what events do not say.
        histograms: take durations, by what was timed.
        ended: told when the meeting is over.
    """

    def __init__(
        self,
        probe: MeetingProbe,
        histograms: Mapping[Timed, Histogram],
        ended: Callable[[MeetingMetrics], None],
    ) -> None:
        self.role = probe.role
        self._probe, self._histograms, self._ended = probe, histograms, ended
        self._timing = Timing(probe.clock.now)
        self.failures: Counter[str] = Counter()
        """Failures so far, by part."""
        self.down: frozenset[Part] = frozenset()
        """What does not work at present."""

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, Failure):
            self.failures[event.part] += 1
        elif isinstance(event, PartChanged):
            self.down = self.down - {event.part} if event.up else self.down | {event.part}
        for found in self._timing.take(event):
            labels = {ROLE: self.role}
            for key, value in ((ACTION, found.action), (REASON, found.reason), (ACT, found.act)):
                if value is not None:
                    labels[key] = value.value
            self._histograms[found.what].record(to_seconds(found.lasted), labels)

    def close(self) -> None:
        """The meeting is over; its sums stay."""
        self._ended(self)

    @property
    def lasted(self) -> float:
        """Seconds of the meeting so far."""
        return to_seconds(self._probe.clock.now())

    @property
    def computing(self) -> dict[str, float]:
        """Seconds of computing by phase."""
        spent = self._probe.stopwatch.spent()
        return {phase: each for phase, each in spent.items() if phase not in NO_COMPUTING}

    @property
    def talk(self) -> dict[str, float]:
        """Seconds of talk of the agent and of all participants together."""
        return {
            "agent": to_seconds(self._timing.agent_talk),
            "participant": to_seconds(self._timing.people_talk),
        }

    @property
    def frames(self) -> dict[str, int]:
        """Dropped frames of 20 ms, by direction."""
        return {way: lost // FRAME for way, lost in self._probe.dropped().items()}

    def used(self, unit: str) -> dict[str, float]:
        """What plugins used in a unit, by part."""
        return {part: used[unit] for part, used in self._probe.usage().items() if unit in used}


class Metrics:
    """The instruments of a process; its meetings share them.

    Args:
        meter: makes them.
    """

    def __init__(self, meter: Meter) -> None:
        self._lock = threading.Lock()
        self._now: list[MeetingMetrics] = []
        self._past: Counter[tuple[str, str, str]] = Counter()
        self._library = frozenset(library())
        self._histograms = {
            timed: meter.create_histogram(
                timed.value, "s", _DESCRIPTIONS[timed], explicit_bucket_boundaries_advisory=buckets
            )
            for timed, buckets in _BUCKETS.items()
        }
        for name, unit, text, label in _SUMS:
            meter.create_observable_counter(name, [self._sums(name, label)], unit, text)
        for name, unit, text, read in (
            ("moderator.meeting.active", "{meeting}", "Meetings under way.", self._active),
            (
                "moderator.part.down",
                "{meeting}",
                "Meetings under way in which the agent does without a part that has failed.",
                self._down,
            ),
            (
                "moderator.realtime_factor",
                "1",
                "Computing time over the time of the meetings under way.",
                self._factor,
            ),
            (
                "moderator.talk.share",
                "1",
                "Share of the talk in the meetings under way.",
                self._share,
            ),
        ):
            meter.create_observable_gauge(name, [read], unit, text)

    def meeting(self, probe: MeetingProbe) -> MeetingMetrics:
        """Begins to measure a meeting; `MeetingMetrics.close` ends it."""
        made = MeetingMetrics(probe, self._histograms, self._end)
        if probe.role not in self._library:
            made.role = OTHER_ROLE
        with self._lock:
            self._now.append(made)
        return made

    def _end(self, meeting: MeetingMetrics) -> None:
        with self._lock:
            if meeting in self._now:
                self._now.remove(meeting)
                self._past.update(_totals(meeting))

    def _sums(
        self, name: str, label: str | None
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def read(_: CallbackOptions) -> Iterable[Observation]:
            with self._lock:
                found = Counter(self._past)
                for meeting in self._now:
                    found.update(_totals(meeting))
            for (which, role, value), total in found.items():
                if which == name:
                    yield Observation(total, {ROLE: role} | ({label: value} if label else {}))

        return read

    def _by_role(self) -> dict[str, list[MeetingMetrics]]:
        found: dict[str, list[MeetingMetrics]] = {}
        with self._lock:
            for meeting in self._now:
                found.setdefault(meeting.role, []).append(meeting)
        return found

    def _active(self, _: CallbackOptions) -> Iterable[Observation]:
        for role, meetings in self._by_role().items():
            yield Observation(len(meetings), {ROLE: role})

    def _down(self, _: CallbackOptions) -> Iterable[Observation]:
        for role, meetings in self._by_role().items():
            for part in Part:
                count = sum(part in one.down for one in meetings)
                yield Observation(count, {ROLE: role, PART: part.value})

    def _factor(self, _: CallbackOptions) -> Iterable[Observation]:
        for role, meetings in self._by_role().items():
            lasted = sum(one.lasted for one in meetings)
            if lasted:
                computing = sum(sum(one.computing.values()) for one in meetings)
                yield Observation(computing / lasted, {ROLE: role})

    def _share(self, _: CallbackOptions) -> Iterable[Observation]:
        for role, meetings in self._by_role().items():
            talk: Counter[str] = Counter()
            for one in meetings:
                talk.update(one.talk)
            total = sum(talk.values())
            for who, seconds in talk.items():
                yield Observation(seconds / total if total else 0.0, {ROLE: role, WHO: who})


def _totals(meeting: MeetingMetrics) -> dict[tuple[str, str, str], float]:
    """The sums of a meeting, by metric, role and the value of the metric's own attribute."""
    role = meeting.role
    found: dict[tuple[str, str, str], float] = {
        ("moderator.meeting.time", role, ""): meeting.lasted
    }
    sums: Iterable[tuple[str, Mapping[str, float]]] = (
        ("moderator.compute.time", meeting.computing),
        ("moderator.talk.time", meeting.talk),
        ("moderator.audio.frames.dropped", meeting.frames),
        ("moderator.part.failures", dict(meeting.failures)),
        *((name, meeting.used(unit)) for name, unit in _USED.items()),
    )
    for name, parts in sums:
        found |= {(name, role, value): total for value, total in parts.items()}
    return found


_BUCKETS = {
    Timed.DECISION: _SHORT,
    Timed.MIND: _SHORT,
    Timed.RESPONSE: _GAPS,
    Timed.YIELD: _SHORT,
}
_DESCRIPTIONS = {
    Timed.DECISION: "From the end of the audio that a decision rests on to the decision.",
    Timed.MIND: "From the end of a percept to the proposal made from it.",
    Timed.RESPONSE: "From the end of the last voice to the agent's first sound.",
    Timed.YIELD: "From the beginning of somebody's talk over the agent to its silence.",
}
_USED = {
    "moderator.plugin.audio.time": "audio_s",
    "moderator.plugin.characters": "characters",
    "moderator.plugin.tokens.input": "input_tokens",
    "moderator.plugin.tokens.output": "output_tokens",
}
"""Units of `usage`, by metric."""
_SUMS: tuple[tuple[str, str, str, str | None], ...] = (
    ("moderator.meeting.time", "s", "Time in meetings.", None),
    ("moderator.compute.time", "s", "Computing time by part, over all threads.", PHASE),
    ("moderator.talk.time", "s", "Talk of the agent and of participants.", WHO),
    ("moderator.part.failures", "{failure}", "What failed while the meeting went on.", PART),
    ("moderator.plugin.audio.time", "s", "Audio that plugins were given or made.", PLUGIN),
    ("moderator.plugin.characters", "{character}", "Text that plugins spoke.", PLUGIN),
    ("moderator.plugin.tokens.input", "{token}", "Tokens that plugins read.", PLUGIN),
    ("moderator.plugin.tokens.output", "{token}", "Tokens that plugins wrote.", PLUGIN),
    (
        "moderator.audio.frames.dropped",
        "{frame}",
        "Audio frames of 20 ms that this process dropped because it was late.",
        DIRECTION,
    ),
)
