"""The summary of a meeting: who talked how much, and what the agent decided."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from moderator.events import Act, Action, Decision, Heard, Reason, TurnEnded, TurnStarted
from moderator.floor.state import Tallies
from moderator.journal.lines import Event
from moderator.timeline import Samples, to_seconds


class SummaryBuilder:
    """Adds a meeting up; an observer of its events."""

    def __init__(self) -> None:
        self._decisions: Counter[tuple[str, str]] = Counter()
        self._tallies = Tallies()
        self._turns = self._backchannels = 0
        self._spoken: Samples = 0
        self._started: TurnStarted | None = None

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, Heard):
            self._tallies.add(event.activities)
        elif isinstance(event, Decision):
            self._decisions[event.action.value, event.reason.value] += 1
        elif isinstance(event, TurnStarted):
            self._started = event
        elif isinstance(event, TurnEnded) and self._started is not None:
            self._spoken += event.at - self._started.at
            if self._started.act is Act.BACKCHANNEL:
                self._backchannels += 1
            else:
                self._turns += 1
            self._started = None

    def waited(self, times: int) -> None:
        """Takes decisions to wait for want of a proposal, of which the journal has the number."""
        self._decisions[Action.WAIT.value, Reason.NO_PROPOSAL.value] += times

    def build(
        self,
        *,
        meeting_id: str,
        duration: Samples,
        role: str,
        models: Sequence[str],
        load_s: float,
        run_s: float,
        phases_s: dict[str, float],
        number_type: str | None = None,
        notes: Sequence[str] = (),
        usage: Mapping[str, Mapping[str, float]] | None = None,
    ) -> dict[str, Any]:
        """The summary as it is written to ``summary.json``.

        `real_time_factor` is computing time over the meeting's length, without loading; below 1 is
        faster than real time. `peak_rss_mb` is of the whole process. `number_type` is that in which
        an embedded mind computed, if there was one. `notes` say what had to be
        done to recordings, or assumed of a transcript. `usage` is what LiveKit's plugins used, by
        part (`stt`, `llm`, `tts`) and unit.
        """
        duration_s = to_seconds(duration)
        return {
            "meeting_id": meeting_id,
            "duration_s": duration_s,
            "role": role,
            "real_time_factor": round(run_s / duration_s, 6) if duration_s else None,
            "peak_rss_mb": peak_rss_mb(),
            "load_s": round(load_s, 3),
            "phases_s": {name: round(spent, 3) for name, spent in sorted(phases_s.items())},
            "decisions": self.decisions(),
            "agent": {
                "turns": self._turns,
                "backchannels": self._backchannels,
                "seconds": to_seconds(self._spoken),
            },
            "speakers": self.speakers(),
            "models": list(models),
            "number_type": number_type,
            "notes": list(notes),
            "usage": {part: dict(units) for part, units in (usage or {}).items()},
        }

    def decisions(self) -> dict[str, dict[str, int]]:
        """How often each action was decided, by reason."""
        found: dict[str, dict[str, int]] = {}
        for (action, reason), times in sorted(self._decisions.items()):
            found.setdefault(action, {})[reason] = times
        return found

    def speakers(self) -> dict[str, dict[str, float | int]]:
        """Talk time, share of all participants' talk, and floor turns, per participant."""
        tallies = self._tallies.by_speaker
        total = sum(tally.talk for tally in tallies.values())
        return {
            name: {
                "talk_s": to_seconds(tally.talk),
                "share": round(tally.talk / total, 4) if total else 0.0,
                "turns": tally.turns,
            }
            for name, tally in sorted(tallies.items())
        }


def peak_rss_mb() -> float:
    """The process's largest resident memory so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)
