"""What the page's script gets: compact JSON that is safe inside a script element."""

from __future__ import annotations

import json
from typing import Any

from moderator.measure.report import wording
from moderator.measure.report.facts import Facts, Line, Spans, ms
from moderator.measure.report.record import Held, Mark, Value

# Speech is data: nothing in it may end the script element or begin a comment there.
_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def to_script_json(value: object) -> str:
    """`value` as JSON that may stand inside ``<script type="application/json">``."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def page_data(facts: Facts) -> dict[str, Any]:
    """The page's data; times are milliseconds, spans flat lists of begins and ends."""
    return {
        "end": facts.end,
        "lanes": [
            {"name": lane.name, "colour": lane.colour, "spans": _flat(lane.spans)}
            for lane in facts.lanes
        ],
        "overlaps": _flat(facts.overlaps),
        "marks": [
            _mark(facts, mark, link)
            for mark, link in zip(facts.record.marks, facts.links, strict=True)
        ],
        "held": [_held(facts, held) for held in facts.record.held],
        "lines": [[line.start, line.end, line.lane, _offsets(line)] for line in facts.lines],
    }


def purpose(facts: Facts, act: str, addressee: str) -> str:
    """What a turn was for, and whom it was meant for, by name."""
    return wording.purpose(act, facts.name(addressee) if addressee else "")


def _flat(spans: Spans) -> list[int]:
    return [edge for span in spans for edge in span]


def _offsets(line: Line) -> list[int]:
    return [max(start - line.start, 0) for start in line.starts]


def shown(value: Value) -> str:
    """An input's value as people read it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def _mark(facts: Facts, mark: Mark, link: int) -> dict[str, Any]:
    wish = mark.proposal
    entry: dict[str, Any] = {
        "at": ms(mark.at),
        "action": mark.action,
        "did": wording.said(wording.ACTIONS, mark.action),
        "purpose": purpose(facts, mark.act, mark.addressee),
        "because": wording.said(wording.REASONS, mark.reason),
        "reason": mark.reason,
        "inputs": [[key, shown(value)] for key, value in mark.inputs.items()],
        "line": link,
    }
    if wish is not None and mark.action not in ("pause", "go_on", "yield", "stop"):
        entry["wish"] = _wish(wish.probability, wish.cue, wish.duty, wish.mind)
    return entry


def _wish(probability: float, cue: str, duty: str, mind: str) -> list[str]:
    told = [f"probability {probability:.2f}"]
    told += [f"duty {duty}"] if duty else []
    told += [f"mind {mind}"] if mind else []
    return [", ".join(told), cue]


def _held(facts: Facts, held: Held) -> dict[str, Any]:
    return {
        "at": ms(held.start),
        "to": ms(held.end),
        "times": held.times,
        "purpose": purpose(facts, held.act, held.addressee),
        "because": wording.said(wording.REASONS, held.reason),
        "reason": held.reason,
        "wish": _wish(held.probability, held.cue, "", ""),
    }
