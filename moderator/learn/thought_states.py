"""What the trained network makes of many moments, stored once: thoughts are learned from it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from moderator.learn.floor_stage import ROLE_WITHHELD
from moderator.learn.prepared import PreparedMeeting
from moderator.learn.thought_targets import targets
from moderator.learn.words_stage import drawn_question, drawn_seats
from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.mind.moderator_lm.floor_features import role_numbers
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.passage import Passage, by_length, decide_passages


@dataclass(frozen=True, slots=True)
class States:
    """Moments as a thought sees them, and what it should say.

    Attributes:
        hidden: ``(n, hidden)`` decisions after the layers they pass; half precision.
        floor: ``(n, floor)`` floor-state embeddings; half precision.
        logits: ``(n, 4)`` decided without a thought.
        targets: ``(n, fields)`` right answers.
        labels: ``(n, 4)`` what happened.
        weights: ``(n, 4)`` of each moment for each head.
    """

    hidden: Tensor
    floor: Tensor
    logits: Tensor
    targets: Tensor
    labels: Tensor
    weights: Tensor

    def __len__(self) -> int:
        return len(self.hidden)

    def some(self, index: Tensor) -> States:
        """The moments at ``(m,)`` indices."""
        return States(*(getattr(self, field.name)[index] for field in fields(self)))

    def to(self, device: torch.device) -> States:
        """The same on a device."""
        return States(*(getattr(self, field.name).to(device) for field in fields(self)))


def joined(parts: Sequence[States]) -> States:
    """All moments of some meetings."""
    columns = (torch.cat([getattr(one, field.name) for one in parts]) for field in fields(States))
    return States(*columns)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which moments are looked at.

    Attributes:
        seats: of each segment.
        silent: moments without a turn, of each seat.
        seed: of everything drawn.
    """

    seats: int = 2
    silent: int = 14
    seed: int = 0


@torch.inference_mode()
def collect(
    network: Network, prepared: PreparedMeeting, meeting: BenchMeeting, sampling: Sampling
) -> States:
    """Moments of a meeting through the network.

    Args:
        network: trained, in evaluation mode.
        prepared: the meeting.
        meeting: the same, with its annotations.
        sampling: which moments.
    """
    random = np.random.default_rng([sampling.seed, 3, zlib.crc32(prepared.meeting_id.encode())])
    found: list[States] = []
    for some in by_length(prepared.words):
        asked = [_asked(prepared, meeting, index, sampling, random) for index in some]
        kept = [one for one in asked if one is not None]
        if kept:
            found.append(_through(network, kept))
    return joined(found)


@dataclass(frozen=True, slots=True)
class _Asked:
    passage: Passage
    columns: dict[str, Tensor]


def _asked(
    prepared: PreparedMeeting,
    meeting: BenchMeeting,
    index: int,
    sampling: Sampling,
    random: np.random.Generator,
) -> _Asked | None:
    """The moments that are drawn from one segment."""
    segment = prepared.segments[index]
    prompts, moments, columns = [], [], []
    for seat in drawn_seats(prepared, sampling.seats, random):
        question = drawn_question(seat, segment, sampling.silent, random)
        known = random.random() >= ROLE_WITHHELD
        if not len(question.at):
            continue
        place = Seat(meeting, seat.example.speaker)
        prompts.append(seat.prompt if known else seat.bare)
        moments.append(question.at)
        role = role_numbers(leads=seat.example.leads, known=known)
        columns.append(
            {
                "role": np.tile(np.array(role, dtype=np.float32), (len(question.at), 1)),
                "features": question.features,
                "targets": targets(place, question.at),
                "labels": question.labels,
                "weights": question.weights,
            }
        )
    if not prompts:
        return None
    passage = Passage(prompts, prepared.words[index], segment.tokens.known, moments)
    stacked = {
        name: torch.from_numpy(np.concatenate([one[name] for one in columns]))
        for name in columns[0]
    }
    return _Asked(passage, stacked)


def _through(network: Network, asked: Sequence[_Asked]) -> States:
    columns = {name: torch.cat([one.columns[name] for one in asked]) for name in asked[0].columns}
    features, role = columns.pop("features"), columns.pop("role")
    made = decide_passages(network, [one.passage for one in asked], features, role)
    hidden, floor = made.hidden.half(), made.reading.embedding.half()
    return States(hidden.cpu(), floor.cpu(), made.logits.cpu(), **columns)
