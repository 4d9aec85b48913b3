"""One meeting heard by the embedded mind: percepts in, probability of a fitting turn out."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np

from moderator.errors import MindError
from moderator.events import Act, Percept, Proposal, Word
from moderator.floor.state import FloorStatus, FloorView
from moderator.labels import unnamed
from moderator.mind.base import Participant
from moderator.mind.moderator_lm.loading import NAME, Loaded, Outline
from moderator.mind.moderator_lm.parts import Cast, Part, letter, part_of, prompt
from moderator.mind.moderator_lm.questions import Judgement, Question, Sound
from moderator.mind.moderator_lm.script import CONTEXT, SPAN, Script, Tokens
from moderator.mind.moderator_lm.speech import CHUNK, Mixture
from moderator.mind.moderator_lm.talk import Talk
from moderator.mind.moderator_lm.thought import budget
from moderator.timeline import Samples, to_samples
from roles.schema import Role

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.judge import Judge


class ModeratorSession:
    """The embedded mind in one role in one meeting.

    What is heard is only written down; the model reads it when a wish is asked for, in a thread of
    its own, so that a session may be asked as seldom as one likes and never stops the meeting.

    Args:
        outline: what is known of the model before it is loaded.
        load: gives the model, in its own thread.
        role: what the agent is.
        participants: who is there; may grow and shrink.
        executor: where the model runs, one question at a time.
    """

    def __init__(
        self,
        outline: Outline,
        load: Callable[[], Loaded],
        role: Role,
        participants: Mapping[str, Participant],
        executor: Executor,
    ) -> None:
        self._outline, self._load = outline, load
        self._participants, self._executor = participants, executor
        self._me, self._part = role.identity.name, part_of(role)
        about = outline.about
        self._budget = budget(role.thought) if about.after_thought is not None else None
        # Somebody without duties and instructions is there without a role.
        self._has_role = bool(role.duties or role.instructions)
        self._labels: dict[str, str] = {}
        for name in sorted({self._me, *participants}):
            self._label(name)
        self._talk = Talk(self._me)
        self._now: Samples = 0
        self._silence: Samples = 0
        self._last_speaker: str | None = None
        self._free = True
        self._threshold = about.threshold_of(self._part.position)
        self._last = Judgement(0.0, self._threshold)
        self._patience = to_samples(role.turn.silence_patience_s)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._news: deque[Tokens | Sound] = deque()
        self._judges: list[Judge] = []
        self._script = Script(self._outline.encode, self._labels)
        self._mixture = Mixture()

    def _label(self, name: str) -> None:
        """Letters are given in the order of arrival and stay whose they are."""
        if name not in self._labels and not unnamed(name):
            self._labels[name] = letter(len(self._labels))

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk; nothing is computed until a wish is asked for."""
        self._now, self._silence = percept.end, floor.silence
        self._last_speaker, self._free = floor.last_speaker, floor.status is FloorStatus.FREE
        self._talk.hear(percept.activities, floor)
        for name in (*self._participants, *sorted({word.speaker for word in percept.words})):
            self._label(name)
        words = self._script.add(percept.words)
        # No word is known before it was heard, whatever time it gives itself.
        words = Tokens(words.ids, np.minimum(words.known, self._now))
        if self._outline.hears and percept.audio is not None:
            for chunk, end in self._mixture.add(percept.start, percept.end, percept.audio):
                before = Tokens(words.ids[words.known < end], words.known[words.known < end])
                words = Tokens(words.ids[words.known >= end], words.known[words.known >= end])
                self._news.extend((before, Sound(chunk, end)))
        self._write_down(words)

    def _write_down(self, words: Tokens) -> None:
        self._news.append(words)
        while self._news and _known(self._news[0]) <= self._now - SPAN - CONTEXT:
            self._news.popleft()

    async def propose(self) -> Proposal | None:
        """A wish for a turn, as probable as the model finds one fitting now."""
        fitting = await self.probability()
        after = self._silence < self._patience and self._last_speaker in self._participants
        return Proposal(
            self._now,
            NAME,
            fitting,
            Act.ANSWER if after else Act.PROMPT,
            self._last_speaker if after else None,
            cue="the model finds a turn fitting",
            thought=self.thought,
        )

    @property
    def threshold(self) -> float:
        """Probability from which on taking the turn is advised, of the kind of the last one."""
        return self._last.threshold

    @property
    def thought(self) -> str | None:
        """The thought before the last probability; None without one."""
        return self._last.thought

    async def probability(self, *, exact: bool = True) -> float:
        """That a turn is fitting now, in [0, 1]; computed beside the event loop.

        Args:
            exact: if not, and without a thought, the words are left unread where they are not
                known to make up for what the floor says against a turn; the floor's opinion, then
                below the threshold, is the answer.

        Raises:
            MindError: the model failed.
        """
        news, self._news = list(self._news), deque()
        others = {
            name: Part(one.position) for name, one in self._participants.items() if name != self._me
        }
        cast = Cast(self._part, others)
        question = Question(
            self._now,
            news,
            self._talk.voices(self._participants),
            prompt(cast if self._has_role else cast.withheld(), self._me, self._labels),
            self._part.leads,
            self._has_role,
            [self._labels.get(name) for name in self._talk.others(self._participants)],
            self._free,
            exact,
        )
        loop = asyncio.get_running_loop()
        try:
            judged = await loop.run_in_executor(self._executor, self._judge, self._judges, question)
        except (RuntimeError, MemoryError) as error:  # what torch raises, of whatever kind
            raise MindError(f"{NAME} failed: {type(error).__name__}") from error
        if not math.isfinite(judged.probability):
            raise MindError(f"{NAME} failed: its weights give no number")
        self._last = judged
        return judged.probability

    def _judge(self, judges: list[Judge], question: Question) -> Judgement:
        """Runs in the model's thread, which alone looks into the list: one judge, once there is."""
        if not judges:
            from moderator.mind.moderator_lm.judge import Judge

            judges.append(Judge(self._load(), self._part.position, self._budget))
        return judges[0](question)

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """It has no words of its own.

        Raises:
            MindError: always.
        """
        raise MindError(f"{NAME} decides when to speak, and has no words of its own")
        yield ""  # an async generator all the same

    def quotes(self, proposal: Proposal) -> frozenset[str]:
        """Nobody: it has no words of its own."""
        return frozenset()

    def heard(self, words: str) -> None:
        """What the agent said becomes part of the transcript."""
        said = [Word(self._me, word, self._now, self._now) for word in words.split()]
        self._write_down(self._script.add(said))

    def forget(self, speaker: str) -> None:
        """Drops somebody's talk, and the transcript of the last minute with it."""
        self._talk.forget(speaker)
        self._last = Judgement(0.0, self._threshold)
        self._begin_anew()

    def cancel(self) -> None:
        """Nothing goes on between percepts."""

    async def close(self) -> None:
        """Drops the transcript."""
        self._begin_anew()


def _known(piece: Tokens | Sound) -> Samples:
    if isinstance(piece, Sound):
        return piece.known
    return int(piece.known[-1]) if len(piece) else -CHUNK
