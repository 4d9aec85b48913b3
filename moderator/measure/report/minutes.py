"""The minutes of a meeting as Markdown: who was there, what came when, what the agent said and did.

They say what was measured, and nothing else: what people agreed on, nobody has measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from moderator.measure.report import wording
from moderator.measure.report.facts import Facts, Lane, ms, work_out
from moderator.measure.report.prose import Row, lede, line_notes, notices, reasons
from moderator.measure.report.reading import read_journal, read_summary
from moderator.measure.report.record import Json, clip, mapping, number

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>|#~&])")
_LONGEST: Final = 20_000  # characters of one turn


def minutes_text(directory: Path) -> str:
    """The minutes of a run, as text in Markdown.

    Args:
        directory: with `journal.jsonl`; `summary.json` is used where it is there.

    Raises:
        InputError: there is no journal.
    """
    facts = work_out(read_journal(directory / "journal.jsonl"))
    summary = read_summary(directory / "summary.json")
    parts = [
        [f"# Minutes of {_plain(facts.record.meeting_id or 'a meeting')}", "", _plain(lede(facts))],
        *([[_plain(notice)] for notice in notices(facts, summary)]),
        ["## Who was there", "", *_people(facts)],
        _section("Agenda", _agenda(facts)),
        _section(f"What {_plain(facts.record.agent)} said", _said(facts)),
        ["## Shares of talk", "", *_shares(facts)],
        _section(f"What {_plain(facts.record.agent)} decided", _decisions(reasons(facts))),
        ["## Where to find the rest", "", *_files(facts)],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _section(title: str, lines: Iterator[str]) -> list[str]:
    found = list(lines)
    return [f"## {title}", "", *found] if found else []


def _plain(text: str) -> str:
    """Text from outside on one line, without meaning for Markdown."""
    return _MARKUP.sub(r"\\\1", clip(text, _LONGEST).replace("\N{NO-BREAK SPACE}", " "))


def _at(at: int) -> str:
    return wording.clock(at / 1000)


def _people(facts: Facts) -> Iterator[str]:
    for lane in facts.lanes[:-1]:
        position = f", {_plain(lane.position)}" if lane.position else ""
        yield f"* {_plain(lane.name)}{position}{'' if lane.talk else ' (not heard)'}"
    role = clip(facts.record.role.get("id"), 60)
    yield f"* {_plain(facts.record.agent)}, the agent{f', as {_plain(role)}' if role else ''}"


def _agenda(facts: Facts) -> Iterator[str]:
    """Items with the time at which the agent handed over to each; the first begins the meeting."""
    duty = next((one for one in _duties(facts.record.role) if one.get("type") == "agenda"), None)
    items = duty.get("items") if duty is not None else None
    if duty is None or not isinstance(items, list):
        return
    name = duty.get("name") or "agenda"
    handed = [
        ms(mark.at)
        for mark in facts.record.marks
        if mark.action == "speak" and mark.proposal is not None and mark.proposal.duty == name
    ]
    yield "| began | item | planned |"
    yield "|---|---|---|"
    begins = [0, *handed]
    for index, item in enumerate(map(mapping, items)):
        began = _at(begins[index]) if index < len(begins) else "not reached"
        minutes = f"{number(item.get('minutes')):g} min"
        yield f"| {began} | {_plain(clip(item.get('title')))} | {minutes} |"


def _duties(role: Json) -> list[Json]:
    duties = role.get("duties")
    return [mapping(one) for one in duties] if isinstance(duties, list) else []


def _said(facts: Facts) -> Iterator[str]:
    for told in line_notes(facts):
        if told.line.turn is None:
            continue
        why = f" ({_plain(told.purpose)})" if told.purpose else ""
        words = _plain(" ".join(told.line.words)) or "nothing that was heard"
        lost = f" [not heard: {_plain(told.line.lost)}]" if told.line.lost else ""
        yield f"* {_at(told.line.start)}{why}: {words}{lost}"


def _shares(facts: Facts) -> Iterator[str]:
    yield "| who | share | time | turns |"
    yield "|---|---|---|---|"
    lanes: Sequence[Lane] = sorted(facts.lanes, key=lambda lane: -lane.share)
    for lane in lanes:
        share = wording.percent(lane.share).replace("\N{NO-BREAK SPACE}", " ")
        yield f"| {_plain(lane.name)} | {share} | {_at(lane.talk)} | {lane.turns} |"


def _decisions(rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        yield "| it | because | times |"
        yield "|---|---|---|"
    for row in rows:
        yield f"| {_plain(row.did)} | {_plain(row.because)} | {row.count} |"


def _files(facts: Facts) -> Iterator[str]:
    if mapping(facts.record.role.get("retention")).get("transcript") is not False:
        yield "* what was said: `transcript.vtt`, `transcript.seglst.json`"
    yield "* who spoke when: `diarization.rttm`"
    yield "* each decision with its reason: `report.html`, `journal.jsonl`"
