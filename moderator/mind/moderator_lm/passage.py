"""Whole stretches of a meeting at once: for training and for the benchmark.

What a session computes token by token is computed here in one pass, with a mask that lets every
position see what it would have seen then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moderator.floor.voices import Times
from moderator.mind.moderator_lm.floor_model import FloorReading
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.script import Segment

WIDTH_STEP = 64
"""Passages are padded to multiples of this: what torch keeps for every shape that it meets on a
processor would else fill the memory, some 30 MB a training step."""

BATCH = 8
"""Texts at a time."""

_PROMPT, _WORD, _QUESTION, _PADDING = range(4)


@dataclass(frozen=True, slots=True)
class Passage:
    """One segment of a transcript and the moments that are asked about in it.

    Attributes:
        prompts: per seat ``(p, hidden)``, the role prompt after layer ``enter - 1``.
        words: ``(t, hidden)`` the transcript after layer ``enter - 1``.
        known: ``(t,)`` from when on each token is known.
        asked: per seat ``(n,)`` moments.
        missed: per seat ``(n, t)``, tokens that a moment does not see; empty for none.
    """

    prompts: Sequence[Tensor]
    words: Tensor
    known: Times
    asked: Sequence[Times]
    missed: Sequence[NDArray[np.bool_]] = ()

    def __len__(self) -> int:
        return sum(map(len, self.prompts)) + len(self.known) + sum(map(len, self.asked))


@dataclass(frozen=True, slots=True)
class Layout:
    """Passages side by side.

    Attributes:
        hidden: ``(batch, tokens, hidden)``; where decisions enter, that of the last token known.
        positions: ``(batch, tokens)``.
        mask: ``(batch, 1, tokens, tokens)``, true where attention is allowed.
        slots: ``(questions, 2)`` row and column of each, by passage, seat and moment.
    """

    hidden: Tensor
    positions: Tensor
    mask: Tensor
    slots: Tensor

    def to(self, device: torch.device) -> Layout:
        """The same on a device."""
        return Layout(*(getattr(self, field.name).to(device) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a network makes of the moments of some passages, in the order of `Layout.slots`.

    Attributes:
        hidden: ``(questions, hidden)`` after layer ``depth - 1``.
        reading: the floor at each.
        logits: ``(questions, len(HEADS))`` decided without a thought.
    """

    hidden: Tensor
    reading: FloorReading
    logits: Tensor


@dataclass(frozen=True, slots=True)
class Questions:
    """All moments of a meeting that one seat is asked about.

    Attributes:
        prompt: ``(p, hidden)``, the role prompt after layer ``enter - 1``.
        role: of `role_numbers`.
        at: ``(n,)`` meeting times.
        features: ``(n, k)`` of the floor.
    """

    prompt: Tensor
    role: tuple[float, float]
    at: Times
    features: NDArray[np.float32]


def decide_segments(
    network: Network,
    segments: Sequence[Segment],
    words: Callable[[Sequence[int]], Sequence[Tensor]],
    questions: Questions,
) -> Iterator[tuple[NDArray[np.intp], Decisions]]:
    """Decides all moments of a seat, some segments at a time.

    Args:
        network: in evaluation mode.
        segments: of the meeting.
        words: gives ``(t, hidden)`` after layer ``enter - 1`` of the segments with some indices.
        questions: the moments.

    Yields:
        Indices of some moments, and what is decided there.
    """
    role = torch.tensor([questions.role])
    for some in by_length([one.tokens for one in segments]):
        rows = {index: segments[index].rows(questions.at) for index in some}
        kept = [index for index in some if len(rows[index])]
        if not kept:
            continue
        passages = [
            Passage(
                [questions.prompt], below, segments[index].tokens.known, [questions.at[rows[index]]]
            )
            for index, below in zip(kept, words(kept), strict=True)
        ]
        every = np.concatenate([rows[index] for index in kept])
        features = torch.from_numpy(questions.features[every])
        yield every, decide_passages(network, passages, features, role.expand(len(every), -1))


def decide_passages(
    network: Network, passages: Sequence[Passage], features: Tensor, role: Tensor
) -> Decisions:
    """Decides all moments of some passages.

    Args:
        network: in the state it is to be used in.
        passages: at least one.
        features: ``(questions, k)`` of the floor, by passage, seat and moment.
        role: ``(questions, ROLE)``.
    """
    reading = network.floor(features.to(network.device), role.to(network.device))
    layout = lay_out(passages, network.shape.prompt_tokens).to(network.device)
    hidden = reach(network, layout, reading)
    return Decisions(hidden, reading, network.judge(hidden, reading.logits))


