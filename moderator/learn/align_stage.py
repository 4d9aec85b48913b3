"""The projector learns to speak the language model's language; nothing else changes.

First each embedding is to lie near the token that is said while it sounds, which costs no pass
through the language model; then the model is to find the transcript likely after hearing it
(stage 1 of ModeratorLM, Mitra et al., 2026, arXiv 2606.13544).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from moderator.learn.heard_meeting import SILENCE, HeardMeeting
from moderator.mind.moderator_lm.lora import merge
from moderator.mind.moderator_lm.network import Network

SHARPNESS = 8.0
"""How much likelier a token is, in nats, whose embedding is nearer by the embeddings' variance."""

_CHUNKS_OF_STATISTICS = 4000


class AlignSettings(BaseModel):
    """How the projector is aligned.

    Attributes:
        minutes: of each meeting that are read aloud.
        matching: steps of the first part.
        matching_batch: chunks a step of it.
        matching_rate: its peak learning rate.
        predicting: steps of the second.
        batch: windows a step of it.
        window: chunks of a window.
        rate: its peak learning rate.
        seed: of everything drawn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    minutes: float = Field(default=8.0, gt=0, le=600)
    matching: int = Field(default=600, ge=0, le=1_000_000)
    matching_batch: int = Field(default=64, ge=1, le=100_000)
    matching_rate: float = Field(default=5e-4, gt=0, lt=1)
    predicting: int = Field(default=220, ge=0, le=1_000_000)
    batch: int = Field(default=8, ge=1, le=1024)
    window: int = Field(default=12, ge=1, le=120)
    rate: float = Field(default=4e-4, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)


class Ear(nn.Module):
    """The projector while it learns: on frames that are brought to mean 0 and variance 1.

    Args:
        centre: ``(width,)`` mean of stacked frames.
        spread: ``(width,)`` their standard deviation.
        hidden: width of an embedding.
        towards: ``(hidden,)`` what it gives before it has learned anything.
    """

    def __init__(self, centre: Tensor, spread: Tensor, hidden: int, towards: Tensor) -> None:
        super().__init__()
        self.centre = nn.Buffer(centre)
        self.spread = nn.Buffer(spread)
        self.linear = nn.Linear(len(centre), hidden)
        with torch.no_grad():
            self.linear.weight.zero_()
            self.linear.bias.copy_(towards)

    def forward(self, frames: Tensor) -> Tensor:
        """``(..., frames, width)`` to ``(..., n, hidden)``."""
        stacked = frames.reshape(*frames.shape[:-2], -1, len(self.centre)).float()
        found: Tensor = self.linear((stacked - self.centre) / self.spread)
        return found

    def fold(self, projector: nn.Linear) -> None:
        """Lets a plain projector do the same."""
        with torch.no_grad():
            weight = self.linear.weight / self.spread
            projector.weight.copy_(weight)
            projector.bias.copy_(self.linear.bias - weight @ self.centre)


@dataclass(frozen=True, slots=True)
class Heard:
    """Windows as the language model reads them: each chunk's sound, then what it said.

    Attributes:
        hidden: ``(batch, tokens, hidden)``.
        rows: ``(n,)`` and `columns` where each of the transcript's tokens stands.
        columns: see `rows`.
        ids: ``(n,)`` those tokens.
    """

    hidden: Tensor
    rows: Tensor
    columns: Tensor
    ids: Tensor


def lay_out(
    network: Network,
    opening: Sequence[int],
    windows: Sequence[tuple[Tensor | None, Sequence[Tensor]]],
) -> Heard:
    """Puts windows side by side.

    Args:
        network: whose language model is to read them.
        opening: token ids that stand before a transcript.
        windows: embeddings ``(chunks, n, hidden)``, None for a window that is not heard, and the
            tokens that become known in each chunk.
    """
    device = network.device
    begin = network.embed(torch.tensor(list(opening), device=device))
    sequences, rows, columns, ids = [], [], [], []
    for row, (sounds, said) in enumerate(windows):
        pieces, at = [begin], len(begin)
        for chunk, tokens in enumerate(said):
            if sounds is not None:
                pieces.append(sounds[chunk].to(network.dtype))
                at += len(sounds[chunk])
            pieces.append(network.embed(tokens.to(device)))
            columns.append(torch.arange(at, at + len(tokens)))
            rows.append(torch.full((len(tokens),), row))
            ids.append(tokens)
            at += len(tokens)
        sequences.append(torch.cat(pieces))
    hidden = nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    where = (torch.cat(one).to(device) for one in (rows, columns, ids))
    return Heard(hidden, *where)


def surprise(network: Network, heard: Heard) -> Tensor:
    """``(n,)`` cross-entropy of each of the transcript's tokens, nats, by the whole model."""
    width = heard.hidden.shape[1]
    positions = torch.arange(width, device=network.device)[None] + network.shape.prompt_tokens
    mask = torch.ones(width, width, dtype=torch.bool, device=network.device).tril()[None, None]
    hidden = network.through(
        heard.hidden, positions.expand(len(heard.hidden), -1), mask, 0, len(network.layers)
    )
    before = hidden[heard.rows, heard.columns - 1]
    logits = network.backbone.next_tokens(before).float()
    return functional.cross_entropy(logits, heard.ids, reduction="none")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the training: steps from `begin` on, and the loss of one."""

    name: str
    begin: int
    steps: int
    rate: float
    loss: Callable[[np.random.Generator], Tensor]


class Alignment:
    """The training, step by step; each depends on seed and number alone.

    Attributes:
        step: steps that were done, of both parts together.

    Args:
        network: fresh; its LoRA matrices are merged, and its projector trained.
        meetings: heard.
        opening: token ids that stand before a transcript.
        settings: how.
    """

    def __init__(
        self,
        network: Network,
        meetings: Sequence[HeardMeeting],
        opening: Sequence[int],
        settings: AlignSettings,
    ) -> None:
        self.step, self._settings = 0, settings
        self._network, self._meetings, self._opening = network.eval(), meetings, opening
        merge(network.layers[network.shape.enter : network.shape.depth])
        network.requires_grad_(False)
        self._firsts = np.cumsum([0, *map(len, meetings)])
        spoken = torch.cat([one.spoken.flatten() for one in meetings]).to(network.device)
        self._tokens, counts = torch.unique(spoken, return_counts=True)
        self._often = counts.float().log()
        self._targets = network.embed(self._tokens.clamp(min=0)).float()
        mean = self._targets.mean(0)
        self._targets[self._tokens == SILENCE] = mean
        self._variance = float((self._targets - mean).square().sum(1).mean())
        ear = Ear(*self._statistics(), network.shape.backbone.hidden, mean)
        self._ear = ear.to(network.device)
        self._parts = (
            _Part("matching", 0, settings.matching, settings.matching_rate, self._matching),
            _Part(
                "predicting",
                settings.matching,
                settings.predicting,
                settings.rate,
                self._predicting,
            ),
        )
        self._begin(self._parts[0])

    def _begin(self, part: _Part) -> None:
        self._optimizer = torch.optim.AdamW(self._ear.parameters(), part.rate, weight_decay=0.0)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, part.rate, total_steps=part.steps + 1, pct_start=0.1
        )

    def _statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation of stacked frames, over some of them."""
        random = np.random.default_rng([self._settings.seed, 5])
        frames, _ = self._drawn(random, _CHUNKS_OF_STATISTICS)
        stacked = frames.reshape(-1, self._network.projector.in_features).float()
        return stacked.mean(0), stacked.std(0).clamp(min=1e-3)

    def _drawn(self, random: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        """Frames and spoken tokens of some chunks of all meetings."""
        chunks = np.sort(random.integers(0, self._firsts[-1], count))
        numbers = np.searchsorted(self._firsts, chunks, side="right") - 1
        places = list(zip(numbers, chunks - self._firsts[numbers], strict=True))
        frames = torch.stack([self._meetings[number].frames[at] for number, at in places])
        spoken = torch.stack([self._meetings[number].spoken[at] for number, at in places])
        return frames.to(self._network.device), spoken.to(self._network.device)

    def _matching(self, random: np.random.Generator) -> Tensor:
        """Cross-entropy of the token that is said, by how near it lies and how common it is."""
        frames, spoken = self._drawn(random, self._settings.matching_batch)
        given = self._ear(frames).flatten(0, 1)
        right = torch.searchsorted(self._tokens, spoken.flatten())
        nearness = 2 * given @ self._targets.T - self._targets.square().sum(1)
        logits = SHARPNESS / self._variance * nearness + self._often
        return functional.cross_entropy(logits, right)

    def _predicting(self, random: np.random.Generator) -> Tensor:
        """Cross-entropy of the transcript after it was heard, by the language model."""
        windows = []
        for _ in range(self._settings.batch):
            meeting = self._meetings[int(random.integers(len(self._meetings)))]
            count = min(len(meeting), self._settings.window)
            first = int(random.integers(0, len(meeting) - count + 1))
            sounds = self._ear(meeting.frames[first : first + count].to(self._network.device))
            windows.append((sounds, [meeting.said(first + one) for one in range(count)]))
        losses = surprise(self._network, lay_out(self._network, self._opening, windows))
        return losses.sum() / max(1, len(losses))

    def train(self) -> Iterator[tuple[str, int, int, float]]:
        """Goes on to the end: after each step its part's name, step, steps, and running loss."""
        for part in self._parts:
            running: float | None = None
            while part.begin <= self.step < part.begin + part.steps:
                if self.step == part.begin:
                    self._begin(part)
                loss = part.loss(np.random.default_rng([self._settings.seed, 6, self.step]))
                self._optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
                nn.utils.clip_grad_norm_(self._ear.parameters(), 1.0)
                self._optimizer.step()
                self._schedule.step()
                self.step += 1
                now = float(loss.detach())
                running = now if running is None else 0.95 * running + 0.05 * now
                yield part.name, self.step - part.begin, part.steps, running

    def state(self) -> dict[str, Tensor]:
        """Where the training stands, as tensors."""
        tensors = {f"ear.{name}": one for name, one in self._ear.state_dict().items()}
        for index, kept in self._optimizer.state_dict()["state"].items():
            for name, value in kept.items():
                tensors[f"adam.{index}.{name}"] = torch.as_tensor(value)
        return tensors | {"step": torch.tensor(self.step)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Goes on from `state`.

        Raises:
            KeyError, RuntimeError, ValueError: it is of another shape.
        """
        done = int(tensors["step"])
        if not 0 <= done <= sum(part.steps for part in self._parts):
            raise ValueError("a step that there is not")
        part = next(one for one in reversed(self._parts) if done >= one.begin)
        self._ear.load_state_dict(
            {name[4:]: one for name, one in tensors.items() if name.startswith("ear.")}
        )
        self._begin(part)
        kept: dict[int, dict[str, Tensor]] = {}
        for name, one in tensors.items():
            if name.startswith("adam."):
                _, index, field = name.split(".")
                kept.setdefault(int(index), {})[field] = one
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": kept, "param_groups": groups})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # steps of a schedule alone are meant
            for _ in range(done - part.begin):
                self._schedule.step()
        self.step = done

    def fold(self) -> None:
        """Puts what was learned into the network's projector."""
        self._ear.fold(self._network.projector)
