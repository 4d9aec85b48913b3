"""Replays a recorded meeting with the agent in it: the live loop between two ends made of files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.files.disk.outdir import OutputDirectory
from integrations.files.recovery.recovering import settle_in
from integrations.files.replayable import Replayable
from integrations.files.sound.recorded_source import SHARED, Progress, RecordedSource, WavSink
from integrations.files.sound.wav import AGENTS, MIXED, WavWriter
from integrations.files.transcripts.collected import TranscriptBuilder
from moderator.ears.ahead import ListenerAhead
from moderator.ears.base import Ears
from moderator.ears.script import ScriptedEars
from moderator.errors import InputError
from moderator.journal.file import Journal
from moderator.journal.lines import Closed, Opened
from moderator.measure.summary import SummaryBuilder
from moderator.meeting.assembly import Hearing, load_ears
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.base import SpeechLLM
from moderator.models.store import ModelStore
from moderator.mouth.base import Voice
from moderator.mouth.loading import lacks_voice, voice_of
from moderator.timeline import (
    PacedClock,
    ReplayClock,
    Samples,
    Stopwatch,
)
from roles.schema import Role


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What a replay does.

    Attributes:
        role: the agent's role.
        out: directory for the results.
        seat: participant whose place the agent takes; they are not heard.
        realtime: as slow as the meeting was.
        honest_latency: computing time counts as meeting time.
        step_s: length of a percept, 0.4 to 3 s.
        force: use a directory that is not empty.
        embed_audio: put the audio into the report.
        formats: names of `outdir.FORMATS` in which the transcript is written, too.
    """

    role: Role
    out: Path
    seat: str | None = None
    realtime: bool = False
    honest_latency: bool = False
    step_s: float = 0.5
    force: bool = False
    embed_audio: bool = True
    formats: tuple[str, ...] = ()


