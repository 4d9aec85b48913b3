"""What a meeting in a room leaves behind: the files of a replay, as far as the role keeps them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from integrations.files.disk.lock import locked
from integrations.files.disk.outdir import JOURNAL, TAPES, OutputDirectory
from integrations.files.recovery.rebuilding import replayed
from integrations.files.recovery.recovering import erase_in, settle_in
from integrations.files.sound.tapes import Tapes
from integrations.files.sound.wav import AGENTS, MIXED, WavWriter
from integrations.livekit.recording import Recording
from moderator.errors import InputError
from moderator.events import Heard, Proposal, TurnEnded
from moderator.journal.erasure import Erasure
from moderator.journal.file import Journal
from moderator.journal.lines import Closed, Event, Opened
from moderator.journal.restoring import Restored, Unfinished, restore
from moderator.measure.report.page import write_report
from moderator.measure.summary import SummaryBuilder
from moderator.timeline import Samples, to_samples
from moderator.tool_calls import ToolCalled
from roles.schema import Role

END_OF_TIME = to_samples(10_000_000.0)
"""Ends a turn of the agent that goes on; no meeting lasts for so long."""


def meeting_id(room: str) -> str:
    """A room's name as transcripts and journals can hold it."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", room).strip("-")[:60] or "room"


class Outcome:
    """Journal, transcript, sound, summary and report of one meeting; an observer of it.

    Args:
        role: says what is kept.
        out: the directory; None: only the summary, which is returned.
        overwrite: replace an earlier meeting's files.
        past: a meeting that broke off, whose files are gone on with.
    """

    def __init__(
        self,
        role: Role,
        out: Path | None,
        *,
        overwrite: bool = False,
        past: Unfinished | None = None,
    ) -> None:
        self._past = past
        self._role, self._erases = role, role.consent.erase_on_opt_out
        self.agent = f"{role.identity.name} (agent)"
        """The label of the agent's own words."""
        goes_on = past is not None
        self._directory = (
            OutputDirectory(out, overwrite=overwrite, goes_on=goes_on) if out else None
        )
        self._summary = SummaryBuilder()
        self._journal: Journal | None = None
        self._last_turn: TurnEnded | None = None
        self._over = False
        self._afterwards = threading.Lock()
        self.recording = Recording(None, None)
        """A sink for the sound that is kept."""

    def open(self, opened: Callable[[str], Opened]) -> None:
        """Takes the directory and begins the journal; `opened` makes its first line.

        Raises:
            InputError: the directory cannot be used.
        """
        if self._directory is None:
            return
        settle_in(self._directory.path)
        out = self._directory.__enter__()
        try:
            self._open(out, opened)
        except BaseException:
            self._let_go(0)
            raise

    def _open(self, out: OutputDirectory, opened: Callable[[str], Opened]) -> None:
        keep, goes_on = self._role.retention.audio, self._past is not None
        if goes_on:
            self._summary = replayed(out.path).summary
        self._journal = Journal(
            out.file(JOURNAL), keep_thoughts=self._role.thought.journal, goes_on=goes_on
        )
        if not goes_on:
            self._journal.write(opened(self.agent))
        tapes = Tapes.found(out.path / TAPES) if goes_on else None
        if tapes is None and keep == "meeting" and self._erases:
            tapes = Tapes(out.path / TAPES)
        agents, mixed = out.file("agent.wav"), out.file("meeting.wav")
        self.recording = Recording(
            WavWriter(agents, AGENTS, goes_on=goes_on) if keep != "none" else None,
            WavWriter(mixed, MIXED, goes_on=goes_on) if keep == "meeting" else None,
            tapes,
        )

    def restored(self, step: Samples) -> Restored | None:
        """The meeting that is gone on with, for percepts of `step`; it was opened before.

        Raises:
            InputError: its journal cannot be read.
        """
        if self._past is None or self._directory is None:
            return None
        made = restore(self._directory.file(JOURNAL), self._past.silent_for, step)
        self.recording.go_on(made.start)
        return made

    def labels_owed(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Of whom words are owed an erasure when they refuse; none if the role keeps them."""
        return labels if self._erases else ()

    def erase(self, track: str, erasure: Erasure) -> None:
        """Destroys at once what was kept of somebody's sound; then call `erase_words`.

        Their sound and words go, and so does the agent's turn that may quote them; who spoke when
        stays, since decisions were made by it.

        Args:
            track: theirs.
            erasure: what is owed.

        Raises:
            InputError: a file cannot be removed.
        """
        if self._over:
            return  # nothing but the finished files is left, and they are for `erase_words`
        last = self._last_turn
        if last is not None and any(map(erasure.concerns, last.quotes)):
            self.recording.mute(last.at)
        self.recording.erase(track)

    def erase_words(self, erasure: Erasure) -> None:
        """The part of `erase` that takes long, for a thread: journal and quotations.

        After the meeting's end it is done in the finished files.

        Raises:
            InputError: something cannot be written; call it again.
        """
        if self._journal is None:
            return
        if self._over:
            self._erase_afterwards(erasure)
            return
        traces = self._journal.erase(erasure)
        self.recording.erase_own(traces.own_spans(END_OF_TIME))

    def _erase_afterwards(self, erasure: Erasure) -> None:
        assert self._directory is not None  # there is a journal
        with self._afterwards, locked(self._directory.path):
            erase_in(self._directory.path, erasure, "afterwards")

    def __call__(self, event: Event) -> None:
        """Takes one event; what comes after the meeting's end is not written any more."""
        if self._over:
            return
        self._summary(event)
        if isinstance(event, TurnEnded):
            self._last_turn = event
        if not self._role.retention.transcript:
            event = _without_words(event)
        if self._journal is not None:
            self._journal.write(event)
        if self._directory is not None:
            self._directory.begun()

    def close(
        self,
        room: str,
        duration: Samples,
        why: str,
        names: Mapping[str, str],
        spent: Mapping[str, float],
        models: tuple[str, ...],
        number_type: str | None = None,
        usage: Mapping[str, Mapping[str, float]] | None = None,
    ) -> dict[str, Any]:
        """Ends the files.

        Args:
            room: name of the room.
            duration: of the meeting.
            why: it is over.
            names: of the people who took part, by id.
            spent: computing seconds by part; `load`, `open` and `run` among them.
            models: used.
            number_type: in which an embedded mind computed.
            usage: of plugins, by part and unit.

        Returns:
            The summary, as written.
        """
        loading = sum(spent.get(key, 0.0) for key in ("load", "open"))
        phases = {key: value for key, value in spent.items() if key not in ("load", "open", "run")}
        summary = self._summary.build(
            meeting_id=meeting_id(room),
            duration=duration,
            role=self._role.id,
            models=models,
            load_s=loading,
            run_s=sum(phases.values()),
            phases_s=phases,
            number_type=number_type,
            usage=usage,
        )
        if self._directory is not None and self._journal is not None:
            try:
                self._finish(self._directory, self._journal, room, duration, why, names, summary)
            except BaseException:
                self._let_go(duration)
                raise
            self._over = True
            self._directory.__exit__(None, None, None)
        return summary

    def _finish(
        self,
        out: OutputDirectory,
        journal: Journal,
        room: str,
        duration: Samples,
        why: str,
        names: Mapping[str, str],
        summary: Mapping[str, Any],
    ) -> None:
        self.recording.finish(duration)
        journal.write(Closed(duration, True, why))
        journal.close()
        # What was said is kept in the journal alone: a meeting may last for days.
        made = replayed(out.path)
        made.transcript.write(out, meeting_id(room), made.names | dict(names))
        out.finish(summary)
        write_report(out.path, embed_audio=False)

    def abandon(self, at: Samples, error: BaseException) -> None:
        """Leaves the files as an interrupted run does: `moderator recover` makes the rest."""
        if self._directory is None or self._over:
            return
        with suppress(InputError, ValueError):
            if self._journal is not None:
                self._journal.write(Closed(at, False, type(error).__name__))
        self._let_go(at)

    def _let_go(self, at: Samples) -> None:
        """Holds no file and no lock any more."""
        self._over = True
        if self._journal is not None:
            with suppress(InputError):
                self._journal.close()
        self.recording.abandon(at)
        if self._directory is not None:
            self._directory.__exit__(None, None, None)


def _without_words(event: Event) -> Event:
    """The event without what people said."""
    if isinstance(event, Heard):
        return replace(event, words=(), partials={})
    if isinstance(event, Proposal):
        return replace(event, cue="", thought=None)
    if isinstance(event, ToolCalled):
        return replace(event, arguments="", result="")
    return event
