"""A meeting token by token: what a session keeps of the transcript, bounded for any length.

Gives what `passage.judge` gives for the same moment. Tokens wait until a decision is asked for and
are then read together, so that a mind that is asked seldom costs little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from moderator.mind.moderator_lm.floor_model import FloorReading
from moderator.mind.moderator_lm.network import KeyValue, Network, attend
from moderator.mind.moderator_lm.script import CONTEXT, SPAN, Tokens, segment_of
from moderator.timeline import Samples


@dataclass(frozen=True, slots=True)
class PromptMemory:
    """A role prompt as decisions see it: keys and values of the layers they pass."""

    layers: Sequence[KeyValue]


@torch.inference_mode()
def read_prompt(network: Network, ids: Sequence[int]) -> PromptMemory:
    """Reads a role prompt once; a change of role costs no more than this."""
    hidden = network.embed(torch.tensor([list(ids)], device=network.device))
    rotary = network.rotary(torch.arange(len(ids), device=network.device)[None])
    mask = torch.ones(len(ids), len(ids), dtype=torch.bool, device=network.device).tril()
    layers = []
    for index, layer in enumerate(network.layers[: network.shape.depth]):
        hidden, own = attend(layer, hidden, rotary, mask[None, None], None)
        if index >= network.shape.enter:
            layers.append(own)
    return PromptMemory(layers)


class Stream:
    """The transcript of one room.

    Args:
        network: shared by all rooms.
        opening: token ids that stand before a transcript.
    """

    def __init__(self, network: Network, opening: Sequence[int]) -> None:
        self._network = network
        self._opening = np.array(opening, dtype=np.int64)
        self._tokens = Tokens(np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._begin: Samples | None = None
        self._read = 0
        self._memory: list[KeyValue] = []
        self._last = torch.zeros(0)

    def __len__(self) -> int:
        """Tokens read and kept."""
        return self._memory[0][0].shape[2] if self._memory else 0

    def add(self, tokens: Tokens) -> None:
        """Takes tokens that became known; they are read when a decision is asked for."""
        joined = np.concatenate([self._tokens.ids, tokens.ids])
        self._tokens = Tokens(joined, np.concatenate([self._tokens.known, tokens.known]))
        if not len(joined):
            return
        newest = int(self._tokens.known[-1])
        if self._begin is not None and newest > self._begin + SPAN:
            # The next decision begins a segment anew, whenever it comes.
            self._begin, self._read, self._memory = None, 0, []
        if self._begin is None:
            self._drop_before(newest - SPAN - CONTEXT)

    def _drop_before(self, after: Samples) -> None:
        kept = self._tokens.known > after
        self._tokens = Tokens(self._tokens.ids[kept], self._tokens.known[kept])

    @torch.inference_mode()
    def catch_up(self, now: Samples) -> None:
        """Reads what is known by `now`; begins anew where a segment ends."""
        after, begin = segment_of(now)
        fresh = begin != self._begin
        if fresh:
            self._begin, self._read, self._memory = begin, 0, []
            self._drop_before(after)
        upto = int(np.searchsorted(self._tokens.known, now, side="right"))
        ids = self._tokens.ids[self._read : upto]
        self._read = upto
        if fresh:
            ids = np.concatenate([self._opening, ids])
        if len(ids):
            self._go_on(ids)

    def _go_on(self, ids: NDArray[np.int64]) -> None:
        network, past = self._network, len(self)
        device = network.device
        hidden = network.embed(torch.from_numpy(ids)[None].to(device))
        room = network.shape.prompt_tokens
        positions = torch.arange(past, past + len(ids), device=device)[None] + room
        rotary = network.rotary(positions)
        mask = torch.ones(len(ids), past + len(ids), dtype=torch.bool, device=device)
        mask = mask.tril(diagonal=past)[None, None]
        memory: list[KeyValue] = []
        for index, layer in enumerate(network.layers[: network.shape.depth]):
            if index == network.shape.enter:
                self._last = hidden[0, -1].clone()
            before = self._memory[index] if self._memory else None
            hidden, own = attend(layer, hidden, rotary, mask, before)
            if before is not None:
                own = (torch.cat([before[0], own[0]], 2), torch.cat([before[1], own[1]], 2))
            memory.append(own)
        self._memory = memory

    def save(self) -> dict[str, Tensor]:
        """All of the state, as tensors."""
        state = {
            "ids": torch.from_numpy(self._tokens.ids.copy()),
            "known": torch.from_numpy(self._tokens.known.copy()),
            "place": torch.tensor([-1 if self._begin is None else self._begin, self._read]),
            "last": self._last.clone(),
        }
        for index, (key, value) in enumerate(self._memory):
            state[f"key.{index}"], state[f"value.{index}"] = key.clone(), value.clone()
        return state

    def restore(self, state: dict[str, Tensor]) -> None:
        """Goes on from what `save` gave."""
        self._tokens = Tokens(state["ids"].numpy().copy(), state["known"].numpy().copy())
        begin, self._read = (int(number) for number in state["place"])
        self._begin = None if begin < 0 else begin
        self._last = state["last"].clone()
        count = sum(name.startswith("key.") for name in state)
        self._memory = [
            (state[f"key.{index}"].clone(), state[f"value.{index}"].clone())
            for index in range(count)
        ]

    @property
    def last(self) -> Tensor:
        """``(hidden,)`` the last token before the layer at which decisions enter."""
        return self._last

    def memory(self, layer: int) -> KeyValue:
        """Keys and values of a layer."""
        return self._memory[layer]


@torch.inference_mode()
def decide(
    network: Network,
    streams: Sequence[Stream],
    prompts: Sequence[PromptMemory],
    reading: FloorReading,
) -> Tensor:
    """One decision in each of several rooms, or of several roles in one, at once.

    Args:
        network: of the streams.
        streams: each has caught up with its moment.
        prompts: the role prompt of each.
        reading: the floor of each: ``(rooms, ...)``.

    Returns:
        ``(rooms, len(HEADS))`` logits.
    """
    shape, device = network.shape, network.device
    hidden = torch.stack([one.last for one in streams])[:, None]
    hidden = hidden + network.decisions(reading.embedding)[:, None]
    seen = [len(one) for one in streams]
    rotary = network.rotary(torch.tensor(seen, device=device)[:, None] + shape.prompt_tokens)
    lengths = [
        prompt.layers[0][0].shape[2] + count for prompt, count in zip(prompts, seen, strict=True)
    ]
    longest = max(lengths)
    mask = None
    if min(lengths) < longest:
        columns = torch.arange(longest + 1, device=device)
        known = torch.tensor(lengths, device=device)[:, None]
        mask = ((columns < known) | (columns == longest))[:, None, None]
    for index in range(shape.enter, shape.depth):
        pasts = [
            _beside(prompt.layers[index - shape.enter], stream.memory(index), longest)
            for prompt, stream in zip(prompts, streams, strict=True)
        ]
        past = (torch.cat([one[0] for one in pasts]), torch.cat([one[1] for one in pasts]))
        hidden, _ = attend(network.layers[index], hidden, rotary, mask, past)
    return network.judge(hidden[:, 0], reading.logits)


def _beside(prompt: KeyValue, words: KeyValue, length: int) -> KeyValue:
    """Prompt and transcript as one past, padded to `length`."""
    joined = (torch.cat([prompt[0], words[0]], 2), torch.cat([prompt[1], words[1]], 2))
    missing = length - joined[0].shape[2]
    if not missing:
        return joined
    return (
        functional.pad(joined[0], (0, 0, 0, missing)),
        functional.pad(joined[1], (0, 0, 0, missing)),
    )
