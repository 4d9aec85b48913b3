"""Makes a run's files again from its journal: transcripts, summary, report, sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.files.disk.atomic import part_path
from integrations.files.disk.foreign import shown
from integrations.files.disk.outdir import (
    FORMATS,
    JOURNAL,
    REPORT,
    RESULTS,
    SUMMARY,
    TAPES,
    OutputDirectory,
)
from integrations.files.pages import write_pages
from integrations.files.recovery.appending import append
from integrations.files.sound.tapes import Tapes
from integrations.files.sound.wav import AGENTS, MIXED, WavWriter, complete_part
from integrations.files.transcripts.collected import TranscriptBuilder
from integrations.files.transcripts.rttm import merged
from moderator.errors import InputError
from moderator.events import Heard, SpeakerActivity
from moderator.journal.lines import (
    Closed,
    Line,
    decision_from,
    heard_from,
    time_of_line,
    turn_from,
)
from moderator.journal.relabelling import labels_in, read_relabelled
from moderator.measure.report.reading import read_summary
from moderator.measure.summary import SummaryBuilder
from moderator.timeline import Samples, to_seconds

TEXTS = ("transcript.seglst.json", "transcript.vtt")

_TURNS = ("turn_started", "word_played", "turn_ended")


@dataclass(slots=True)
class Replayed:
    """What a journal's lines add up to, under the labels that count in it.

    Attributes:
        opened: its first line.
        reached: the latest meeting time in it.
        closed: it was ended in order.
        names: of everybody in it, by id.
    """

    opened: Line
    transcript: TranscriptBuilder
    summary: SummaryBuilder = field(default_factory=SummaryBuilder)
    reached: Samples = 0
    closed: bool = False
    names: dict[str, str] = field(default_factory=dict)
    _voices: list[SpeakerActivity] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How far the meeting came."""
        return to_seconds(self.reached)

    @property
    def formats(self) -> list[str]:
        """Names of `FORMATS` that the run was to write."""
        settings = self.opened.get("settings")
        wanted = settings.get("formats") if isinstance(settings, Mapping) else None
        return [name for name in wanted if name in FORMATS] if isinstance(wanted, list) else []

    def write_transcripts(self, out: OutputDirectory, formats: Iterable[str]) -> None:
        """Writes the transcripts, in some `FORMATS` too.

        Raises:
            InputError: one of them cannot be written.
        """
        meeting_id = str(self.opened["meeting_id"])
        self.transcript.write(out, meeting_id, self.names, formats, self.reached)

    def take(self, line: Line) -> None:
        """Adds one line."""
        kind = line["kind"]
        self.reached = max(self.reached, time_of_line(line))
        if kind == "heard":
            heard = heard_from(line)
            self.transcript(heard)
            self._voices += heard.activities
        elif kind in _TURNS:
            turn = turn_from(line)
            self.transcript(turn)
            self.summary(turn)
        elif kind == "decision":
            decision = decision_from(line)
            self.transcript(decision)
            self.summary(decision)
        elif kind == "percept" and line.get("waits"):
            self.summary.waited(int(line["waits"]))
        elif kind in ("joined", "renamed"):
            self.names[line["id"]] = line["name"]
        elif kind == "closed":
            self.closed = True

    def end(self) -> None:
        """Takes that there are no more lines: of whoever had two ids, voices may overlap."""
        self.summary(Heard(self.reached, activities=tuple(merged(self._voices))))


def replayed(directory: Path) -> Replayed:
    """Reads a run's journal.

    Raises:
        InputError: there is none, or it has no beginning.
    """
    path = directory / JOURNAL
    lines = read_relabelled(path)
    opened = next(lines, None)
    if opened is None or opened["kind"] != "opened":
        todo = "nothing of the meeting is left; delete the directory"
        raise InputError("no meeting was opened", where=str(path), todo=todo)
    made = Replayed(opened, TranscriptBuilder(opened["agent"]))
    made.names |= {one: who["name"] for one, who in opened["participants"].items()}
    for line in lines:
        made.take(line)
    made.end()
    return made


def rewrite_texts(directory: Path) -> None:
    """Writes transcripts, report and summary anew, if the run had come so far.

    Raises:
        InputError: one of them cannot be read or written.
    """
    out = OutputDirectory(directory)
    formats = [name for name, file in FORMATS.items() if out.file(file).is_file()]
    made = replayed(directory)
    if formats or any(out.file(name).is_file() for name in TEXTS):
        made.write_transcripts(out, formats)
    if out.file(REPORT).is_file():
        write_pages(out, formats, embed_audio=False)
    summary = out.file(SUMMARY)
    if summary.is_file() and relabelling_is_owed(directory):
        told = dict(read_summary(summary)) | {"speakers": made.summary.speakers()}
        out.finish(told | {"relabelled": dict(labels_in(directory / JOURNAL).by_id)})


def relabelling_is_owed(directory: Path) -> bool:
    """Whether a finished run's files are older than the labels in its journal.

    Raises:
        InputError: the journal cannot be read, or the summary is damaged.
    """
    labels = dict(labels_in(directory / JOURNAL).by_id)
    summary = read_summary(directory / SUMMARY)
    if labels and not summary:
        raise InputError(
            "it cannot be read", where=shown(directory / SUMMARY), todo="remove it; then recover"
        )
    return (summary.get("relabelled") or {}) != labels


def rebuild(directory: Path) -> dict[str, Any]:
    """Finishes what a run that broke off left; the caller holds the directory's lock.

    Sound is completed up to the last moment that the journal tells of, tapes are mixed, and what
    a run writes at its end is written.

    Returns:
        The summary, as written.

    Raises:
        InputError: something cannot be read or written; what there was is there still.
    """
    made = replayed(directory)
    path, out = directory / JOURNAL, OutputDirectory(directory)
    tapes = Tapes.found(directory / TAPES)
    if tapes is not None:
        made.reached = max(made.reached, tapes.length)
    _finish_sound(directory, tapes, made.reached)
    if not made.closed:
        append(path, Closed(made.reached, False, "the run was interrupted"))
    made.write_transcripts(out, made.formats)
    role = made.opened.get("role")
    summary = made.summary.build(
        meeting_id=str(made.opened["meeting_id"]),
        duration=made.reached,
        role=str(role.get("id", "")) if isinstance(role, Mapping) else "",
        models=tuple(map(str, made.opened.get("models", ()))),
        load_s=0.0,
        run_s=0.0,
        phases_s={},
        notes=tuple(map(str, made.opened.get("notes", ()))),
    )
    summary |= {"complete": False, "recovered_s": made.seconds}
    if labels := labels_in(path).by_id:
        summary["relabelled"] = dict(labels)
    summary["real_time_factor"] = summary["peak_rss_mb"] = None  # those of the run are not known
    out.finish(summary)
    write_pages(out, made.formats, embed_audio=False)
    return summary


def _finish_sound(directory: Path, tapes: Tapes | None, reached: Samples) -> None:
    parts = [part_path(directory / name) for name in RESULTS if name.endswith(".wav")]
    if tapes is not None:
        try:
            with WavWriter(directory / "meeting.wav", MIXED) as mixed:
                tapes.mix(mixed, reached)
        except BaseException:
            tapes.release()
            raise
        tapes.remove()
    for part in parts:
        if part.is_file():
            complete_part(part, reached, AGENTS if part.name.startswith("agent") else MIXED)
