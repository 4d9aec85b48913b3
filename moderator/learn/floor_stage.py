"""First stage: the floor model alone, on every seat of every meeting. Minutes, not hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from moderator.learn.prepared import PreparedMeeting
from moderator.mind.moderator_lm.floor_model import FloorModel

HEAD_WEIGHTS = {"stream": (1.0, 1.0, 1.0, 0.3), "boundary": (0.0, 0.0, 0.0, 1.0)}
"""What each kind of moment teaches each head."""

ROLE_WITHHELD = 0.2
"""Share of examples that are learned without a role, so that both ways can be asked."""


@dataclass(frozen=True, slots=True)
class FloorSettings:
    """How the floor model is trained.

    Attributes:
        epochs: passes over all moments.
        batch: moments a step.
        rate: peak of the one-cycle learning rate.
        decay: of the weights.
        seed: of everything drawn.
    """

    epochs: int = 8
    batch: int = 2048
    rate: float = 2e-3
    decay: float = 0.05
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Moments:
    """All moments: features ``(n, k)``, labels and weights ``(n, 4)``, leads ``(n,)``."""

    features: Tensor
    labels: Tensor
    weights: Tensor
    leads: Tensor


def gather(meetings: Sequence[PreparedMeeting]) -> Moments:
    """All moments of the stream and of boundaries."""
    features, labels, weights, leads = [], [], [], []
    for meeting in meetings:
        for seat in meeting.seats:
            for kind, weight in HEAD_WEIGHTS.items():
                asked = getattr(seat.example, kind)
                features.append(asked.features)
                labels.append(asked.labels)
                weights.append(np.tile(np.array(weight, dtype=np.float32), (len(asked.at), 1)))
                leads.append(np.full(len(asked.at), float(seat.example.leads), dtype=np.float32))
    parts = (np.concatenate(rows) for rows in (features, labels, weights, leads))
    features_, labels_, weights_, leads_ = (torch.from_numpy(part) for part in parts)
    return Moments(features_, labels_.float(), weights_.float(), leads_)


def train_floor(
    model: FloorModel,
    meetings: Sequence[PreparedMeeting],
    settings: FloorSettings,
    notice: Callable[[int, int, float], None],
) -> None:
    """Trains the floor model in place.

    Args:
        model: fresh.
        meetings: to learn from.
        settings: how.
        notice: told step, steps and the running loss.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # of dropout
        _train(model, gather(meetings), settings, notice)


def _train(
    model: FloorModel,
    moments: Moments,
    settings: FloorSettings,
    notice: Callable[[int, int, float], None],
) -> None:
    model.fit_scale(moments.features)
    count = len(moments.features)
    batch = min(settings.batch, count)
    steps = settings.epochs * (count // batch)
    optimizer = torch.optim.AdamW(model.parameters(), settings.rate, weight_decay=settings.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=steps + 1)
    random = torch.Generator().manual_seed(settings.seed)
    running, device = 0.0, model.mean.device
    model.train()
    order = torch.zeros(0, dtype=torch.long)
    for step in range(steps):
        if len(order) < batch:
            order = torch.randperm(count, generator=random)
        some, order = order[:batch], order[batch:]
        known = (torch.rand(len(some), generator=random) >= ROLE_WITHHELD).float()
        role = torch.stack([moments.leads[some] * known, known], dim=1)
        features, role, labels, weights = (
            one.to(device)
            for one in (moments.features[some], role, moments.labels[some], moments.weights[some])
        )
        logits = model(features, role).logits
        losses = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
        optimizer.step()
        schedule.step()
        running = loss.item() if step == 0 else 0.99 * running + 0.01 * loss.item()
        notice(step + 1, steps, running)
    model.eval()
