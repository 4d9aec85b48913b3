"""Two runs as one: the mean of their weights, which is better than either on new meetings.

Weights that were fine-tuned from the same beginning can be averaged (Wortsman et al., 2022, Model
soups, arXiv 2203.05482): what a longer run has learned by heart goes, what both know stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from moderator.errors import InputError
from moderator.learn.run import Run, load_run, read_settings
from moderator.mind.moderator_lm.about import sha256
from moderator.mind.moderator_lm.checkpoint import read, trained, trees_in
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.tensor_file import write_tensors
from moderator.mind.moderator_lm.trees import Forest


def average(network: Network, directory: Path, weights: Path, out: Path) -> None:
    """Makes a run whose weights are the mean of a run's and of exported ones.

    Where both have trees, those of both stay, and what they say is averaged; else they are the
    run's. What thinks has to be learned anew.

    Args:
        network: fresh; used to read the run.
        directory: of the run.
        weights: exported ones, such as those that the run began with.
        out: directory of the new run.

    Raises:
        InputError: there is no run, the weights do not have its beginning, or `out` is in use.
        OSError: something cannot be written.
    """
    settings, step = read_settings(directory), load_run(network, directory)
    _, others = read(weights)
    forest = _forest(network, others)
    mean = {}
    for name, own in trained(network).items():
        other = others.get(name, torch.zeros(0)).to(own)
        known = other.shape == own.shape
        if not known or (name.startswith("floor.") and not torch.equal(own, other)):
            raise InputError(
                "these weights and the run have not begun with the same floor model",
                where=str(weights),
                todo="give those that the run was begun with, `moderator learn train --from`",
            )
        mean[name] = (own + other) / 2
    made = Run(out, settings.model_copy(update={"averaged_with": sha256(weights)}))
    if made.words_file.exists():
        raise InputError("there is a run already", where=str(out), todo="name another directory")
    if forest is not None:
        write_tensors(forest.state_dict(), made.trees_file)
    write_tensors(mean, made.words_file, {"step": str(step)})


def _forest(network: Network, others: Mapping[str, Tensor]) -> Forest | None:
    """The trees of a run and of exported weights; the network loses its own."""
    own = network.floor.forest
    network.floor.plant({})
    trees = trees_in(others)
    if own is None or not trees:
        return own
    return own.mean_with(Forest(trees))
