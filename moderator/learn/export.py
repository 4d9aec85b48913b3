"""A run becomes the file that ships: a threshold, honest probabilities, and a model card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from moderator.learn.scores import Answers
from moderator.mind.moderator_lm.about import Advice, probabilities
from moderator.mind.moderator_lm.network import Network


def best_threshold(probability: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """The probability from which on taking the turn gives the best F1.

    Args:
        probability: ``(n,)``.
        truth: ``(n,)``; at least one is true.
    """
    from sklearn.metrics import precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(truth, probability)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[np.argmax(f1[:-1])])


def best_scale(logits: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """What logits are multiplied by for the least cross-entropy (Guo et al., 2017, 1706.04599)."""
    from scipy.optimize import minimize_scalar

    def loss(scale: float) -> float:
        scaled = scale * logits
        return float(np.mean(np.logaddexp(0.0, scaled) - truth * scaled))

    return float(minimize_scalar(loss, bounds=(0.2, 3.0), method="bounded").x)


def calibrate(stream: Answers, boundary: Answers) -> tuple[float, float, float, float]:
    """A scale for each head: those of the stream, and `next` at boundaries."""
    found = [best_scale(stream.logits[:, head], stream.labels[:, head]) for head in range(3)]
    last = best_scale(boundary.logits[:, 3], boundary.labels[:, 3])
    return (found[0], found[1], found[2], last)


def words_share(found: Answers, head: int) -> float:
    """How much of what the words add to the floor's opinion gives the least cross-entropy.

    The words were learned beside another opinion, on meetings that they know by now.
    """
    from scipy.optimize import minimize_scalar

    if not len(found.labels):
        return 1.0
    alone, added = found.alone[:, head], found.logits[:, head] - found.alone[:, head]
    truth = found.labels[:, head]

    def loss(share: float) -> float:
        total = alone + share * added
        return float(np.mean(np.logaddexp(0.0, total) - truth * total))

    return float(minimize_scalar(loss, bounds=(0.0, 1.5), method="bounded").x)


def weigh_words(network: Network, stream: Answers, boundary: Answers) -> NDArray[np.float32]:
    """Puts the best share of the words of each head into the network.

    Args:
        network: changed in place.
        stream: its answers in the stream, from which the shares are chosen.
        boundary: and those at boundaries.

    Returns:
        ``(4,)`` the shares.
    """
    shares = [words_share(stream, head) for head in range(3)] + [words_share(boundary, 3)]
    network.weigh_words(torch.tensor(shares))
    return np.array(shares, dtype=np.float32)


def words_reach(told: Iterable[Answers]) -> float:
    """The most that the words add to the floor's opinion that a turn comes within 1 s."""
    return float(max(np.max(one.logits[:, 1] - one.alone[:, 1]) for one in told))


def advice(stream: Answers, boundary: Answers, played: Mapping[str, Answers]) -> Advice:
    """The threshold in the stream, that of each role, and a scale for each head.

    Args:
        stream: the leaders' answers, which the threshold is chosen on.
        boundary: and those at boundaries.
        played: by position, answers in the stream where that role was played. As large a share of
            moments as is taken in the leaders' seats is to fit in each role, however seldom its
            turns are: an agent that has something to say chooses among its moments.
    """
    scale = calibrate(stream, boundary)
    likely = probabilities(stream.logits[:, 1], scale[1])
    threshold = best_threshold(likely, stream.labels[:, 1])
    below = float(np.mean(likely < threshold))
    roles = {
        position: float(np.quantile(probabilities(one.logits[:, 1], scale[1]), below))
        for position, one in sorted(played.items())
    }
    return Advice(threshold=threshold, roles=roles, scale=scale)
