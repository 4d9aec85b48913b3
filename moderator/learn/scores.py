"""How well a network decides on prepared meetings, for choosing between runs.

The benchmark has the last word; this is its stream and boundary in short, from stored activations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray

from moderator.learn.prepared import PreparedMeeting, PreparedSeat
from moderator.learn.thought_targets import Targets
from moderator.mind.moderator_lm.floor_features import role_numbers
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.passage import Questions, decide_segments
from moderator.mind.moderator_lm.thought import FIELDS

Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network says at all moments of one kind.

    Attributes:
        logits: ``(n, 4)``.
        alone: ``(n, 4)`` of the floor model.
        labels: ``(n, 4)``.
        after: ``(n, 4)`` after a thought; the same as `logits` where the network does not think.
        thought: ``(n, all answers)`` probabilities of the thought's answers; no columns likewise.
    """

    logits: Logits
    alone: Logits
    labels: NDArray[np.bool_]
    after: Logits
    thought: Logits

    def thought_over(self) -> Answers:
        """What is said after a thought, as if it were all."""
        return replace(self, logits=self.after)

    def weighing_words(self, shares: Logits) -> Answers:
        """What is said where the words' part counts ``(4,)`` shares of what it does."""
        change = (shares - 1.0) * (self.logits - self.alone)
        return replace(self, logits=self.logits + change, after=self.after + change)


def leaders(meeting: PreparedMeeting) -> list[PreparedSeat]:
    """The seats of those who led the meeting, or of who plays a role in it."""
    if meeting.played is not None:
        return list(meeting.seats)
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
        kind: `stream` or `boundary`.
        role: whether the network is told its role.
    """
    asked = getattr(seat.example, kind)
    questions = Questions(
        seat.prompt if role else seat.bare,
        role_numbers(leads=seat.example.leads, known=role),
        asked.at,
        asked.features,
    )
    found = _silent(asked.labels, network)
    for rows, decided in decide_segments(
        network, meeting.segments, lambda some: [meeting.words[one] for one in some], questions
    ):
        reading, logits = decided.reading, decided.logits
        found.logits[rows] = found.after[rows] = logits.cpu().numpy()
        found.alone[rows] = reading.logits.cpu().numpy()
        if network.thinking is not None:
            considered = network.think(decided.hidden, reading.embedding, logits)
            found.after[rows] = considered.logits.cpu().numpy()
            found.thought[rows] = considered.probabilities().cpu().numpy()
    return found


def _silent(labels: NDArray[np.bool_], network: Network) -> Answers:
    """To be filled."""
    count = len(labels)
    width = sum(map(len, FIELDS.values())) if network.thinking is not None else 0
    logits, alone, after = (np.zeros((count, 4), dtype=np.float32) for _ in range(3))
    return Answers(logits, alone, labels, after, np.zeros((count, width), dtype=np.float32))


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
    names = [field.name for field in fields(Answers)]
    return Answers(*(np.concatenate([getattr(one, name) for one in found]) for name in names))


def figures(found: Answers, head: int) -> dict[str, float]:
    """AP, AUC and precision at recall .40 of one head.

    Those of the floor model alone, and after a thought, too; the latter where there is one.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    truth = found.labels[:, head]
    out: dict[str, float] = {}
    rows = {"": found.logits, "floor ": found.alone}
    if found.thought.shape[1]:
        rows["thought "] = found.after
    for name, logits in rows.items():
        precision, recall, _ = precision_recall_curve(truth, logits[:, head])
        out[f"{name}AP"] = float(average_precision_score(truth, logits[:, head]))
        out[f"{name}AUC"] = float(roc_auc_score(truth, logits[:, head]))
        out[f"{name}P at R .40"] = float(precision[recall >= 0.4].max())
    return out


def right_thoughts(found: Answers, truth: Targets) -> dict[str, dict[str, float]]:
    """How often each field's likeliest answer is right, and what always giving one would be.

    Args:
        found: of a network that thinks.
        truth: ``(n, fields)`` of the same moments.

    Returns:
        By field: `accuracy`, `majority` (always the commonest answer), `AUC` (mean of one answer
        against the others), and `moments` with an annotation. Fields without one are left out.
    """
    from sklearn.metrics import roc_auc_score

    out: dict[str, dict[str, float]] = {}
    ends = np.cumsum([len(answers) for answers in FIELDS.values()])
    parts = np.split(found.thought, ends[:-1], axis=1)
    for name, given, right in zip(FIELDS, parts, truth.T, strict=True):
        known = right >= 0
        given, right = given[known], right[known]
        counts = np.bincount(right, minlength=given.shape[1])
        seen = np.nonzero(counts)[0]
        if len(seen) < 2:
            continue
        out[name] = {
            "accuracy": float((given.argmax(1) == right).mean()),
            "majority": float(counts.max() / len(right)),
            "AUC": float(np.mean([roc_auc_score(right == one, given[:, one]) for one in seen])),
            "moments": float(len(right)),
        }
    return out
