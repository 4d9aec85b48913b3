"""Third stage: thoughts, and decisions after them, on what the first two stages made. Minutes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from moderator.learn.thought_states import Sampling, States
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.thinking import Thinking

ANSWERS_WEIGHT = 0.3
"""Of each field's loss beside that of the decision."""

BOUNDARY_WEIGHT = 4.0
"""Of the decision at a boundary beside one in the stream: there are far fewer of them."""


class ThoughtSettings(BaseModel):
    """How thoughts are learned.

    Attributes:
        seats: of each segment that are looked at.
        silent: moments without a turn of each, which weigh the more.
        epochs: passes over all moments.
        batch: moments a step.
        rate: peak of the one-cycle learning rate.
        decay: of the weights.
        seed: of everything drawn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seats: int = Field(default=2, ge=1, le=64)
    silent: int = Field(default=14, ge=1, le=60)
    epochs: int = Field(default=4, ge=1, le=1000)
    batch: int = Field(default=1024, ge=1, le=100_000)
    rate: float = Field(default=1e-3, gt=0, lt=1)
    decay: float = Field(default=0.3, ge=0, lt=1)
    seed: int = Field(default=0, ge=0)

    def sampling(self) -> Sampling:
        """Which moments are looked at."""
        return Sampling(self.seats, self.silent, self.seed)


Notice = Callable[[int, int, float, float], None]
"""Told step, steps, and the running losses of decisions with and without a thought."""


def train_thinking(
    network: Network, states: States, settings: ThoughtSettings, notice: Notice
) -> Thinking:
    """Lets a network learn to think; nothing else of it changes.

    Args:
        network: that the states are from.
        states: moments of all meetings.
        settings: how.
        notice: told of every step.

    Returns:
        What thinks, which is the network's from now on.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # of the first weights, and of dropout
        thinking = network.learn_to_think()
        _train(thinking, states, settings, notice)
    return thinking


def _train(thinking: Thinking, states: States, settings: ThoughtSettings, notice: Notice) -> None:
    count, batch = len(states), min(settings.batch, len(states))
    steps = settings.epochs * (count // batch)
    optimizer = torch.optim.AdamW(thinking.parameters(), settings.rate, weight_decay=settings.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=steps + 1)
    random = torch.Generator().manual_seed(settings.seed)
    order = torch.zeros(0, dtype=torch.long)
    running: tuple[float, float] | None = None
    device = next(thinking.parameters()).device
    thinking.train()
    for step in range(steps):
        if len(order) < batch:
            order = torch.randperm(count, generator=random)
        some, order = states.some(order[:batch]), order[batch:]
        loss, now = losses(thinking, some.to(device))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
        nn.utils.clip_grad_norm_(thinking.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        old = running or now
        running = (0.98 * old[0] + 0.02 * now[0], 0.98 * old[1] + 0.02 * now[1])
        notice(step + 1, steps, *running)
    thinking.eval()


def losses(thinking: Thinking, states: States) -> tuple[Tensor, tuple[float, float]]:
    """What is minimised, and the losses of decisions with and without a thought."""
    considered = thinking(states.hidden, states.floor, states.logits)
    with_thought = _deciding(considered.logits, states)
    total = with_thought
    importance = states.weights.amax(1)
    for logits, answers in zip(considered.answers, states.targets.long().T, strict=True):
        known = answers >= 0  # where nobody annotated it there is nothing to learn
        if known.any():
            wrong = functional.cross_entropy(logits[known], answers[known], reduction="none")
            weight = importance[known]
            total = total + ANSWERS_WEIGHT * (wrong * weight).sum() / weight.sum()
    return total, (float(with_thought.detach()), float(_deciding(states.logits, states)))


def _deciding(logits: Tensor, states: States) -> Tensor:
    each = functional.binary_cross_entropy_with_logits(
        logits, states.labels.float(), reduction="none"
    )
    boundary = states.weights[:, :1] == 0  # asked whose turn is next, not how soon
    weights = torch.where(boundary, BOUNDARY_WEIGHT * states.weights, states.weights)
    return (each * weights).sum() / weights.sum()
