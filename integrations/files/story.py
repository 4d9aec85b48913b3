"""Prints what the agent did in a replay, and why, as a table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from moderator.cli.console import stdout_console
from moderator.events import Action
from moderator.journal.lines import Line, read
from moderator.timeline import to_seconds

MOST_ROWS = 40
"""Rows printed; the report has them all."""


def print_story(summary: dict[str, Any], out: Path) -> None:
    """Prints the agent's acts with their reasons, then the meeting's figures and files."""
    console = stdout_console()
    rows = acts(out / "journal.jsonl")
    table = Table(
        "time", "did", "to", "said", "because", title=_title(summary), title_justify="left"
    )
    for row in rows[:MOST_ROWS]:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    if len(rows) > MOST_ROWS:
        console.print(f"… and {len(rows) - MOST_ROWS} more, see the report.")
    console.print(_figures(summary), markup=False, highlight=False)
    console.print(f"report: {out / 'report.html'}", markup=False, highlight=False, soft_wrap=True)


def failures(journal: Path) -> Counter[str]:
    """What failed without ending the run, such as a server that gave no answer, and how often."""
    return Counter(line["what"] for line in read(journal, kind="failure"))


def acts(journal: Path) -> list[tuple[str, str, str, str, str]]:
    """What the agent did: (time, act, addressee, words heard, why), one row a decision."""
    rows: list[list[str]] = []
    names: dict[str, str] = {}
    cue, turn_row = "", None
    for line in read(journal):
        if line["kind"] == "opened":
            names = {one: str(entry["name"]) for one, entry in line["participants"].items()}
        elif line["kind"] == "proposal":
            cue = str(line.get("cue", ""))
        elif line["kind"] == "decision" and line["action"] != Action.WAIT:
            rows.append(_row(line, names, cue))
            if line["action"] in (Action.SPEAK, Action.BACKCHANNEL):
                turn_row = rows[-1]
        elif line["kind"] == "turn_ended" and turn_row is not None:
            turn_row[3] = line["heard"] + (f" [cut: {line['lost']}]" if line["lost"] else "")
            turn_row = None
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def _row(line: Line, names: dict[str, str], cue: str) -> list[str]:
    seconds = to_seconds(line["at"])
    time = f"{int(seconds) // 60}:{seconds % 60:04.1f}"
    did = str(line["action"])
    reason = str(line["reason"]).replace("_", " ")
    if line["action"] in (Action.PAUSE, Action.GO_ON, Action.YIELD, Action.STOP):
        return [time, did, "", "", reason]
    if line["act"] and line["act"] != line["action"]:
        did = f"{did}: {line['act']}".replace("_", " ")
    to = names.get(line["addressee"], line["addressee"]) if line["addressee"] else ""
    return [time, did.replace("_", " "), str(to), "", f"{cue}; {reason}" if cue else reason]


def _title(summary: dict[str, Any]) -> str:
    lasted = length(summary["duration_s"])
    return f"{summary['meeting_id']}, {lasted}, the agent as {summary['role']}"


def length(seconds: float) -> str:
    """A meeting's length in minutes and seconds, for people."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def speed(factor: float | None) -> str:
    """A `real_time_factor`, for people."""
    return f"{1 / factor:.1f} times real time" if factor else "no length"


def _figures(summary: dict[str, Any]) -> str:
    shares = ", ".join(
        f"{name} {entry['share']:.0%}" for name, entry in summary["speakers"].items()
    )
    agent = summary["agent"]
    fast = speed(summary["real_time_factor"])
    return (
        f"the agent spoke {agent['turns']} times, {agent['seconds']:.1f} s; "
        f"talk of the others: {shares or 'none'}\n"
        f"{fast} after loading ({summary['load_s']:.1f} s), {summary['peak_rss_mb']:.0f} MB"
    )
