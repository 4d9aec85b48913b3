"""Whether an aligned projector says what was said: how likely a transcript is after hearing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from moderator.learn.align_stage import lay_out, surprise
from moderator.learn.heard_meeting import HeardMeeting
from moderator.mind.moderator_lm.network import Network

BATCH = 8
"""Windows at a time."""

CONDITIONS = ("own", "other", "none")
"""A transcript after its own sound, after that of another meeting, and after none."""


@torch.inference_mode()
def hearing(
    network: Network,
    meetings: Sequence[HeardMeeting],
    opening: Sequence[int],
    window: int,
    notice: Callable[[int, int], None],
) -> dict[str, float]:
    """Cross-entropy of transcripts by the language model that the network is fresh on.

    Args:
        network: with the projector; its LoRA matrices add nothing.
        meetings: heard, not learned from; at least two, or another's sound is its own, later.
        opening: token ids that stand before a transcript.
        window: chunks that are read at a time.
        notice: told of every batch.

    Returns:
        Nats a token, by condition, and `tokens`.
    """
    windows = list(_windows(meetings, window))
    sums, count = dict.fromkeys(CONDITIONS, 0.0), 0
    for start in range(0, len(windows), BATCH):
        some = windows[start : start + BATCH]
        said = [tokens for _, _, tokens in some]
        count += sum(len(one) for tokens in said for one in tokens)
        for name, place in (("own", 0), ("other", 1), ("none", None)):
            heard = [None if place is None else _speak(network, one[place]) for one in some]
            laid = lay_out(network, opening, list(zip(heard, said, strict=True)))
            sums[name] += float(surprise(network, laid).sum())
        notice(min(start + BATCH, len(windows)), len(windows))
    found = {name: total / max(1, count) for name, total in sums.items()}
    return found | {"tokens": float(count)}


def _speak(network: Network, frames: Tensor) -> Tensor:
    return network.speak(frames.float())


def _windows(
    meetings: Sequence[HeardMeeting], window: int
) -> Iterator[tuple[Tensor, Tensor, Sequence[Tensor]]]:
    """Own frames, another meeting's, and the tokens of each chunk."""
    for index, meeting in enumerate(meetings):
        other = meetings[(index + 1) % len(meetings)].frames
        shift = window if len(meetings) == 1 else 0
        for first in range(0, len(meeting), window):
            chunks = np.arange(first, min(first + window, len(meeting)))
            own = meeting.frames[torch.from_numpy(chunks)]
            strange = other[torch.from_numpy((chunks + shift) % len(other))]
            yield own, strange, [meeting.said(int(chunk)) for chunk in chunks]
