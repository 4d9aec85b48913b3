"""Two runs as one: the mean of their weights, which is better than either on new meetings.

Weights that were fine-tuned from the same beginning can be averaged (Wortsman et al., 2022, Model
soups, arXiv 2203.05482): what a longer run has learned by heart goes, what both know stays.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from moderator.errors import InputError
from moderator.learn.run import TREES, Run, load_run, read_settings
from moderator.mind.moderator_lm.checkpoint import read, sha256, trained
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.tensor_file import write_tensors


def average(network: Network, directory: Path, weights: Path, out: Path) -> None:
    """Makes a run whose weights are the mean of a run's and of exported ones.

    The trees are the run's. What thinks has to be learned anew.

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
    network.floor.plant({})
    _, others = read(weights)
    mean = {}
    for name, own in trained(network).items():
        other = others.get(name, torch.zeros(0)).to(own.dtype)
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
    trees = directory / TREES
    if trees.exists():
        shutil.copyfile(trees, made.trees_file)
    write_tensors(mean, made.words_file, {"step": str(step)})
