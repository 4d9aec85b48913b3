"""Boosted trees as tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.ensemble import HistGradientBoostingClassifier

from moderator.errors import InputError
from moderator.learn.trees_stage import forest
from moderator.mind.moderator_lm.about import About
from moderator.mind.moderator_lm.backbone import new_backbone
from moderator.mind.moderator_lm.checkpoint import build, save
from moderator.mind.moderator_lm.floor_features import feature_count
from moderator.mind.moderator_lm.trees import Forest
from tests.moderator.mind.moderator_lm.tiny import BACKBONE, network


def grown(
    columns: int, heads: int = 4
) -> tuple[list[HistGradientBoostingClassifier], torch.Tensor]:
    random = np.random.default_rng(3)
    rows = random.normal(size=(3000, columns)).astype(np.float32)
    rows[:, 0] = rows[:, 0].round()  # ties
    models = []
    for head in range(heads):
        right = rows[:, head] * rows[:, head + 1] + random.normal(size=len(rows)) > 0.3
        models.append(HistGradientBoostingClassifier(max_iter=15 + head).fit(rows, right))
    return models, torch.from_numpy(rows)


def test_tensors_say_what_the_trees_say() -> None:
    models, rows = grown(6)
    found = forest(models)(rows)
    expected = np.column_stack([one.decision_function(rows.numpy()) for one in models])
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_two_forests_say_their_mean() -> None:
    few, rows = grown(6)
    one, other = (
        forest(few),
        forest(
            [model.set_params(max_leaf_nodes=5).fit(rows, rows[:, 0] > 0) for model in grown(6)[0]]
        ),
    )
    assert one.value.shape[2] != other.value.shape[2]
    both = one.mean_with(other)
    torch.testing.assert_close(both(rows), (one(rows) + other(rows)) / 2)
    with pytest.raises(ValueError, match="other heads"):
        one.mean_with(forest(grown(6, heads=2)[0]))


def test_trees_travel_with_a_checkpoint(tmp_path: Path) -> None:
    made, rows = network(), torch.randn(9, feature_count())
    role = torch.tensor([[1.0, 1.0]]).expand(9, -1)
    alone = made.floor(rows, role)
    made.floor.plant(forest(grown(feature_count() + 2)[0]).state_dict())
    planted = made.floor(rows, role)
    assert torch.equal(planted.embedding, alone.embedding)
    assert not torch.allclose(planted.logits, alone.logits)
    save(made, About(shape=made.shape), tmp_path / "x.safetensors")
    again, _ = build(new_backbone(BACKBONE), tmp_path / "x.safetensors")
    assert torch.equal(again.floor(rows, role).logits, planted.logits)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("left", lambda one: one - 1),
        ("right", lambda one: one + 40_00),
        ("column", lambda one: one + 500),
        ("value", lambda one: one[:, :-1]),
        ("base", lambda one: one[:-1]),
        ("threshold", lambda one: one.long()),
        ("left", lambda one: torch.arange(one.shape[2]).to(one.dtype).expand(one.shape)),
        ("right", lambda one: one.flatten(0, 1)[:1].expand(4 * len(one[0]), -1).view(one.shape)),
        ("base", None),
    ],
)
def test_broken_trees_are_refused(tmp_path: Path, name: str, change: object) -> None:
    made, file = network(), tmp_path / "x.safetensors"
    made.floor.plant(forest(grown(feature_count() + 2)[0]).state_dict())
    save(made, About(shape=made.shape), file)
    tensors = load_file(file)
    whole = tensors.pop(f"floor.forest.{name}")
    if callable(change):
        tensors[f"floor.forest.{name}"] = change(whole).contiguous()
    metadata = {"moderator-lm": About(shape=made.shape).model_dump_json()}
    save_file(tensors, file, metadata=metadata)
    with pytest.raises(InputError, match="trees are broken"):
        build(new_backbone(BACKBONE), file)


def test_a_row_comes_to_rest() -> None:
    ring = {
        "column": torch.zeros(1, 1, 2, dtype=torch.int16),
        "threshold": torch.zeros(1, 1, 2, dtype=torch.float64),
        "left": torch.tensor([[[1, 0]]], dtype=torch.int16),
        "right": torch.tensor([[[1, 1]]], dtype=torch.int16),
        "value": torch.ones(1, 1, 2),
        "base": torch.zeros(1),
    }
    with pytest.raises(ValueError, match="leads nowhere"):
        Forest(ring)
