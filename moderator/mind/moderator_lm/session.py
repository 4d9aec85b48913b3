"""One meeting heard by the embedded mind: percepts in, probability of a fitting turn out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping

import numpy as np
import torch

from moderator.errors import MindError
from moderator.events import SOMEBODY, Act, Percept, Proposal, SpeakerActivity, Word
from moderator.floor import FloorView
from moderator.mind.base import Participant
from moderator.mind.moderator_lm.floor_model import WINDOW_S, measure
from moderator.mind.moderator_lm.loading import Loaded
from moderator.mind.moderator_lm.mind import NAME
from moderator.mind.moderator_lm.parts import SYSTEM, Cast, Part, letter, part_of, prompt
from moderator.mind.moderator_lm.script import OPENING, Script
from moderator.mind.moderator_lm.stream import PromptMemory, Stream, decide, read_prompt
from moderator.timeline import Samples, to_samples
from moderator.timing import SeatVoices
from roles.schema import Role

_KEPT = to_samples(WINDOW_S + 10.0)
_NOW = 1
"""Which of `HEADS` says whether a turn is fitting now."""


class _Talk:
    """When somebody spoke, as far back as it matters."""

    def __init__(self) -> None:
        self.spans: deque[SpeakerActivity] = deque()

    def add(self, piece: SpeakerActivity) -> None:
        """Takes the next piece of voice; pieces that touch become one."""
        if self.spans and piece.start <= self.spans[-1].end:
            last = self.spans.pop()
            end = max(last.end, piece.end)
            piece = SpeakerActivity(last.speaker, min(last.start, piece.start), end)
        self.spans.append(piece)

    def forget_before(self, at: Samples) -> None:
        """Drops what ended before a time."""
        while self.spans and self.spans[0].end < at:
            self.spans.popleft()


class ModeratorSession:
    """The embedded mind in one role in one meeting.

    Args:
        loaded: the model; shared by all meetings.
        role: what the agent is.
        participants: who is there; may grow.
    """

    def __init__(self, loaded: Loaded, role: Role, participants: Mapping[str, Participant]) -> None:
        self._loaded, self._participants = loaded, participants
        self._me, self._part = role.identity.name, part_of(role)
        self._labels: dict[str, str] = {}
        for name in sorted({self._me, *participants}):
            self._label(name)
        self._own = _Talk()
        self._talk: dict[str, _Talk] = {}
        self._now: Samples = 0
        self._prompt: PromptMemory | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        encode = self._loaded.encode
        self._stream = Stream(self._loaded.network, encode(OPENING))
        self._script = Script(encode, self._labels)

    def _label(self, name: str) -> None:
        if name not in self._labels and name != SOMEBODY:
            self._labels[name] = letter(len(self._labels))
            self._prompt = None  # it names everybody

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk; nothing is computed until a wish is asked for."""
        self._now = percept.end
        for piece in percept.activities:
            if piece.speaker != SOMEBODY:
                self._talk.setdefault(piece.speaker, _Talk()).add(piece)
        for name in (*self._participants, *sorted({word.speaker for word in percept.words})):
            self._label(name)
        if floor.agent_speaking and floor.agent_turn_for > 0:
            start = self._now - floor.agent_turn_for
            self._own.add(SpeakerActivity(self._me, start, self._now))
        for talk in (self._own, *self._talk.values()):
            talk.forget_before(self._now - _KEPT)
        self._stream.add(self._script.add(percept.words))

    async def propose(self) -> Proposal | None:
        """The probability that a turn of the agent is fitting now."""
        return Proposal(
            self._now, NAME, await self.probability(), Act.PROMPT, cue="a fitting moment"
        )

    @property
    def threshold(self) -> float:
        """Probability from which on taking the turn is advised."""
        return self._loaded.about.threshold

    async def probability(self) -> float:
        """That a turn is fitting now, in [0, 1]; computed beside the event loop."""
        return await asyncio.to_thread(self._judge)

    def _judge(self) -> float:
        network, about = self._loaded.network, self._loaded.about
        at = np.array([self._now], dtype=np.int64)
        others = [self._talk[name].spans for name in sorted(self._talk)]
        others += [deque() for _ in range(len(self._participants) - len(others))]
        features = measure(SeatVoices(list(self._own.spans), [list(one) for one in others]), at)
        with torch.inference_mode():
            device = network.device
            role = torch.tensor([[float(self._part.leads), 1.0]], device=device)
            reading = network.floor(torch.from_numpy(features).to(device), role)
            if self._prompt is None:
                self._prompt = read_prompt(network, self._prompt_ids())
            self._stream.catch_up(self._now)
            logits = decide(network, [self._stream], [self._prompt], reading)
            return float(torch.sigmoid(about.scale[_NOW] * logits[0, _NOW]))

    def _prompt_ids(self) -> list[int]:
        others = {
            name: Part(one.position) for name, one in self._participants.items() if name != self._me
        }
        text = prompt(Cast(self._part, others), self._me, self._labels)
        return self._loaded.encode(SYSTEM.format(text))[: self._loaded.network.shape.prompt_tokens]

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """It has no words of its own.

        Raises:
            MindError: always.
        """
        raise MindError(f"{NAME} decides when to speak, and has no words of its own")
        yield ""  # an async generator all the same

    def heard(self, words: str) -> None:
        """What the agent said becomes part of the transcript."""
        said = [Word(self._me, word, self._now, self._now) for word in words.split()]
        self._stream.add(self._script.add(said))

    def forget(self, speaker: str) -> None:
        """Drops somebody's talk, and the transcript of the last minute with it."""
        self._talk.pop(speaker, None)
        self._begin_anew()

    def cancel(self) -> None:
        """Nothing goes on between percepts."""

    async def close(self) -> None:
        """Drops the transcript."""
        self._begin_anew()
