"""What decides about one meeting, in the model's own thread, and has read its transcript."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from moderator.floor.features import SeatVoices
from moderator.mind.moderator_lm.about import Advice
from moderator.mind.moderator_lm.floor_features import measure, role_numbers
from moderator.mind.moderator_lm.loading import Loaded
from moderator.mind.moderator_lm.parts import SYSTEM
from moderator.mind.moderator_lm.questions import Judgement, Question, Sound
from moderator.mind.moderator_lm.script import OPENING, Tokens
from moderator.mind.moderator_lm.stream import PromptMemory, Stream, reach, read_prompt
from moderator.mind.moderator_lm.thinking import Considered
from moderator.mind.moderator_lm.thought import Budget, quietest, write

_NOW, _SOON = 1, 2
"""Which of `HEADS` say whether a turn is fitting now, and within 2 s."""


class Judge:
    """Answers the questions of one session, one at a time.

    Args:
        loaded: the model; shared by all meetings.
        position: what the agent is there.
        budget: for thoughts; None: there are none.
    """

    def __init__(self, loaded: Loaded, position: str | None, budget: Budget | None) -> None:
        self._loaded, self._position, self._budget = loaded, position, budget
        self._threshold = loaded.about.threshold_of(position)
        self._stream = Stream(loaded.network, loaded.encode(OPENING))
        self._prompt: tuple[str, PromptMemory] | None = None

    def __call__(self, question: Question) -> Judgement:
        """The judgement at a moment that is not before the last one's."""
        network, about = self._loaded.network, self._loaded.about
        at = np.array([question.now], dtype=np.int64)
        voices = question.voices()
        features = measure(voices, at)
        with torch.inference_mode():
            for piece in question.news:
                self._add(piece)
            device = network.device
            numbers = role_numbers(leads=question.leads, known=question.known)
            role = torch.tensor([numbers], device=device)
            reading = network.floor(torch.from_numpy(features).to(device), role)
            if not question.exact and self._budget is None and self._hopeless(reading.logits):
                floor = _probability(reading.logits, about.scale, _NOW)
                return Judgement(floor, self._threshold)
            self._stream.catch_up(question.now)
            prompt = self._prompt_memory(question.prompt)
            hidden = reach(network, [self._stream], [prompt], reading)
            logits = network.judge(hidden, reading.logits)
            soon = _probability(logits, about.scale, _SOON)
            if self._budget is not None and self._budget.allows(soon, free=question.free):
                considered = network.think(hidden, reading.embedding, logits)
                return self._thought_over(considered, question, voices, self._budget)
            return Judgement(_probability(logits, about.scale, _NOW), self._threshold)

    def _hopeless(self, opinion: Tensor) -> bool:
        """Whether the words have never made up for what the floor says."""
        reach = self._loaded.about.words_reach
        if reach is None:
            return False
        best = _probability(opinion + reach, self._loaded.about.scale, _NOW)
        return best < self._threshold

    def _thought_over(
        self, considered: Considered, question: Question, voices: SeatVoices, budget: Budget
    ) -> Judgement:
        """What is decided after a thought, and the thought as the role's budget lets it be."""
        advice = self._loaded.about.after_thought or Advice()
        threshold = advice.threshold_of(self._position)
        fitting = _probability(considered.logits, advice.scale, _NOW)
        thought = write(
            considered.chosen(),
            quietest(voices, question.labels, question.now),
            take=fitting >= threshold,
            tokens=budget.tokens,
            encode=self._loaded.encode,
        )
        return Judgement(fitting, threshold, thought)

    def _add(self, piece: Tokens | Sound) -> None:
        if isinstance(piece, Tokens):
            self._stream.add(piece)
        elif self._loaded.speech is not None:
            frames = torch.from_numpy(self._loaded.speech.frames(piece.chunk))
            embeddings = self._loaded.network.speak(frames[None].to(self._loaded.network.device))
            self._stream.add_sounds(embeddings[0], piece.known)

    def _prompt_memory(self, text: str) -> PromptMemory:
        if self._prompt is None or self._prompt[0] != text:
            room = self._loaded.network.shape.prompt_tokens
            ids = self._loaded.encode(SYSTEM.format(text))[:room]
            self._prompt = (text, read_prompt(self._loaded.network, ids))
        return self._prompt[1]


def _probability(logits: Tensor, scale: Sequence[float], head: int) -> float:
    return float(torch.sigmoid(scale[head] * logits[0, head].float()))
