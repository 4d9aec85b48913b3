"""Erases somebody from a run that is over, and finishes what a run that broke off still owed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from integrations.files.disk.atomic import disk_errors, part_path
from integrations.files.disk.outdir import FORMATS, JOURNAL, SUMMARY, TAPES, settle_replacing
from integrations.files.recovery.appending import append
from integrations.files.recovery.rebuilding import relabelling_is_owed, rewrite_texts
from integrations.files.sound.tapes import OWN, Tapes
from integrations.files.sound.wav import blank
from moderator.events import ConsentGiven, Erased
from moderator.journal.erasure import ALL_ON, Erasure, Span, Traces, owed, redact
from moderator.journal.lines import read, time_of_line
from moderator.measure.report.page import UNFINISHED
from moderator.timeline import Samples, to_samples

AROUND = to_samples(0.25)
"""Sound that goes before and behind what somebody said, where they are mixed with others."""


_TEXTS = frozenset(
    {
        ".jsonl",
        ".json",
        ".vtt",
        ".rttm",
        ".html",
        ".part",
        *(Path(f).suffix for f in FORMATS.values()),
    }
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken out of a run.

    Attributes:
        erasure: whose words.
        words: how many.
        turns: of the agent's turns that might have quoted them.
        seconds: of sound that was made silent where they were mixed with others.
    """

    erasure: Erasure
    words: int
    turns: int
    seconds: float


def promise(directory: Path, who: str, erasure: Erasure, channel: str) -> None:
    """Writes down on the disk, before anything is done, that somebody's words are to go.

    Raises:
        InputError: the journal cannot be written.
    """
    path = directory / JOURNAL
    at = max((time_of_line(line) for line in read(path)), default=0)
    line = ConsentGiven(at, who, channel, False, erasure.labels, erasure.before)
    append(path, line)


def settle(directory: Path) -> list[Taken]:
    """Does every erasure that the journal in a directory owes, and then what other names are owed.

    The caller holds the directory's lock.

    Raises:
        InputError: something cannot be read or written: it is owed still.
    """
    with disk_errors(directory):
        settle_replacing(directory)
    path = directory / JOURNAL
    if not path.is_file():
        return []
    _drop_copies(directory)
    taken = [_settle(directory, path, erasure) for erasure in owed(path)]
    if (directory / SUMMARY).is_file() and relabelling_is_owed(directory):
        rewrite_texts(directory)
    return taken


def _settle(directory: Path, path: Path, erasure: Erasure) -> Taken:
    words = sum(
        erasure.concerns(word[0]) and word[2] < erasure.before
        for line in read(path)
        if line["kind"] == "heard"
        for word in line.get("words", ())
    )
    traces = _traces_before(path, erasure)
    seconds = _silence(directory, erasure, traces)
    with disk_errors(path):
        redact(path, erasure)
    rewrite_texts(directory)
    at = max((time_of_line(line) for line in read(path)), default=0)
    append(path, Erased(at, erasure.labels, erasure.before))
    return Taken(erasure, words, len(traces.turns), seconds)


def _traces_before(path: Path, erasure: Erasure) -> Traces:
    """Found before anything is taken out; the times of words go with them."""
    return erasure.traces(read(path))


def _silence(directory: Path, erasure: Erasure, traces: Traces) -> float:
    """Destroys their sound, and the agent's where it may quote them; seconds of mixed sound."""
    end = to_samples(10_000_000.0)
    own = traces.own_spans(end)
    tapes = Tapes.found(directory / TAPES)
    if tapes is not None:
        try:
            for label in erasure.labels:
                tapes.erase_before(label.removesuffix(ALL_ON), erasure.before)
            tapes.blank(OWN, own)
        finally:
            tapes.release()
    mixed = _merged((start - AROUND, min(until + AROUND, end)) for start, until in traces.spoke)
    for name, spans in (("agent.wav", own), ("meeting.wav", _merged([*own, *mixed]))):
        for file in (directory / name, part_path(directory / name)):
            if file.is_file():
                blank(file, spans)
    return sum(until - max(0, start) for start, until in mixed) / to_samples(1.0)


def _merged(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _drop_copies(directory: Path) -> None:
    """What a crash left of a page, and what versions before this left of an erasure."""
    for path in (directory / f"{JOURNAL}.part", *directory.glob(f"{UNFINISHED}*.part")):
        path.unlink(missing_ok=True)


def search(directory: Path, phrases: Iterable[str], own: str = "") -> list[str]:
    """Names of the run's text files in which one of some phrases stands, as said or in JSON.

    Args:
        directory: the run's.
        phrases: what is looked for.
        own: what files that are made from the journal say by themselves; a phrase that stands in it
            is looked for in the journal alone.
    """
    everywhere = list(phrases)
    elsewhere = [phrase for phrase in everywhere if phrase not in own]
    found = []
    for path in sorted(directory.rglob("*")):
        if path.suffix in _TEXTS and path.is_file():
            text = path.read_text("utf-8", errors="replace")
            wanted = everywhere if path.name == JOURNAL else elsewhere
            if any(one in text or json.dumps(one)[1:-1] in text for one in wanted):
                found.append(path.name)
    return found


def before_all(directory: Path) -> Samples:
    """A meeting time behind everything in a journal."""
    return max((time_of_line(line) for line in read(directory / JOURNAL)), default=0) + 1
