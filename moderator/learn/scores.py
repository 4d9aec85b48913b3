"""How well a network decides on prepared meetings, for choosing between runs.

The benchmark has the last word; this is its stream and boundary in short, from stored activations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from moderator.learn.prepared import PreparedMeeting, PreparedSeat
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.passage import Passage, judge, lay_out
from moderator.mind.moderator_lm.script import SPAN

Logits = NDArray[np.float32]

BATCH = 8
"""Segments at a time."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network says at all moments of one kind.

    Attributes:
        logits: ``(n, 4)``.
        alone: ``(n, 4)`` of the floor model.
        labels: ``(n, 4)``.
    """

    logits: Logits
    alone: Logits
    labels: NDArray[np.bool_]


def leaders(meeting: PreparedMeeting) -> list[PreparedSeat]:
    """The seats of those who led the meeting."""
    return [seat for seat in meeting.seats if seat.example.leads]


@torch.inference_mode()
def answer(
    network: Network, meeting: PreparedMeeting, seat: PreparedSeat, kind: str, *, role: bool = True
) -> Answers:
    """All moments of one kind of a seat.

    Args:
        network: in evaluation mode.
        meeting: prepared.
        seat: one of its seats.
        kind: one of `KINDS`.
        role: whether the network is told its role.
    """
    asked = getattr(seat.example, kind)
    prompt = seat.prompt if role else seat.bare
    known = torch.tensor([[float(seat.example.leads and role), float(role)]])
    logits = np.zeros((len(asked.at), 4), dtype=np.float32)
    alone = logits.copy()
    order = sorted(range(len(meeting.words)), key=lambda index: len(meeting.words[index]))
    for start in range(0, len(order), BATCH):
        passages, rows = [], []
        for index in order[start : start + BATCH]:
            part = meeting.segments[index]
            here = np.nonzero((asked.at > part.begin) & (asked.at <= part.begin + SPAN))[0]
            if len(here):
                rows.append(here)
                passages.append(
                    Passage([prompt], meeting.words[index], part.tokens.known, [asked.at[here]])
                )
        if not passages:
            continue
        all_rows = np.concatenate(rows)
        features = torch.from_numpy(asked.features[all_rows])
        reading = network.floor(features, known.expand(len(features), -1))
        layout = lay_out(passages, network.shape.prompt_tokens)
        logits[all_rows] = judge(network, layout, reading).numpy()
        alone[all_rows] = reading.logits.numpy()
    return Answers(logits, alone, asked.labels)


def answers(
    network: Network,
    meetings: Sequence[PreparedMeeting],
    kind: str,
    notice: Callable[[int, int], None],
    *,
    role: bool = True,
) -> Answers:
    """All moments of one kind of the leaders' seats."""
    found = []
    for number, meeting in enumerate(meetings):
        found += [answer(network, meeting, seat, kind, role=role) for seat in leaders(meeting)]
        notice(number + 1, len(meetings))
    columns = ("logits", "alone", "labels")
    return Answers(*(np.concatenate([getattr(one, name) for one in found]) for name in columns))


def figures(found: Answers, head: int) -> dict[str, float]:
    """AP, AUC and precision at recall .40 of one head, with and without the language model."""
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    truth = found.labels[:, head]
    out: dict[str, float] = {}
    for name, logits in (("", found.logits), ("floor ", found.alone)):
        precision, recall, _ = precision_recall_curve(truth, logits[:, head])
        out[f"{name}AP"] = float(average_precision_score(truth, logits[:, head]))
        out[f"{name}AUC"] = float(roc_auc_score(truth, logits[:, head]))
        out[f"{name}P at R .40"] = float(precision[recall >= 0.4].max())
    return out
