"""Whether an aligned projector says what was said: how likely a transcript is after hearing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

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
        meetings: heard, not learned from; of a single one, another's sound is its own, later.
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
        said = [one.said for one in some]
        count += sum(len(tokens) for chunks in said for tokens in chunks)
        sounds: dict[str, list[Tensor | None]] = {
            "own": [network.speak(one.own.to(network.device)) for one in some],
            "other": [network.speak(one.other.to(network.device)) for one in some],
            "none": [None] * len(some),
        }
        for name, heard in sounds.items():
            laid = lay_out(network, opening, list(zip(heard, said, strict=True)))
            sums[name] += float(surprise(network, laid).sum())
        notice(min(start + BATCH, len(windows)), len(windows))
    found = {name: total / max(1, count) for name, total in sums.items()}
    return found | {"tokens": float(count)}


@dataclass(frozen=True, slots=True)
class _Window:
    """Some chunks: their own frames, as many of another meeting, and what is said in each."""

    own: Tensor
    other: Tensor
    said: Sequence[Tensor]


def _windows(meetings: Sequence[HeardMeeting], window: int) -> Iterator[_Window]:
    for index, meeting in enumerate(meetings):
        other = meetings[(index + 1) % len(meetings)].frames
        shift = len(meeting) // 2 if len(meetings) == 1 else 0
        for first in range(0, len(meeting), window):
            chunks = torch.arange(first, min(first + window, len(meeting)))
            said = [meeting.said(chunk) for chunk in chunks.tolist()]
            yield _Window(meeting.frames[chunks], other[(chunks + shift) % len(other)], said)
