"""One meeting with the local mind: what it hears, and how it finds an answer in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from moderator.errors import MindError
from moderator.events import Act, Percept, Proposal, SaidAt, Word
from moderator.floor.state import FloorView
from moderator.language.phrases import phrases_of
from moderator.mind.base import Participant, names_of
from moderator.mind.grounding.answer import unsaid
from moderator.mind.grounding.quoting import Quote, picked, quote
from moderator.mind.grounding.ranking import Ranking, candidates, fused
from moderator.mind.grounding.said_lines import LONGEST_LINE as QUOTED_LINE
from moderator.mind.grounding.said_lines import SaidLine, said_lines
from moderator.mind.grounding.wording import Wording
from moderator.mind.local.engine import Reads, Vectors
from moderator.mind.local.prompt import NOTHING, asking
from moderator.mind.openai.backoff import Backoff
from moderator.mind.openai.prompt import OWN, everybody, said
from moderator.mind.questions import Question, Questions
from moderator.timeline import Samples, to_samples
from moderator.transcript import Transcript
from roles.schema import Role

MOST_LINES, LONGEST_LINE = 8, 30
"""Lines that the model is shown, and words of one."""

BEST_LINES = 3
"""If these were read while the question was asked, what was read is not exchanged any more."""

ANSWER_TOKENS = 24
LIVE_WITHIN_S, REPLAY_WITHIN_S = 25.0, 600.0
"""Wall-clock seconds after which the model hangs; a replay must not depend on a slow machine."""

EMBEDDED_EVERY, EMBEDDED_AT_ONCE = to_samples(2.0), 8
"""Meeting time between two looks for new lines, and lines of one request."""

LEAST_ASKED = 4
"""Words of a question that is still being asked from which on lines are looked for."""


class LocalSession:
    """The mind of one role in one meeting.

    Lines are embedded as they are said, and those that bear on a question are read while it is
    being asked, so that its answer costs little more than the question.

    Args:
        role: what the agent is.
        participants: who is there; may grow.
        engine: runs the models.
        embeds: it has sentence embeddings.
        live: the meeting does not wait.
        within_s: wall-clock seconds after which the model hangs; None: as usual.

    Attributes:
        asked_model: how often the model was asked for an answer.
    """

    def __init__(
        self,
        role: Role,
        participants: Mapping[str, Participant],
        engine: Reads,
        *,
        embeds: bool,
        live: bool,
        within_s: float | None = None,
    ) -> None:
        self._role, self._participants, self._engine = role, participants, engine
        self._embeds, self._live = embeds, live
        self._within_s = within_s or (LIVE_WITHIN_S if live else REPLAY_WITHIN_S)
        self._phrases = phrases_of(role)
        self._wording = Wording(self._phrases)
        self._questions = Questions(role, self._phrases, others=partial(names_of, participants))
        self._transcript = Transcript()
        self._met: dict[str, Participant] = {}
        self._vectors: dict[str, Vectors] = {}
        self._backoff = Backoff()
        self._now: Samples = 0
        self._generation = 0
        self._found: Quote | None = None
        self._foreseen = ""
        self._read_lines: list[SaidLine] = []
        self.asked_model = 0
        self._embeds_at: Samples = EMBEDDED_EVERY
        self._tasks: dict[str, asyncio.Task[None]] = {}
        if live:
            self._begin("opening", self._write_nothing)

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk."""
        words = [replace(word, text=said(word.text)) for word in percept.words]
        self._transcript.add(word for word in words if word.text)
        for word in words:  # so that its stem is known when an answer is wanted
            self._wording.tokens(word.text)
        self._met |= self._participants
        self._now = percept.end
        self._questions.hear(percept, self._transcript)
        if not self._live or self._backoff.waiting(self._now):
            return
        if self._embeds and self._now >= self._embeds_at:
            self._embeds_at = self._now + EMBEDDED_EVERY
            self._begin("embedding", self._embed_said)
        question = self._questions.coming(percept.end, percept.partials, self._transcript)
        if question is not None and len(question.text.split()) >= LEAST_ASKED:
            self._foresee(question)

    async def propose(self) -> Proposal | None:
        """It never wishes to speak."""
        return None

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """What somebody said that answers the question, word for word; or that nobody said it.

        Raises:
            MindError: the model failed.
        """
        generation, question, self._found = self._generation, self._questions.open, None
        if proposal.answering:
            self._questions.answered()
        if question is None or proposal.act is not Act.ANSWER:
            return
        found = quote(question.text, self._lines(question), self._phrases, self._wording)
        lines = self._lines(question, LONGEST_LINE)
        if found is None:
            found = await self._picked(question, lines)
        self._foreseen, self._read_lines = "", []
        if generation != self._generation:
            return
        self._found = found
        if found is not None:
            yield found.read_out(self._phrases)
        else:
            names = self._labels().items()
            present = {one: name for one, name in names if one in self._participants}
            ranking = Ranking(question.text, lines, self._wording)
            yield unsaid(ranking, present, question.by, self._phrases)

    async def _picked(self, question: Question, lines: Sequence[SaidLine]) -> Quote | None:
        """What the model picks out of the lines that bear on a question.

        Raises:
            MindError: it failed, or did so lately.
        """
        if self._backoff.waiting(self._now):
            raise MindError("the model failed lately and is not asked yet")
        try:
            shown = await self._shown(question, lines)
            if not shown:
                return None
            if not self._live:  # so that no answer depends on what was asked before
                await self._write_nothing()
            self.asked_model += 1
            answer = await self._engine.write(
                asking([lines[index] for index in shown], said(question.text)),
                tokens=ANSWER_TOKENS,
                within_s=self._within_s,
            )
        except MindError:
            self._backoff.failed(self._now)
            raise
        self._backoff.answered()
        return picked(answer, question.text, lines, shown, self._phrases, self._wording)

    async def _shown(self, question: Question, lines: Sequence[SaidLine]) -> list[int]:
        """Indices of the lines that bear on a question, oldest first.

        Those that were read already while it was asked, if the best are among them.
        """
        ranking = Ranking(question.text, lines, self._wording)
        order = fused(ranking, await self._likeness(question.text, lines))
        places = {line: index for index, line in enumerate(lines)}
        read = [places[line] for line in self._read_lines if line in places]
        if len(read) == len(self._read_lines) and set(order[:BEST_LINES]) <= set(read):
            return read
        return candidates(order, len(lines), MOST_LINES)

    async def _likeness(self, question: str, lines: Sequence[SaidLine]) -> list[float] | None:
        """For each line, how like the question it is in meaning; 0 where that is not known yet."""
        if not self._embeds or not lines:
            return None
        self._keep(lines)
        missing = self._missing(lines)
        # A live meeting does not wait for what could not be embedded while people spoke.
        await self._embed(missing[-EMBEDDED_AT_ONCE:] if self._live else missing)
        asked = await self._engine.embed([question], question=True, within_s=self._within_s)
        found = [self._vectors.get(_key(line)) for line in lines]
        return [0.0 if one is None else float(one @ asked[0]) for one in found]

    async def _embed_said(self) -> None:
        """Embeds lines while people speak; the last ones may still grow."""
        lines = self._lines(None, LONGEST_LINE)[: -len(self._participants) or None]
        await self._embed(self._missing(lines))

    def _missing(self, lines: Sequence[SaidLine]) -> list[str]:
        """What is to be embedded of lines that are not yet, oldest first."""
        return [key for key in dict.fromkeys(map(_key, lines)) if key not in self._vectors]

    def _keep(self, lines: Sequence[SaidLine]) -> None:
        """Drops the embeddings of what is no line any more."""
        kept = set(map(_key, lines))
        self._vectors = {key: one for key, one in self._vectors.items() if key in kept}

    async def _embed(self, keys: Sequence[str]) -> None:
        generation = self._generation
        for start in range(0, len(keys), EMBEDDED_AT_ONCE):
            some = keys[start : start + EMBEDDED_AT_ONCE]
            made = await self._engine.embed(some, question=False, within_s=self._within_s)
            if generation != self._generation:
                return  # they may be of who was forgotten
            self._vectors |= dict(zip(some, made, strict=True))

    async def _write_nothing(self) -> None:
        await self._engine.write(NOTHING, tokens=1, within_s=self._within_s)

    def _foresee(self, question: Question) -> None:
        """Has the model read the lines that bear on a question which is still being asked."""
        if question.text != self._foreseen and self._begin(
            "reading", partial(self._read, question)
        ):
            self._foreseen = question.text

    async def _read(self, question: Question) -> None:
        lines = self._lines(question, LONGEST_LINE)
        self._read_lines = [lines[index] for index in await self._shown(question, lines)]
        if self._read_lines:
            messages = asking(self._read_lines, said(question.text))
            await self._engine.write(messages, tokens=1, within_s=self._within_s)

    def _begin(self, name: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Does something beside the meeting, unless the same is under way."""
        before = self._tasks.get(name)
        if before is not None and not before.done():
            return False

        async def quietly() -> None:
            with suppress(MindError):  # an answer will tell
                await work()

        self._tasks[name] = asyncio.create_task(quietly(), name=f"local {name}")
        return True

    def under_way(self) -> list[asyncio.Task[None]]:
        """What is being read or embedded beside the meeting."""
        return [task for task in self._tasks.values() if not task.done()]

    def _lines(self, question: Question | None, longest: int = QUOTED_LINE) -> list[SaidLine]:
        """Lines that may answer: what was said to the agent is no statement."""
        lines = said_lines(
            self._transcript,
            self._labels(),
            but=() if question is None else question.utterances,
            own=OWN,
            calls=self._questions.detector.calls,
            longest=longest,
        )
        return [line for line in lines if not line.to_agent]

    def _labels(self) -> dict[str, str]:
        return everybody(self._transcript, self._met, self._role.identity.name)

    def quotes(self, proposal: Proposal) -> frozenset[str]:
        """Who is read out."""
        return frozenset() if self._found is None else frozenset({self._found.line.speaker})

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """The line that is read out."""
        if self._found is None:
            return ()
        return (SaidAt(self._found.line.speaker, self._found.line.start),)

    def heard(self, words: str) -> None:
        """The agent's own words, as far as they were played, part the others' utterances."""
        own = [Word(OWN, said(text), self._now, self._now) for text in words.split()]
        self._transcript.add(word for word in own if word.text)

    def forget(self, speaker: str) -> None:
        """Drops what somebody said, what is being made of it, and own words: they may quote it."""
        self._transcript.forget(speaker)
        self._transcript.forget(OWN)
        self._questions.forget(speaker)
        self._vectors.clear()
        self._foreseen, self._read_lines = "", []
        self.cancel()
        if self._live:  # what the model has read of them is overwritten
            self._begin("opening", self._write_nothing)

    def cancel(self) -> None:
        """Drops what is being composed."""
        self._generation += 1

    async def close(self) -> None:
        """Drops what is under way."""
        self._generation += 1
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _key(line: SaidLine) -> str:
    """What is embedded of a line."""
    return f"{line.name}: {line.text}"
