"""Readers of what a run left: its journal, and what stands beside it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Final

from benchmarks.reliability.meeting import Room
from integrations.files.disk.outdir import JOURNAL, SUMMARY, TAPES, OutputDirectory
from integrations.files.recovery.recovering import forget_in, recover_if_needed
from integrations.files.recovery.relabelling import relabel_in
from integrations.files.story import acts, failures
from moderator.journal.erasure import Erasure, owed, redact
from moderator.journal.lines import read, time_of_line
from moderator.journal.rerun import rerun
from moderator.measure.report.page import write_report
from moderator.testing.journals import short_meeting, write_journal
from moderator.timeline import Samples, to_samples
from tests.fuzz.mutations import Form
from tests.fuzz.target import Target

_RELABELLED: Final = (
    b'{"kind":"relabelled","at":9,"labels":{"ana":"Zoe","cem":"ben"},'
    b'"names":{"Zoe":"Zoe","ben":"Ben"}}\n'
)
LENGTH_S, REFUSED_S = 14.0, 9.0

LONGEST: Final = to_samples(600.0)


@cache
def _runs() -> tuple[dict[str, bytes], ...]:
    """The files of two runs, by name: one in which somebody refused, and one that was killed."""
    import tempfile

    found = []
    for refused in ({"ana": REFUSED_S}, {}):
        folder = Path(tempfile.mkdtemp(prefix="fuzz-run-"))
        try:
            killed = _Killed(folder / "kept") if not refused else None
            room = Room(folder / "out", LENGTH_S, refused, killed or (lambda _: None))
            asyncio.run(room.run())
            out = killed.kept if killed else folder / "out"
            files = [path for path in out.rglob("*") if path.is_file()]
            found.append({str(path.relative_to(out)): path.read_bytes() for path in files})
        finally:
            shutil.rmtree(folder)
    return tuple(found)


class _Killed:
    """Copies a run's directory in the middle of it: what a kill would leave."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept

    def __call__(self, now: Samples) -> None:
        out = self.kept.with_name("out")
        if now >= LENGTH_S * 16_000 - 32_000 and not self.kept.exists():
            shutil.copytree(out, self.kept, ignore=shutil.ignore_patterns("*.lock", ".lock"))


def _lay(folder: Path, number: int, changed: str, data: bytes) -> Path:
    """A run's directory with one file changed."""
    out = folder / "out"
    for name, content in (_runs()[number] | {changed: data}).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    return out


def _journals(folder: Path) -> Sequence[bytes]:
    made = write_journal(folder / "made.jsonl", short_meeting()).read_bytes()
    finished, killed = (run[JOURNAL] for run in _runs())
    return [made, finished, _thin(finished), _thin(finished) + _RELABELLED, killed]


def _thin(journal: bytes) -> bytes:
    """Two lines of each kind: what happens to a line matters more than how many there are."""
    kept: dict[str, list[bytes]] = {}
    for line in journal.splitlines(keepends=True):
        kept.setdefault(json.loads(line)["kind"], []).append(line)
    some = {line for lines in kept.values() for line in (lines[0], lines[-1])}
    return b"".join(line for line in journal.splitlines(keepends=True) if line in some)


@contextmanager
def _journal(folder: Path, data: bytes) -> Iterator[Path]:
    path = folder / JOURNAL
    path.write_bytes(data)
    yield path


def _lines(data: bytes, folder: Path) -> None:
    with _journal(folder, data) as path:
        owed(path)
        for _ in read(path):
            pass


def _rerun(data: bytes, folder: Path) -> None:
    with _journal(folder, data) as path:
        if max((time_of_line(line) for line in read(path)), default=0) <= LONGEST:
            rerun(path)  # of what tells of days, each tick is decided again


def _story(data: bytes, folder: Path) -> None:
    with _journal(folder, data) as path:
        acts(path)
        failures(path)


def _redact(data: bytes, folder: Path) -> None:
    with _journal(folder, data) as path:
        redact(path, Erasure(("ana", "hall/"), 200_000))


def _report(data: bytes, folder: Path) -> None:
    with _journal(folder, data):
        write_report(folder)


def _recover(number: int, changed: str, data: bytes, folder: Path) -> None:
    out = _lay(folder, number, changed, data)
    recover_if_needed(out)
    forget_in(out, "ana")


def _relabel(data: bytes, folder: Path) -> None:
    """Names and merges, a line each, as they stand on the command line."""
    out = _lay(folder, 0, SUMMARY, _runs()[0][SUMMARY])
    rename, _, merge = data.decode("utf-8", "replace").partition("\n")
    relabel_in(out, [rename] if rename else [], [merge] if merge else [])


def _replace(data: bytes, folder: Path) -> None:
    """Another run takes the place of what is there, and finds out whether that had begun."""
    out = _lay(folder, 1, JOURNAL, data)
    with OutputDirectory(out, overwrite=True) as taken:
        taken.begun()


def _file(number: int, name: str) -> Target:
    """A file beside the journal of a run."""
    form = Form.BYTES if name.endswith((".wav", ".pcm")) else Form.LINES
    seeds = partial(lambda _: [_runs()[number][name]])
    return Target(f"run's {name}", form, seeds, partial(_recover, number, name))


TARGETS: Final = (
    Target("journal", Form.LINES, _journals, _lines, like=(".jsonl",)),
    Target("journal run again", Form.LINES, _journals, _rerun, like=(".jsonl",)),
    Target("journal told", Form.LINES, _journals, _story, like=(".jsonl",)),
    Target("journal erased from", Form.LINES, _journals, _redact, like=(".jsonl",)),
    Target("journal reported on", Form.LINES, _journals, _report, like=(".jsonl",)),
    Target("journal replaced", Form.LINES, _journals, _replace),
    Target("journal of a killed run", Form.LINES, _journals, partial(_recover, 1, JOURNAL)),
    Target("journal of a finished run", Form.LINES, _journals, partial(_recover, 0, JOURNAL)),
    Target("names put right", Form.TEXT, lambda _: [b"ana=Zoe\nben,cem", b"Ben=Li\n"], _relabel),
    _file(0, SUMMARY),
    _file(0, "transcript.seglst.json"),
    _file(1, f"{TAPES}/tracks.jsonl"),
    _file(1, f"{TAPES}/1.pcm"),
    _file(1, "agent.part.wav"),
)
