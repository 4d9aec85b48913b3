"""Collects what was said, and by whom, for the files written at the end of a meeting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diarize.base import SpeakerActivity
from integrations.files.disk.atomic import write_text
from integrations.files.disk.outdir import FORMATS, MINUTES, OutputDirectory
from integrations.files.transcripts.decided import Decisions
from integrations.files.transcripts.rttm import write_rttm
from integrations.files.transcripts.seglst import write_seglst
from integrations.files.transcripts.vtt import write_vtt
from integrations.files.transcripts.writing import WRITERS, Told
from moderator.events import Decision, Heard, Word, WordPlayed
from moderator.journal.lines import Event
from moderator.timeline import Samples


class TranscriptBuilder:
    """Keeps all words and voices of a meeting; an observer of its events.

    Args:
        agent: the label of the agent's own words.
    """

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._words: list[Word] = []
        self._own: list[Word] = []
        self._voices: list[SpeakerActivity] = []
        self._decisions = Decisions()

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, Heard):
            self._words += event.words
            self._voices += event.activities
        elif isinstance(event, WordPlayed):
            if event.text:  # it has none where it was erased
                self._own.append(Word(self._agent, event.text, event.start, event.end))
        elif isinstance(event, Decision):
            self._decisions.take(event)

    def __len__(self) -> int:
        """Words, the agent's among them."""
        return len(self._words) + len(self._own)

    def write(
        self,
        out: OutputDirectory,
        meeting_id: str,
        names: Mapping[str, str],
        formats: Iterable[str] = (),
        duration: Samples = 0,
    ) -> None:
        """Writes SegLST, WebVTT and RTTM.

        Args:
            out: where to.
            meeting_id: the meeting's name.
            names: what people are called, by id.
            formats: names of `outdir.FORMATS` that are written, too.
            duration: the meeting's length.

        Raises:
            InputError: one of them cannot be written.
        """
        words = sorted([*self._words, *self._own], key=lambda word: (word.start, word.end))
        called = {**names, self._agent: self._agent}
        write_seglst(out.file("transcript.seglst.json"), meeting_id, words)
        write_vtt(out.file("transcript.vtt"), words, called)
        write_rttm(out.file("diarization.rttm"), meeting_id, self._voices)
        intervals = self._decisions.intervals(called)
        told = Told(meeting_id, duration, words, self._voices, called, intervals)
        for name in set(formats) - {MINUTES}:
            (text,) = WRITERS[name](told).values()
            write_text(out.file(FORMATS[name]), text)
