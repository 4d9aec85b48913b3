"""Reads a meeting's journal into pandas: who spoke how much, and why the agent did what it did.

``python examples/journal_to_pandas.py JOURNAL``, a ``journal.jsonl``; pyannote.audio brings pandas.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from moderator.journal.lines import read
from moderator.timeline import to_seconds

COLUMNS = ["seconds", "action", "reason", "act", "addressee", "silence_s", "probability"]
"""Of a decision; the journal has more."""


def words(journal: Path, agent: str) -> pd.DataFrame:
    """A row a word that was heard, the agent's own included; times in seconds."""
    rows: list[list[object]] = []
    for line in read(journal):
        if line["kind"] == "heard":
            rows += [word[:4] for word in line.get("words", [])]
        elif line["kind"] == "word_played":
            rows.append([agent, line["text"], line["start"], line["end"]])
    table = pd.DataFrame(rows, columns=["speaker", "word", "start", "end"])
    table[["start", "end"]] = table[["start", "end"]].map(to_seconds)
    return table


def decisions(journal: Path) -> pd.DataFrame:
    """A row a decision, with some of what it was made from; times in seconds.

    Percepts without news are one line; the waiting at them is counted in its ``waits``, and no row.
    """
    lines = [line for line in read(journal) if line["kind"] == "decision"]
    rows = [line | line["inputs"] | {"seconds": to_seconds(line["at"])} for line in lines]
    return pd.DataFrame(rows, columns=COLUMNS)


def main(journal: str = "out/replay_meeting/journal.jsonl") -> None:
    """Prints talk by speaker, decisions by reason, and what the agent did."""
    opened = next(read(Path(journal)))
    said = words(Path(journal), agent=opened["agent"])
    said["talk"] = said["end"] - said["start"]
    print(said.groupby("speaker").agg(words=("word", "count"), talk=("talk", "sum")).round(1))
    made = decisions(Path(journal))
    print(made.groupby(["action", "reason"]).size().rename("decisions"))
    print(made[made["action"] != "wait"].to_string())


if __name__ == "__main__":
    main(*sys.argv[1:])
