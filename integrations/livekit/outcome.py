"""What a meeting in a room leaves behind: the files of a replay, as far as the role keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from integrations.files.disk.outdir import OutputDirectory
from integrations.files.sound.wav import WavWriter
from integrations.files.transcripts.collected import TranscriptBuilder
from integrations.livekit.people.tapes import Tapes
from integrations.livekit.recording import Recording
from moderator.events import Heard, Proposal
from moderator.journal.file import Closed, Event, Journal, Opened
from moderator.measure.report.page import write_report
from moderator.measure.summary import SummaryBuilder
from moderator.timeline import Samples
from roles.schema import Role

TAPES = ".tapes"
"""Folder of the tapes, in the meeting's directory, while the meeting lasts."""


def meeting_id(room: str) -> str:
    """A room's name as transcripts and journals can hold it."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", room).strip("-")[:60] or "room"


class Outcome:
    """Journal, transcript, sound, summary and report of one meeting; an observer of it.

    Args:
        role: says what is kept.
        out: the directory; None: only the summary, which is returned.
        overwrite: replace an earlier meeting's files.
    """

    def __init__(self, role: Role, out: Path | None, *, overwrite: bool = False) -> None:
        self._role, self._erases = role, role.consent.erase_on_opt_out
        self._agent = f"{role.identity.name} (agent)"
        self._directory = OutputDirectory(out, overwrite=overwrite) if out else None
        self._summary = SummaryBuilder()
        self._transcript = TranscriptBuilder(self._agent)
        self._journal: Journal | None = None
        self.recording = Recording(None, None)
        """A sink for the sound that is kept."""

    def open(self, opened: Callable[[str], Opened]) -> None:
        """Takes the directory and begins the journal; `opened` makes its first line.

        Raises:
            InputError: the directory cannot be used.
        """
        if self._directory is None:
            return
        out = self._directory.__enter__()
        keep = self._role.retention.audio
        self._journal = Journal(out.file("journal.jsonl"), keep_thoughts=self._role.thought.journal)
        self._journal.write(opened(self._agent))
        self.recording = Recording(
            WavWriter(out.file("agent.wav")) if keep != "none" else None,
            WavWriter(out.file("meeting.wav")) if keep == "meeting" else None,
            Tapes(self._directory.path / TAPES) if keep == "meeting" and self._erases else None,
        )

    def erase(self, track: str, speakers: Collection[str]) -> None:
        """Destroys what was kept of somebody, if the role says so; then call `erase_words`.

        Their sound and words go; who spoke when stays, since decisions were made by it.

        Args:
            track: theirs.
            speakers: they, or everybody on their microphone.

        Raises:
            InputError: a file cannot be removed.
        """
        if not self._erases:
            return
        self.recording.erase(track)
        self._transcript.erase(speakers)

    def erase_words(self, speakers: Collection[str], before: Samples) -> None:
        """The part of `erase` that takes long, for a thread: rewrites the journal.

        Args:
            speakers: whose words.
            before: meeting time of their refusal; what was said later, by whomever, stays.

        Raises:
            InputError: it cannot be written.
        """
        if self._erases and self._journal is not None:
            self._journal.erase(speakers, before)

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        self._summary(event)
        if not self._role.retention.transcript:
            event = _without_words(event)
        if self._directory is not None:
            self._transcript(event)
        if self._journal is not None:
            self._journal.write(event)

    def close(
        self,
        room: str,
        duration: Samples,
        why: str,
        names: Mapping[str, str],
        spent: Mapping[str, float],
        models: tuple[str, ...],
    ) -> dict[str, Any]:
        """Ends the files.

        Args:
            room: name of the room.
            duration: of the meeting.
            why: it is over.
            names: of the people who took part, by id.
            spent: computing seconds by part; `load`, `open` and `run` among them.
            models: used.

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
        )
        if self._directory is not None and self._journal is not None:
            self.recording.finish(duration)
            self._journal.write(Closed(duration, True, why))
            self._journal.close()
            self._transcript.write(self._directory, meeting_id(room), names)
            self._directory.finish(summary)
            write_report(self._directory.path, embed_audio=False)
            self._directory.__exit__(None, None, None)
        return summary

    def abandon(self, at: Samples, error: BaseException) -> None:
        """Leaves the files as an interrupted run does."""
        if self._directory is None:
            return
        with suppress(OSError):
            if self._journal is not None:
                self._journal.write(Closed(at, False, type(error).__name__))
                self._journal.close()
            self.recording.abandon(error)
        self._directory.__exit__(type(error), error, None)


def _without_words(event: Event) -> Event:
    """The event without what people said."""
    if isinstance(event, Heard):
        return replace(event, words=(), partials={})
    if isinstance(event, Proposal):
        return replace(event, cue="", thought=None)
    return event