def by_length(texts: Sequence[Sized]) -> Iterator[list[int]]:
    """Indices of texts, `BATCH` at a time; those of like length go together."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def lay_out(passages: Sequence[Passage], prompt_room: int) -> Layout:
    """Puts passages side by side.

    Args:
        passages: at least one.
        prompt_room: position at which transcripts begin.
    """
    width = -(-max(map(len, passages)) // WIDTH_STEP) * WIDTH_STEP
    first = passages[0].words
    hidden = torch.zeros(len(passages), width, first.shape[1], dtype=first.dtype)
    positions = torch.zeros(len(passages), width, dtype=torch.long)
    kind = np.full((len(passages), width), _PADDING)
    seat = np.full((len(passages), width), -1)
    time = np.zeros((len(passages), width), dtype=np.int64)
    slots: list[tuple[int, int]] = []
    for row, passage in enumerate(passages):
        at = 0
        for index, prompt in enumerate(passage.prompts):
            here = slice(at, at + len(prompt))
            hidden[row, here] = prompt
            positions[row, here] = torch.arange(len(prompt))
            kind[row, here], seat[row, here] = _PROMPT, index
            at = here.stop
        here = slice(at, at + len(passage.known))
        hidden[row, here] = passage.words
        positions[row, here] = torch.arange(len(passage.known)) + prompt_room
        kind[row, here], time[row, here] = _WORD, passage.known
        at = here.stop
        for index, moments in enumerate(passage.asked):
            here = slice(at, at + len(moments))
            after = np.searchsorted(passage.known, moments, side="right")
            hidden[row, here] = passage.words[torch.from_numpy(after - 1)]
            positions[row, here] = torch.from_numpy(after + prompt_room)
            kind[row, here], seat[row, here], time[row, here] = _QUESTION, index, moments
            slots += [(row, column) for column in range(here.start, here.stop)]
            at = here.stop
    mask = _mask(torch.from_numpy(kind), torch.from_numpy(seat), torch.from_numpy(time))
    for row, passage in enumerate(passages):
        _miss(mask[row, 0], passage)
    return Layout(hidden, positions, mask, torch.tensor(slots, dtype=torch.long).reshape(-1, 2))


def _mask(kind: Tensor, seat: Tensor, time: Tensor) -> Tensor:
    """Who sees whom: words see words, prompts themselves, questions their prompt and the past."""
    width = kind.shape[1]
    order = torch.arange(width)
    before = order[:, None] >= order[None, :]
    row, column = kind[:, :, None], kind[:, None, :]
    same = seat[:, :, None] == seat[:, None, :]
    past = time[:, None, :] <= time[:, :, None]
    prompts = (row == _PROMPT) & (column == _PROMPT) & same & before
    words = (row == _WORD) & (column == _WORD) & before
    sees = ((column == _PROMPT) & same) | ((column == _WORD) & past)
    questions = (row == _QUESTION) & sees
    allowed = prompts | words | questions | torch.eye(width, dtype=torch.bool)
    return allowed[:, None]


def _miss(mask: Tensor, passage: Passage) -> None:
    """Takes away from ``(tokens, tokens)`` what moments are not to see."""
    words = sum(map(len, passage.prompts))
    at = words + len(passage.known)
    for missed in passage.missed:
        mask[at : at + len(missed), words : words + len(passage.known)] &= ~torch.from_numpy(missed)
        at += len(missed)


def reach(network: Network, layout: Layout, reading: FloorReading) -> Tensor:
    """``(questions, hidden)`` decisions after layer ``depth - 1``.

    Args:
        network: in the state it is to be used in.
        layout: of the passages.
        reading: the floor at each question, in the order of `Layout.slots`.
    """
    rows, columns = layout.slots[:, 0], layout.slots[:, 1]
    hidden = layout.hidden.to(network.dtype, copy=True)
    hidden[rows, columns] += network.decisions(reading.embedding)
    shape = network.shape
    hidden = network.through(hidden, layout.positions, layout.mask, shape.enter, shape.depth)
    return hidden[rows, columns]


@torch.inference_mode()
def read_below(
    network: Network, texts: Sequence[NDArray[np.int64]], first_position: int
) -> list[Tensor]:
    """Token sequences through the layers below `Shape.enter`, which are never trained.

    Args:
        network: whose backbone is used.
        texts: token ids of each sequence; none empty.
        first_position: of each sequence's first token.

    Returns:
        Per sequence ``(tokens, hidden)``, on the processor.
    """
    found: list[Tensor] = [torch.zeros(0)] * len(texts)
    for some in by_length(texts):
        width = max(len(texts[index]) for index in some)
        ids = torch.zeros(len(some), width, dtype=torch.long)
        for row, index in enumerate(some):
            ids[row, : len(texts[index])] = torch.from_numpy(texts[index])
        positions = torch.arange(width)[None].expand(len(some), -1) + first_position
        mask = torch.ones(width, width, dtype=torch.bool).tril()[None, None]
        ids, positions, mask = (one.to(network.device) for one in (ids, positions, mask))
        below = network.through(network.embed(ids), positions, mask, 0, network.shape.enter).cpu()
        for row, index in enumerate(some):
            found[index] = below[row, : len(texts[index])].clone()
    return found
