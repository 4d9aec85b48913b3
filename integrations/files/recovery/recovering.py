"""Opens a run's directory after the run: finishes what it owes, and what it could not finish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integrations.files.disk.foreign import shown
from integrations.files.disk.lock import locked
from integrations.files.disk.outdir import JOURNAL, REPORT, SUMMARY, RunState, run_state
from integrations.files.recovery.erasing import (
    Taken,
    before_all,
    promise,
    search,
    settle,
)
from integrations.files.recovery.people import People
from integrations.files.recovery.rebuilding import rebuild, replayed
from moderator.errors import InputError
from moderator.journal.erasure import Erasure
from moderator.journal.lines import read, text_of
from moderator.labels import ON
from moderator.measure.report.page import own_texts

SHORTEST_PHRASE = 3
"""Words in a row that are looked for afterwards: fewer may be anybody's."""


def settle_in(directory: Path) -> list[Taken]:
    """Does the erasures that a directory owes, if it is a run's that nobody works in.

    Raises:
        InUse: a run goes on there.
        InputError: something cannot be erased; it is owed still.
    """
    if run_state(directory) not in (RunState.FINISHED, RunState.INTERRUPTED):
        return []
    with locked(directory):
        return settle(directory)


def recover_if_needed(directory: Path) -> dict[str, Any] | None:
    """Finishes a run that broke off; erasures that are owed come before anything else.

    Returns:
        What there was: ``seconds``, ``words``, ``sound``, and who was ``erased``; None for a run
        that had come to its end and owes nothing.

    Raises:
        InUse: the run goes on.
        InputError: there is no run, or something cannot be read or written.
    """
    state = run_state(directory)
    if state not in (RunState.FINISHED, RunState.INTERRUPTED):
        todo = "name the directory that a replay or a meeting wrote to"
        raise InputError("no journal", where=shown(directory / JOURNAL), todo=todo)
    with locked(directory):
        taken = settle(directory)
        whole = all((directory / name).is_file() for name in (SUMMARY, REPORT))
        if whole and not taken:
            return None
        if not whole:
            rebuild(directory)
        made = replayed(directory)
    return {
        "seconds": made.seconds,
        "words": len(made.transcript),
        "sound": (directory / "meeting.wav").is_file() or (directory / "agent.wav").is_file(),
        "erased": [one.erasure.labels[0] for one in taken],
    }


def forget_in(directory: Path, speaker: str) -> Taken:
    """Destroys what a person said in a finished run, and proves it by a search.

    Args:
        directory: the run's.
        speaker: their id, or the name they had there.

    Raises:
        InUse: the run goes on.
        InputError: nobody is called so there, or something cannot be read or written.
    """
    recover_if_needed(directory)
    with locked(directory):
        labels = _labels(directory, speaker)
        return erase_in(directory, Erasure(labels, before_all(directory)), "forget")


def erase_in(directory: Path, erasure: Erasure, channel: str) -> Taken:
    """Erases somebody from a finished run; the caller holds its lock.

    Raises:
        InputError: something cannot be read or written, or something of them is found afterwards.
    """
    phrases = _phrases(directory, erasure)
    promise(directory, erasure.labels[0], erasure, channel)
    taken = next(one for one in settle(directory) if one.erasure == erasure)
    left = search(directory, phrases, own_texts())
    if left:
        raise InputError(
            "words of theirs are still there", where=", ".join(left), todo="delete the directory"
        )
    return taken


def _labels(directory: Path, speaker: str) -> tuple[str, ...]:
    """Ids under which somebody's words stand in a run.

    Raises:
        InputError: nobody is called so.
    """
    people = People.of(directory)
    called = people.ids(speaker)
    on_theirs = [
        f"{who}{ON}" for who in called if any(s.startswith(who + ON) for s in people.names)
    ]
    if not called:
        raise people.unknown(speaker, shown(directory))
    return (*called, *on_theirs)


def _phrases(directory: Path, erasure: Erasure) -> list[str]:
    """What to look for when they are gone: their words in rows that nobody else has said.

    Nor the agent in turns that stay, and that do not stand in its role.
    """
    theirs: set[str] = set()
    others: set[str] = set()
    by_speaker: dict[str, list[str]] = {}
    path = directory / JOURNAL
    traces = erasure.traces(read(path))
    kept_texts: list[str] = []
    for line in read(path):
        if line["kind"] == "turn_ended" and not traces.concerns(line["turn"]):
            kept_texts.append(f"{line['heard']} {line['lost']}")
        elif line["kind"] in ("opened", "role_changed"):
            kept_texts.append(text_of(line))
        elif line["kind"] == "heard":
            for who, text, start, *_ in line.get("words", ()):
                kept = not erasure.concerns(who) or start >= erasure.before
                by_speaker.setdefault(("+" if kept else "-") + who, []).append(text)
    for who, said in by_speaker.items():
        rows = zip(*(said[n:] for n in range(SHORTEST_PHRASE)), strict=False)
        (theirs if who.startswith("-") else others).update(" ".join(row) for row in rows)
    own = "\n".join(kept_texts)
    return sorted(phrase for phrase in theirs - others if phrase not in own)
