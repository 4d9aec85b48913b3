"""One meeting heard by the embedded mind: percepts in, probability of a fitting turn out."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from moderator.audio import Waveform
from moderator.errors import MindError
from moderator.events import Act, Percept, Proposal, Word, unnamed
from moderator.floor.features import SeatVoices
from moderator.floor.state import FloorStatus, FloorView
from moderator.mind.base import Participant
from moderator.mind.moderator_lm.checkpoint import Advice
from moderator.mind.moderator_lm.floor_model import measure, role_numbers
from moderator.mind.moderator_lm.loading import NAME, Loaded
from moderator.mind.moderator_lm.parts import SYSTEM, Cast, Part, letter, part_of, prompt
from moderator.mind.moderator_lm.script import CONTEXT, OPENING, SPAN, Script, Tokens
from moderator.mind.moderator_lm.speech import CHUNK, Mixture
from moderator.mind.moderator_lm.stream import PromptMemory, Stream, reach, read_prompt
from moderator.mind.moderator_lm.talk import Talk
from moderator.mind.moderator_lm.thinking import Considered
from moderator.mind.moderator_lm.thought import Budget, budget, chosen, quietest, write
from moderator.timeline import Samples, to_samples
from roles.schema import Role

_NOW, _SOON = 1, 2
"""Which of `HEADS` say whether a turn is fitting now, and within 2 s."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """A chunk of the meeting's audio that ended at `known`."""

    chunk: Waveform
    known: Samples


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything that is needed to decide at one moment, beside what the stream has read.

    Attributes:
        now: the moment.
        news: what became known since the last question.
        voices: gives the voices at that moment.
        prompt: text of the role prompt.
        role: what the floor model is told of it.
        labels: the others' letters, in the order of the voices; None for nobody's.
        free: nobody has the floor.
        exact: also where a turn is clearly not fitting.
    """

    now: Samples
    news: list[Tokens | _Sound]
    voices: Callable[[], SeatVoices]
    prompt: str
    role: tuple[float, float]
    labels: list[str | None]
    free: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class _Judgement:
    """That a turn is fitting, from which probability on it is advised, and the thought before."""

    probability: float
    threshold: float
    thought: str | None = None


class ModeratorSession:
    """The embedded mind in one role in one meeting.

    What is heard is only written down; the model reads it when a wish is asked for, in a thread of
    its own, so that a session may be asked as seldom as one likes and never stops the meeting.

    Args:
        loaded: the model; shared by all meetings.
        role: what the agent is.
        participants: who is there; may grow and shrink.
        executor: where the model runs, one question at a time.
    """

    def __init__(
        self,
        loaded: Loaded,
        role: Role,
        participants: Mapping[str, Participant],
        executor: Executor,
    ) -> None:
        self._loaded, self._participants, self._executor = loaded, participants, executor
        self._me, self._part = role.identity.name, part_of(role)
        self._budget = budget(role.thought) if loaded.about.after_thought is not None else None
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
        self._threshold = loaded.about.threshold_of(self._part.position)
        self._last = _Judgement(0.0, self._threshold)
        self._patience = to_samples(role.turn.silence_patience_s)
        self._prompt: tuple[str, PromptMemory] | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        encode = self._loaded.encode
        self._news: deque[Tokens | _Sound] = deque()
        self._stream = Stream(self._loaded.network, encode(OPENING))
        self._script = Script(encode, self._labels)
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
        if self._loaded.speech is not None and percept.audio is not None:
            for chunk, end in self._mixture.add(percept.start, percept.end, percept.audio):
                before = Tokens(words.ids[words.known < end], words.known[words.known < end])
                words = Tokens(words.ids[words.known >= end], words.known[words.known >= end])
                self._news.extend((before, _Sound(chunk, end)))
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
        question = _Question(
            self._now,
            news,
            self._talk.voices(self._participants),
            prompt(cast if self._has_role else cast.withheld(), self._me, self._labels),
            role_numbers(leads=self._part.leads, known=self._has_role),
            [self._labels.get(name) for name in self._talk.others(self._participants)],
            self._free,
            exact,
        )
        loop = asyncio.get_running_loop()
        try:
            judged = await loop.run_in_executor(self._executor, self._judge, self._stream, question)
        except (RuntimeError, MemoryError) as error:  # what torch raises, of whatever kind
            raise MindError(f"{NAME} failed: {type(error).__name__}") from error
        if not math.isfinite(judged.probability):
            raise MindError(f"{NAME} failed: its weights give no number")
        self._last = judged
        return judged.probability

    def _judge(self, stream: Stream, question: _Question) -> _Judgement:
        """Runs in the model's thread, which alone touches the stream."""
        network, about = self._loaded.network, self._loaded.about
        at = np.array([question.now], dtype=np.int64)
        voices = question.voices()
        features = measure(voices, at)
        with torch.inference_mode():
            for piece in question.news:
                self._add(stream, piece)
            device = network.device
            role = torch.tensor([question.role], device=device)
            reading = network.floor(torch.from_numpy(features).to(device), role)
            if not question.exact and self._budget is None and self._hopeless(reading.logits):
                floor = _probability(reading.logits, about.scale, _NOW)
                return _Judgement(floor, self._threshold)
            stream.catch_up(question.now)
            prompt = self._prompt_memory(question.prompt)
            hidden = reach(network, [stream], [prompt], reading)
            logits = network.judge(hidden, reading.logits)
            soon = _probability(logits, about.scale, _SOON)
            if self._budget is not None and self._budget.allows(soon, free=question.free):
                considered = network.think(hidden, reading.embedding, logits)
                return self._thought_over(considered, question, voices, self._budget)
            return _Judgement(_probability(logits, about.scale, _NOW), self._threshold)

    def _hopeless(self, opinion: Tensor) -> bool:
        """Whether the words have never made up for what the floor says."""
        reach = self._loaded.about.words_reach
        if reach is None:
            return False
        best = _probability(opinion + reach, self._loaded.about.scale, _NOW)
        return best < self._threshold

    def _thought_over(
        self, considered: Considered, question: _Question, voices: SeatVoices, budget: Budget
    ) -> _Judgement:
        """What is decided after a thought, and the thought as the role's budget lets it be."""
        advice = self._loaded.about.after_thought or Advice()
        threshold = advice.threshold_of(self._part.position)
        fitting = _probability(considered.logits, advice.scale, _NOW)
        thought = write(
            chosen(considered),
            quietest(voices, question.labels, question.now),
            take=fitting >= threshold,
            tokens=budget.tokens,
            encode=self._loaded.encode,
        )
        return _Judgement(fitting, threshold, thought)

    def _add(self, stream: Stream, piece: Tokens | _Sound) -> None:
        if isinstance(piece, Tokens):
            stream.add(piece)
        elif self._loaded.speech is not None:
            frames = torch.from_numpy(self._loaded.speech.frames(piece.chunk))
            embeddings = self._loaded.network.speak(frames[None].to(self._loaded.network.device))
            stream.add_sounds(embeddings[0], piece.known)

    def _prompt_memory(self, text: str) -> PromptMemory:
        if self._prompt is None or self._prompt[0] != text:
            room = self._loaded.network.shape.prompt_tokens
            ids = self._loaded.encode(SYSTEM.format(text))[:room]
            self._prompt = (text, read_prompt(self._loaded.network, ids))
        return self._prompt[1]

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
        self._last = _Judgement(0.0, self._threshold)
        self._begin_anew()

    def cancel(self) -> None:
        """Nothing goes on between percepts."""

    async def close(self) -> None:
        """Drops the transcript."""
        self._begin_anew()


def _probability(logits: Tensor, scale: Sequence[float], head: int) -> float:
    return float(torch.sigmoid(scale[head] * logits[0, head].float()))


def _known(piece: Tokens | _Sound) -> Samples:
    if isinstance(piece, _Sound):
        return piece.known
    return int(piece.known[-1]) if len(piece) else -CHUNK
