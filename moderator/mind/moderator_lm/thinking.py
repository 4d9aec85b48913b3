"""Thinking before a decision: what was just done, to whom, is it done, and what follows.

ModeratorLM-think (Mitra et al., 2026, arXiv 2606.13544) writes its reasoning token by token. Here
a thought has a form: a few questions, each with a few answers, read off the decision's own state;
the decision is then made once more, with the answers before it. So a thought costs less than a
token, can be checked answer by answer against what people annotated, and cannot go astray.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from moderator.mind.moderator_lm.floor_model import HEADS
from moderator.mind.moderator_lm.thought import FIELDS

READ, REFINED = 64, 32
"""Widths of the layers between: before the answers, and before the second judgement."""


@dataclass(frozen=True, slots=True)
class Considered:
    """What thinking gave at some moments.

    Attributes:
        answers: per field ``(n, answers)`` logits.
        logits: ``(n, len(HEADS))`` the decision after the thought.
    """

    answers: tuple[Tensor, ...]
    logits: Tensor

    def probabilities(self) -> Tensor:
        """``(n, all answers)`` of each field's answers, side by side."""
        return torch.cat([one.softmax(1) for one in self.answers], dim=1)

    def chosen(self) -> dict[str, str]:
        """The likeliest answer of each field, at the first moment."""
        return {
            name: answers[int(logits[0].argmax())]
            for (name, answers), logits in zip(FIELDS.items(), self.answers, strict=True)
        }


class Thinking(nn.Module):
    """Answers from a decision's state, and a second judgement from both.

    Untrained, the second judgement is the first.

    Args:
        hidden: width of a decision.
        floor: width of the floor-state embedding.
        dropout: between layers, while training.
        blind: share of the state that is hidden while training.
    """

    def __init__(self, hidden: int, floor: int, dropout: float = 0.2, blind: float = 0.4) -> None:
        super().__init__()
        self.decision, self.floor = nn.LayerNorm(hidden), nn.LayerNorm(floor)
        self.blind = nn.Dropout(blind)
        state = hidden + floor
        self.read = nn.Sequential(nn.Linear(state, READ), nn.GELU(), nn.Dropout(dropout))
        self.answers = nn.ModuleList(nn.Linear(READ, len(one)) for one in FIELDS.values())
        last = nn.Linear(REFINED, len(HEADS))
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        entering = nn.Linear(state + sum(map(len, FIELDS.values())), REFINED)
        self.refine = nn.Sequential(entering, nn.GELU(), nn.Dropout(dropout), last)

    def forward(self, hidden: Tensor, floor: Tensor, logits: Tensor) -> Considered:
        """Thinks.

        Args:
            hidden: ``(n, hidden)`` decisions after the last layer they pass.
            floor: ``(n, floor)`` floor-state embeddings.
            logits: ``(n, len(HEADS))`` decided without a thought.
        """
        state = torch.cat([self.decision(hidden.float()), self.floor(floor.float())], dim=1)
        state = self.blind(state)
        read = self.read(state)
        answers = tuple(cast("Tensor", head(read)) for head in self.answers)
        # The answers stay those to what was asked; deciding does not bend them.
        known = torch.cat([one.softmax(1) for one in answers], dim=1).detach()
        return Considered(answers, logits + self.refine(torch.cat([state, known], dim=1)))
