"""What the agent decided and why, as intervals that stand above the talk in a tier of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from integrations.files.transcripts.tiers import Interval
from moderator.events import Decision, Reason
from moderator.measure.report.wording import ACTIONS, REASONS, purpose, said
from moderator.timeline import Samples, to_samples

LASTS: Final = to_samples(0.5)
"""How long a decision stands where no other follows: the usual time between two percepts."""


@dataclass(slots=True)
class _Stretch:
    start: Samples
    end: Samples
    codes: tuple[str, str, str, str]  # action, reason, act, addressee


class Decisions:
    """Collects decisions; the same one again and again is one interval.

    Where there was nothing to decide on, as no duty and no model wished anything, nothing stands.
    """

    def __init__(self) -> None:
        self._stretches: list[_Stretch] = []

    def take(self, decision: Decision) -> None:
        """Takes one decision; they come by time."""
        if decision.reason is Reason.NO_PROPOSAL:
            return
        act = decision.act.value if decision.act else ""
        codes = (decision.action.value, decision.reason.value, act, decision.addressee or "")
        last = self._stretches[-1] if self._stretches else None
        if last is not None and last.codes == codes and decision.at <= last.end:
            last.end = decision.at + LASTS
            return
        if last is not None:
            last.end = max(last.start + 1, min(last.end, decision.at))
        start = decision.at if last is None else max(decision.at, last.end)
        self._stretches.append(_Stretch(start, start + LASTS, codes))

    def intervals(self, names: Mapping[str, str]) -> list[Interval]:
        """The decisions by start, in the report's words: ``waited to invite Ana: …``.

        Args:
            names: what people are called, by id.
        """
        return [Interval(one.start, one.end, _words(one.codes, names)) for one in self._stretches]


def _words(codes: tuple[str, str, str, str], names: Mapping[str, str]) -> str:
    action, reason, act, addressee = codes
    wanted = purpose(act, names.get(addressee, addressee))
    done = said(ACTIONS, action)
    return (
        f"{done} {wanted}: {said(REASONS, reason)}"
        if wanted
        else f"{done}: {said(REASONS, reason)}"
    )