class Replay:
    """One replay: load, run, write.

    Args:
        meeting: what is replayed.
        options: how.
        mind: proposes.
        hearing: the models to hear with, and the store with the voice.
        notice: told the name of what is loaded now.
    """

    def __init__(
        self,
        meeting: Replayable,
        options: ReplayOptions,
        mind: SpeechLLM,
        hearing: Hearing,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._meeting, self._options, self._mind = meeting, options, mind
        self._notice = notice
        self._watch, self._enrolled = Stopwatch(), tuple(hearing.enrolled)
        with self._watch.phase("load"):
            self._ears, self._heard_by = self._load_ears(hearing)
            self._voice = self._load_voice(hearing.store)
        people = meeting.participants.values()
        self.agent = _agent_label(
            options.role, {one for who in people for one in (who.id, who.name)}
        )

    def _load_ears(self, hearing: Hearing) -> tuple[Ears, tuple[str, ...]]:
        meeting, seat = self._meeting, self._options.seat
        if meeting.words is None:
            own = [name for name in meeting.tracks if not meeting.shared]
            shared = [SHARED] if meeting.shared else []
            # Where time counts, nothing is known before its time.
            paced = self._options.realtime or self._options.honest_latency
            ahead = None if paced else self._watch
            return load_ears(hearing, own, shared, self._notice, ahead=ahead)
        words = [word for word in meeting.words.words if word.speaker != seat]
        return ScriptedEars(words), ()

    def _load_voice(self, store: ModelStore) -> Voice | None:
        role = self._options.role
        if not role.turn.may_speak:
            return None
        self._notice(role.voice.backend)
        return voice_of(role, store)

    def run(self, progress: Progress) -> dict[str, Any]:
        """Runs the meeting and writes its files.

        Returns:
            The summary, as written.

        Raises:
            InputError: the directory cannot be used, or the disk is full.
            KeyboardInterrupt: interrupted; the journal says how far it came.
        """
        settle_in(self._options.out)
        with OutputDirectory(self._options.out, overwrite=self._options.force) as out:
            journal = Journal(
                out.file("journal.jsonl"),
                keep_thoughts=self._options.role.thought.journal,
            )
            try:
                return self._run(out, journal, progress)
            finally:
                with suppress(InputError):  # what went wrong before is what people should know
                    journal.close()

    def _run(self, out: OutputDirectory, journal: Journal, progress: Progress) -> dict[str, Any]:
        from integrations.files.pages import write_pages

        meeting, options = self._meeting, self._options
        summary, transcript = SummaryBuilder(), TranscriptBuilder(self.agent)
        participants = dict(meeting.participants)
        journal.write(self._opened())
        loop = Meeting(
            options.role,
            participants,
            self._ears,
            self._mind,
            self._voice,
            [journal.write, summary, transcript, lambda _: out.begun()],
            PacedClock() if options.realtime else ReplayClock(),
            Settings(options.step_s, honest_latency=options.honest_latency, names=self._enrolled),
            self._watch,
        )
        if meeting.shared:
            loop.unheard(1)  # who has not spoken yet may sit there
        duration = self._play(loop, out, journal, progress)
        names = {one.id: one.name for one in participants.values()}
        transcript.write(out, meeting.meeting_id, names, options.formats, duration)
        spent = dict(self._watch.seconds)
        opened = spent.pop("open")  # minds load what they need when they are opened
        result = summary.build(
            meeting_id=meeting.meeting_id,
            duration=duration,
            role=options.role.id,
            models=self._models(),
            load_s=spent.pop("load") + opened,
            run_s=spent.pop("run") - opened,
            phases_s=spent,
            number_type=self._mind.capabilities.number_type,
            notes=self._notes,
        )
        out.finish(result)
        embed = options.embed_audio and not meeting.words
        write_pages(out, options.formats, embed_audio=embed)
        return result

    def _play(
        self, loop: Meeting, out: OutputDirectory, journal: Journal, progress: Progress
    ) -> Samples:
        """Runs the loop to its end; how long the meeting was."""
        meeting = self._meeting
        agent = WavWriter(out.file("agent.wav"), AGENTS)
        sink = WavSink(agent, WavWriter(out.file("meeting.wav"), MIXED))
        seer = self._ears if isinstance(self._ears, ListenerAhead) else None
        source = RecordedSource(meeting.tracks, meeting.duration, progress, seer)
        try:
            with self._watch.phase("run"):
                asyncio.run(loop.run(source, sink))
            sink.finish(loop.now)
        except BaseException as error:
            with suppress(InputError):
                journal.write(Closed(loop.now, False, _why(error)))
            sink.abandon(error)
            raise
        finally:
            if seer is not None:
                seer.close()
        journal.write(Closed(loop.now, True, "the agent left" if loop.left else "the end"))
        journal.close()
        return loop.now

    def _opened(self) -> Opened:
        meeting, options = self._meeting, self._options
        return Opened(
            meeting_id=meeting.meeting_id,
            role=options.role.model_dump(mode="json"),
            participants={
                one.id: {"name": one.name, "position": one.position}
                for one in meeting.participants.values()
            },
            agent=self.agent,
            seat=options.seat,
            settings={
                "step_s": options.step_s,
                "honest_latency": options.honest_latency,
                **({"formats": list(options.formats)} if options.formats else {}),
            },
            models=self._models(),
            notes=self._notes,
        )

    @property
    def _notes(self) -> tuple[str, ...]:
        lacks = lacks_voice(self._options.role)
        return self._meeting.notes if lacks is None else (*self._meeting.notes, lacks.what)

    def _models(self) -> tuple[str, ...]:
        voice = [self._voice.spec.backend] if self._voice is not None else []
        capabilities = self._mind.capabilities
        return (*self._heard_by, capabilities.name, *capabilities.models, *voice)


def _why(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else type(error).__name__


def _agent_label(role: Role, taken: Collection[str]) -> str:
    """The agent's label in transcripts: its name, unless a participant has that."""
    name = role.identity.name
    return f"{name} (agent)" if name in taken else name
