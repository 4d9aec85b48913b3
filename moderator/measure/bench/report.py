"""The benchmark's result as one JSON object and as tables for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moderator.measure.bench.evaluation import Choice, Row, Scored, evaluate, gain
from moderator.measure.bench.moments import Protocol
from moderator.measure.bench.runner import Plan
from moderator.measure.bench.scorer import Traits

if TYPE_CHECKING:
    from rich.table import Table

SHOWN: Mapping[Protocol, Sequence[tuple[str, str]]] = {
    Protocol.STREAM: [
        ("P", "precision"), ("R", "recall"), ("F1", "f1"), ("A", "a"), ("FP", "fp"),
        ("AP", "ap"), ("AUC", "auc"), ("P at R .4", "precision_at_recall_40"), ("RM", "rm"),
        ("RM alone", "rm_alone"), ("event F1", "event_f1"),
    ],
    Protocol.BOUNDARY: [
        ("accuracy", "accuracy"), ("macro-F1", "macro_f1"), ("balanced", "balanced_accuracy"),
        ("AUC", "auc"), ("macro-F1 addressed", "addressed: macro_f1"),
        ("not addressed", "not addressed: macro_f1"),
    ],
    Protocol.DYNAMIC: [
        ("P", "precision"), ("R", "recall"), ("F1", "f1"), ("A", "a"), ("FP", "fp"), ("RM", "rm"),
    ],
}  # fmt: skip
"""Columns of the tables: heading and figure."""

_SPREAD = ("f1", "ap", "auc", "macro_f1")
"""Figures shown with their interval; the JSON has all."""

_GAINS = ("precision", "recall", "f1", "ap")


def results(
    scored: Sequence[Scored], traits: Sequence[Traits], plan: Plan, choice: Choice
) -> dict[str, Any]:
    """All figures, ready for JSON; None where a figure is undefined.

    Args:
        scored: the meetings.
        traits: of the scorers, in the order of the tables.
        plan: what was measured.
        choice: how thresholds are chosen.
    """
    protocols: dict[str, Any] = {}
    for protocol in plan.protocols:
        rows = {
            one.name: evaluate(scored, one, protocol, choice, plan.seed)
            for one in traits
            if protocol in one.protocols
        }
        moments = [one.moments[protocol] for one in scored]
        protocols[protocol.value] = {
            "moments": sum(len(one.at) for one in moments) // _runs(protocol, plan),
            "positives": sum(int(one.positive.sum()) for one in moments) // _runs(protocol, plan),
            "rows": [_row(row) for row in rows.values()],
            "role_gain": _gains(rows, traits, protocol),
        }
    return {
        "meetings": [_meeting(one) for one in scored],
        "step_s": plan.step_s,
        "seed": plan.seed,
        "threshold": choice.describe(scored),
        "failures": _failures(scored, traits),
        "protocols": protocols,
    }


def _failures(scored: Sequence[Scored], traits: Sequence[Traits]) -> dict[str, Any]:
    """Decisions that failed, of the scorers that had any."""
    found = {
        one.name: [each.failures[one.name] for each in scored if one.name in each.failures]
        for one in traits
    }
    return {
        name: {
            "decisions": sum(count for count, _ in counts),
            "meetings": len(counts),
            "first": counts[0][1],
        }
        for name, counts in found.items()
        if counts
    }


def _runs(protocol: Protocol, plan: Plan) -> int:
    return plan.runs if protocol is Protocol.DYNAMIC else 1


def _meeting(one: Scored) -> dict[str, Any]:
    seat = one.seat
    return {"id": seat.meeting.meeting_id, "seat": seat.speaker, "position": seat.position}


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "pooled": _numbers(row.pooled),
        "mean": _numbers(row.mean),
        "intervals": {name: _pair(value) for name, value in row.intervals.items()},
        "thresholds": _numbers(row.thresholds),
        "meetings": {name: _numbers(figures) for name, figures in row.meetings.items()},
        "curve": [[round(value, 6) for value in point] for point in row.curve],
    }


def _gains(rows: Mapping[str, Row], traits: Sequence[Traits], protocol: Protocol) -> dict[str, Any]:
    """What the role brings: each scorer against the same one without its role."""
    found: dict[str, Any] = {}
    for one in traits:
        whole, bare = rows.get(one.without_role_of or ""), rows.get(one.name)
        if whole is None or bare is None:
            continue
        names = ("macro_f1", "auc") if protocol is Protocol.BOUNDARY else _GAINS
        gains = {name: gain(whole, bare, name) for name in names if name in whole.pooled}
        found[whole.name] = {
            name: {"gain": _number(got["gain"]), "interval": _pair(got["interval"])}
            for name, got in gains.items()
        }
    return found


def _numbers(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in figures.items()}


def _number(value: Any) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None


def _pair(value: Any) -> list[float] | None:
    return None if value is None else [round(float(bound), 6) for bound in value]


def tables(result: Mapping[str, Any]) -> list[Table]:
    """One table a protocol; the dynamic one last."""
    from rich.table import Table

    made = []
    for name, part in result["protocols"].items():
        protocol = Protocol(name)
        table = Table(
            title=f"{name}: {part['moments']} moments, {part['positives']} positive"
            + (" (for comparison only)" if protocol is Protocol.DYNAMIC else ""),
            title_justify="left",
        )
        table.add_column("")
        for heading, _ in SHOWN[protocol]:
            table.add_column(heading, justify="right")
        for row in part["rows"]:
            table.add_row(row["name"], *[_cell(row, figure) for _, figure in SHOWN[protocol]])
        made.append(table)
    return made


def _cell(row: Mapping[str, Any], figure: str) -> str:
    value = row["pooled"].get(figure)
    if value is None:
        return "-"
    between = row["intervals"].get(figure) if figure in _SPREAD else None
    spread = "" if between is None else f" [{_short(between[0])} {_short(between[1])}]"
    return f"{_short(value)}{spread}"


def _short(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


def gain_lines(result: Mapping[str, Any]) -> list[str]:
    """What the role brings, a line for each protocol and scorer."""
    return [
        f"{protocol}: {name} relative to itself without its role: "
        + ", ".join(f"{figure} {_relative(gain)}" for figure, gain in gains.items())
        for protocol, part in result["protocols"].items()
        for name, gains in part["role_gain"].items()
    ]


def _relative(gain: Mapping[str, Any]) -> str:
    if gain["gain"] is None:
        return "-"
    if gain["interval"] is None:
        return f"{gain['gain']:+.1%}"
    low, high = gain["interval"]
    return f"{gain['gain']:+.1%} [{low:+.1%} {high:+.1%}]"


def failure_lines(result: Mapping[str, Any]) -> list[str]:
    """What failed, a line for each scorer that did."""
    return [
        f"{name}: {failed['decisions']} decisions failed, in {failed['meetings']} of "
        f"{len(result['meetings'])} meetings; they count as no wish ({failed['first']})"
        for name, failed in result["failures"].items()
    ]


def cost_lines(result: Mapping[str, Any]) -> list[str]:
    """What each mind cost, a line each."""
    return [
        f"{cost['name']}: {cost['decision_ms_p50']:.1f} ms a decision (p95 "
        f"{cost['decision_ms_p95']:.1f} ms), real-time factor {cost['real_time_factor']:.4f}, "
        f"memory {cost['memory_mb_minute_1']:.0f} MB after a minute, "
        f"{cost['memory_mb_end']:.0f} MB after {cost['hours']:g} h"
        for cost in result.get("cost", [])
    ]
