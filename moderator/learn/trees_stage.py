"""Third stage: boosted trees over the same timing features give the first opinion instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from moderator.learn.floor_stage import ROLE_WITHHELD, Moments
from moderator.mind.moderator_lm.floor_model import HEADS
from moderator.mind.moderator_lm.trees import Forest

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

SETTINGS: dict[str, Any] = {
    "learning_rate": 0.03,
    "max_leaf_nodes": 32,
    "min_samples_leaf": 400,
    "max_features": 0.3,
    "early_stopping": False,
}
"""Of scikit-learn's HistGradientBoostingClassifier."""


def grow(moments: Moments, rounds: int, seed: int, notice: Callable[[int, int], None]) -> Forest:
    """Grows trees for every head.

    Args:
        moments: all of them.
        rounds: trees a head.
        seed: of all that is drawn.
        notice: told how many heads are done, of how many.
    """
    grown = []
    for head in range(len(HEADS)):
        grown.append(_grow_head(moments, head, rounds, seed))
        notice(head + 1, len(HEADS))
    return forest(grown)


def _grow_head(
    moments: Moments, head: int, rounds: int, seed: int
) -> HistGradientBoostingClassifier:
    from sklearn.ensemble import HistGradientBoostingClassifier

    random = np.random.default_rng([seed, 3, head])
    labels = moments.labels[:, head].numpy() > 0.5
    weights = moments.weights[:, head].numpy().astype(np.float64)
    kept = weights > 0
    known = random.random(len(labels)) >= ROLE_WITHHELD
    role = np.column_stack([moments.leads.numpy() * known, known])
    rows = np.column_stack([moments.features.numpy(), role])[kept].astype(np.float32)
    model = HistGradientBoostingClassifier(**SETTINGS, max_iter=rounds, random_state=seed)
    model.fit(rows, labels[kept], sample_weight=weights[kept])
    return model


def forest(models: list[HistGradientBoostingClassifier]) -> Forest:
    """Fitted boosting models, one a head, as tensors."""
    # scikit-learn has no public view of these nodes.
    nodes = [[one[0].nodes for one in model._predictors] for model in models]
    room = max(len(tree) for trees in nodes for tree in trees)
    count = max(map(len, nodes))

    def stack(make: Callable[[NDArray[Any]], NDArray[Any]], kind: str) -> torch.Tensor:
        found = np.zeros((len(nodes), count, room), dtype=kind)
        found[:] = make(np.zeros(room, dtype=nodes[0][0].dtype))
        for head, trees in enumerate(nodes):
            for number, tree in enumerate(trees):
                found[head, number, : len(tree)] = make(tree)
        return torch.from_numpy(found)

    def own(tree: NDArray[Any], way: str) -> NDArray[Any]:
        inner = (tree["is_leaf"] == 0) & (tree[way] > 0)
        return np.where(inner, tree[way], np.arange(len(tree)))

    return Forest(
        {
            "column": stack(lambda tree: tree["feature_idx"], "i2"),
            "threshold": stack(lambda tree: tree["num_threshold"], "f8"),
            "left": stack(lambda tree: own(tree, "left"), "i2"),
            "right": stack(lambda tree: own(tree, "right"), "i2"),
            "value": stack(lambda tree: np.where(tree["is_leaf"], tree["value"], 0.0), "f4"),
            "base": torch.tensor([float(np.ravel(one._baseline_prediction)[0]) for one in models]),
        }
    )
