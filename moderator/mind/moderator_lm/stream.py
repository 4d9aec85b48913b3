"""A meeting token by token: what a session keeps of the transcript, bounded for any length.

Gives what `passage.judge` gives for the same moment. Tokens wait until a decision is asked for and
are then read together, so that a mind that is asked seldom costs little. Where a single room is
decided on, its new tokens and the decision pass the upper layers together: reading the weights from
memory is what costs, and so it is done once.
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
from moderator.mind.moderator_lm.llama import KeyValue
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.script import CONTEXT, SPAN, Tokens, segment_of
from moderator.timeline import Samples

MOST = 4096
"""Positions that are kept at most: more than anybody says in a minute and a half."""

AT_ONCE = 512
"""Positions read in one pass at most."""

_SOUND = -1
"""Stands among the ids where a speech embedding stands among the positions."""


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
        hidden, own = layer(hidden, rotary, mask[None, None], None)
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
        self._sounds = network.embed(torch.zeros(0, dtype=torch.long, device=network.device))
        self._begin: Samples | None = None
        self._forget_reading()

    def _forget_reading(self) -> None:
        self._read = 0
        self._memory: list[KeyValue] = []
        self._last = self._waiting = self._sounds[:0]

    def __len__(self) -> int:
        """Positions read and kept."""
        return self._memory[0][0].shape[2] if self._memory else 0

    def add(self, tokens: Tokens) -> None:
        """Takes tokens that became known; they are read when a decision is asked for.

        A token that is said to have been known before an earlier one came late, and is known from
        then on.
        """
        ids = np.concatenate([self._tokens.ids, tokens.ids])
        known = np.maximum.accumulate(np.concatenate([self._tokens.known, tokens.known]))
        self._tokens = Tokens(ids, known)
        if not len(ids):
            return
        newest = int(known[-1])
        if self._begin is not None and newest > self._begin + SPAN:
            # The next decision begins a segment anew, whenever it comes.
            self._begin_anew()
        if self._begin is None:
            self._drop(int(np.searchsorted(known, newest - SPAN - CONTEXT, side="right")))
        if len(self._tokens) > MOST:
            self._begin_anew()
            self._drop(len(self._tokens) - MOST // 2)

    def add_sounds(self, embeddings: Tensor, known: Samples) -> None:
        """Takes speech embeddings ``(n, hidden)`` of a chunk that ended at `known`."""
        self._sounds = torch.cat([self._sounds, embeddings.to(self._sounds)])
        count = len(embeddings)
        self.add(Tokens(np.full(count, _SOUND), np.full(count, known, dtype=np.int64)))

    def _begin_anew(self) -> None:
        self._begin = None
        self._forget_reading()

    def _drop(self, count: int) -> None:
        """Forgets the oldest; nothing may have been read."""
        sounds = int((self._tokens.ids[:count] == _SOUND).sum())
        self._tokens = Tokens(self._tokens.ids[count:], self._tokens.known[count:])
        self._sounds = self._sounds[sounds:]

    @torch.inference_mode()
    def catch_up(self, now: Samples) -> None:
        """Reads what is known by `now`; begins anew where a segment ends.

        What is new has then passed the layers below decisions; the others when one is made.
        """
        after, begin = segment_of(now)
        if begin != self._begin:
            self._forget_reading()
            self._begin = begin
            self._drop(int(np.searchsorted(self._tokens.known, after, side="right")))
            self._read_below(self._network.embed(self._on_device(self._opening)))
        upto = int(np.searchsorted(self._tokens.known, now, side="right"))
        while self._read < upto:
            end = min(upto, self._read + AT_ONCE)
            self._read_below(self._embedded(self._read, end))
            self._read = end
            if len(self._waiting) >= AT_ONCE:
                self.settle()

    def _on_device(self, ids: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(ids).to(self._network.device)

    def _embedded(self, begin: int, end: int) -> Tensor:
        """``(end - begin, hidden)`` of words and sounds."""
        ids = self._tokens.ids[begin:end]
        hidden = self._network.embed(self._on_device(np.maximum(ids, 0)))
        sound = ids == _SOUND
        if sound.any():
            first = int((self._tokens.ids[:begin] == _SOUND).sum())
            heard = self._sounds[first : first + int(sound.sum())]
            hidden = hidden.clone()
            hidden[torch.from_numpy(sound).to(hidden.device)] = heard
        return hidden

    def _read_below(self, embedded: Tensor) -> None:
        below = self._pass(embedded, 0, self._network.shape.enter)
        self._waiting = torch.cat([self._waiting, below])
        self._last = below[-1]

    @torch.inference_mode()
    def settle(self) -> None:
        """Reads what has passed only the lower layers through those that decisions pass."""
        if len(self._waiting):
            self._pass(self._waiting, self._network.shape.enter, self._network.shape.depth)
            self._waiting = self._waiting[:0]

    def _pass(self, hidden: Tensor, first: int, last: int) -> Tensor:
        """``(n, hidden)`` through layers, which then remember them."""
        network, device = self._network, self._network.device
        past = self._memory[first][0].shape[2] if len(self._memory) > first else 0
        count = len(hidden)
        places = torch.arange(past, past + count, device=device)[None]
        rotary = network.rotary(places + network.shape.prompt_tokens)
        mask = torch.ones(count, past + count, dtype=torch.bool, device=device)
        mask = mask.tril(diagonal=past)[None, None]
        hidden = hidden[None]
        for index in range(first, last):
            before = self._memory[index] if past else None
            hidden, own = network.layers[index](hidden, rotary, mask, before)
            self.remember(index, own)
        return hidden[0]

    def remember(self, layer: int, own: KeyValue) -> None:
        """Appends to a layer's keys and values."""
        if layer == len(self._memory):
            self._memory.append(own)
            return
        key, value = self._memory[layer]
        self._memory[layer] = (torch.cat([key, own[0]], 2), torch.cat([value, own[1]], 2))

    def save(self) -> dict[str, Tensor]:
        """All of the state, as tensors."""
        state = {
            "ids": torch.from_numpy(self._tokens.ids),
            "known": torch.from_numpy(self._tokens.known),
            "place": torch.tensor([-1 if self._begin is None else self._begin, self._read]),
            "sounds": self._sounds,
            "last": self._last,
            "waiting": self._waiting,
        }
        for index, (key, value) in enumerate(self._memory):
            state[f"key.{index}"], state[f"value.{index}"] = key, value
        form = torch.contiguous_format
        return {name: one.clone(memory_format=form) for name, one in state.items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Goes on from what `save` gave, on whatever device."""
        self._tokens = Tokens(state["ids"].cpu().numpy(), state["known"].cpu().numpy())
        begin, self._read = (int(number) for number in state["place"])
        self._begin = None if begin < 0 else begin
        here = {name: one.to(self._network.device) for name, one in state.items()}
        self._sounds, self._last, self._waiting = here["sounds"], here["last"], here["waiting"]
        count = sum(name.startswith("key.") for name in state)
        self._memory = [(here[f"key.{index}"], here[f"value.{index}"]) for index in range(count)]

    @property
    def last(self) -> Tensor:
        """``(hidden,)`` the last token before the layer at which decisions enter."""
        return self._last

    def take_waiting(self) -> Tensor:
        """``(n, hidden)`` what has passed only the lower layers; the caller sees to the others."""
        waiting, self._waiting = self._waiting, self._waiting[:0]
        return waiting

    def memory(self, layer: int) -> KeyValue | None:
        """Keys and values of a layer; None where nothing has passed it."""
        return self._memory[layer] if layer < len(self._memory) else None


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
    return network.judge(reach(network, streams, prompts, reading), reading.logits)


@torch.inference_mode()
def reach(
    network: Network,
    streams: Sequence[Stream],
    prompts: Sequence[PromptMemory],
    reading: FloorReading,
) -> Tensor:
    """``(rooms, hidden)`` decisions after layer ``depth - 1``; arguments as those of `decide`."""
    entering = network.decisions(reading.embedding)
    if len(streams) == 1:
        return _reach_alone(network, streams[0], prompts[0], entering)
    return _reach_together(network, streams, prompts, entering)


def _reach_alone(
    network: Network, stream: Stream, prompt: PromptMemory, entering: Tensor
) -> Tensor:
    """New tokens and the decision in one pass; ``(1, hidden)``."""
    shape, device = network.shape, network.device
    waiting = stream.take_waiting()
    new, room = len(waiting), prompt.layers[0][0].shape[2]
    hidden = torch.cat([waiting, stream.last[None] + entering])[None]
    before = stream.memory(shape.enter)
    past = 0 if before is None else before[0].shape[2]
    places = torch.arange(past, past + new + 1, device=device)[None]
    rotary = network.rotary(places + shape.prompt_tokens)
    mask = None
    if new:
        mask = torch.ones(new + 1, room + past + new + 1, dtype=torch.bool, device=device)
        mask = mask.tril(diagonal=room + past)
        mask[:new, :room] = False  # no role stands in the transcript's way
        mask = mask[None, None]
    for index in range(shape.enter, shape.depth):
        beside = _beside(prompt.layers[index - shape.enter], stream.memory(index))
        hidden, (key, value) = network.layers[index](hidden, rotary, mask, beside)
        if new:
            stream.remember(index, (key[:, :, :new], value[:, :, :new]))
    return hidden[:, -1]


def _reach_together(
    network: Network, streams: Sequence[Stream], prompts: Sequence[PromptMemory], entering: Tensor
) -> Tensor:
    """Several decisions in one pass, their pasts padded to one length; ``(rooms, hidden)``."""
    shape, device = network.shape, network.device
    for one in streams:
        one.settle()
    hidden = (torch.stack([one.last for one in streams]) + entering)[:, None]
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
            _padded(_beside(prompt.layers[index - shape.enter], stream.memory(index)), longest)
            for prompt, stream in zip(prompts, streams, strict=True)
        ]
        past = (torch.cat([one[0] for one in pasts]), torch.cat([one[1] for one in pasts]))
        hidden, _ = network.layers[index](hidden, rotary, mask, past)
    return hidden[:, 0]


def _beside(prompt: KeyValue, words: KeyValue | None) -> KeyValue:
    """Prompt and transcript as one past."""
    if words is None:
        return prompt
    return torch.cat([prompt[0], words[0]], 2), torch.cat([prompt[1], words[1]], 2)


def _padded(past: KeyValue, length: int) -> KeyValue:
    missing = length - past[0].shape[2]
    if not missing:
        return past
    return functional.pad(past[0], (0, 0, 0, missing)), functional.pad(past[1], (0, 0, 0, missing))
