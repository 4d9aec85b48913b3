"""A moderator-lm of a few thousand numbers, with random weights, for tests."""

from __future__ import annotations

import torch

from moderator.mind.moderator_lm.backbone import new_backbone
from moderator.mind.moderator_lm.floor_features import feature_count
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.shape import BackboneShape, Shape

BACKBONE = BackboneShape(
    hidden=32, intermediate=48, layers=4, heads=4, kv_heads=2, head_dim=8, vocabulary=300
)
SHAPE = Shape(
    backbone=BACKBONE, enter=1, depth=3, rank=2, prompt_tokens=24, floor=8, speech=6, stacked=2
)


def encode(text: str) -> list[int]:
    """One token a byte."""
    return list(text.encode())


def network(seed: int = 0, *, fresh: bool = False, thinks: bool = False) -> Network:
    """Random, also where training begins at zero, unless it is to be `fresh`."""
    torch.manual_seed(seed)
    shape = SHAPE.model_copy(update={"features": feature_count()})
    backbone = new_backbone(BACKBONE)
    # As if its head were not tied and had been drawn as well: all that follows stays as it was.
    head = torch.nn.Linear(BACKBONE.hidden, BACKBONE.vocabulary, bias=False)
    torch.nn.init.normal_(head.weight)
    made = Network(shape, backbone)
    for parameter in made.parameters():
        if not fresh and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    if thinks:
        for parameter in made.learn_to_think().refine[-1].parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return made.eval()
