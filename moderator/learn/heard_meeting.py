"""A meeting as the speech encoder hears it, with the tokens that are said in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moderator.audio import Waveform
from moderator.events import Word
from moderator.mind.moderator_lm.script import Encode, Script
from moderator.mind.moderator_lm.speech import CHUNK
from moderator.timeline import Samples

Frames = Callable[[Waveform], NDArray[np.float32]]
"""A chunk's samples to encoder frames, as `SpeechEncoder.frames`."""

SILENCE = -1
"""Stands where nothing is said."""


@dataclass(frozen=True, slots=True)
class HeardMeeting:
    """A stretch of a meeting.

    Attributes:
        frames: ``(chunks, frames, width)`` of the encoder, half precision.
        spoken: ``(chunks, n)`` the token that is said while each embedding sounds, or `SILENCE`.
        ids: ``(t,)`` tokens of its attributed transcript.
        known: ``(t,)`` from when on each is known, in samples from the stretch's begin.
        begin: ``(1,)`` of the stretch in the meeting, samples.
    """

    frames: Tensor
    spoken: Tensor
    ids: Tensor
    known: Tensor
    begin: Tensor

    def __len__(self) -> int:
        return len(self.frames)

    def said(self, chunk: int) -> Tensor:
        """``(n,)`` ids of the tokens that become known in a chunk."""
        ends = torch.tensor([chunk, chunk + 1]) * CHUNK
        first, last = torch.searchsorted(self.known, ends, right=True).tolist()
        return self.ids[first:last]


def hear(
    samples: Waveform,
    words: Iterable[Word],
    begin: Samples,
    labels: Mapping[str, str],
    encode: Encode,
    frames: Frames,
    stacked: int,
) -> HeardMeeting:
    """Encodes a stretch of a meeting.

    Args:
        samples: ``(n,)`` everybody in one; what is left of a whole chunk is dropped.
        words: that are said in it, in meeting time.
        begin: meeting time of the first sample.
        labels: everybody's letter.
        encode: the tokenizer.
        frames: the speech encoder.
        stacked: frames that make one embedding.

    Raises:
        ValueError: it is shorter than a chunk.
    """
    count = len(samples) // CHUNK
    if not count:
        raise ValueError("shorter than a chunk")
    heard = np.stack([frames(samples[k * CHUNK : (k + 1) * CHUNK]) for k in range(count)])
    each = heard.shape[1] // stacked
    spoken = np.full(count * each, SILENCE, dtype=np.int64)
    covered = np.zeros(count * each)
    script = Script(encode, labels)
    ids, known = [], []
    for word in sorted(words, key=lambda one: (one.end, one.start, one.speaker)):
        tokens = script.add([word])
        if len(tokens):
            own = tokens.ids[-len(encode(" " + word.text)) :]
            _cover(spoken, covered, own, (word.start - begin, word.end - begin), CHUNK // each)
            ids.append(tokens.ids)
            known.append(tokens.known - begin)
    nothing = [np.zeros(0, dtype=np.int64)]
    return HeardMeeting(
        torch.from_numpy(heard).half(),
        torch.from_numpy(spoken.reshape(count, each)),
        torch.from_numpy(np.concatenate(ids or nothing)),
        torch.from_numpy(np.concatenate(known or nothing)),
        torch.tensor([begin]),
    )


def _cover(
    spoken: NDArray[np.int64],
    covered: NDArray[np.float64],
    ids: NDArray[np.int64],
    span: tuple[Samples, Samples],
    step: Samples,
) -> None:
    """Writes a word's tokens where they sound, each as long, and no other sounds longer."""
    edges = np.linspace(*span, len(ids) + 1)
    for token, start, end in zip(ids, edges, edges[1:], strict=False):
        for place in range(max(0, int(start // step)), min(len(spoken), int(-(-end // step)))):
            share = min(end, (place + 1) * step) - max(start, place * step)
            if share > covered[place]:
                spoken[place], covered[place] = token, share
