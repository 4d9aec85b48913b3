"""One training run in a directory: settings, checkpoints, log; it goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from moderator.errors import InputError
from moderator.learn.floor_stage import FloorSettings, gather, train_floor
from moderator.learn.prepared import PreparedMeeting
from moderator.learn.trees_stage import grow
from moderator.learn.words_stage import Drill, WordsSettings, train_words
from moderator.mind.moderator_lm.about import sha256
from moderator.mind.moderator_lm.checkpoint import FOREST, THINKING, put, read, trained
from moderator.mind.moderator_lm.floor_model import FloorModel
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.own_backbone import OwnBackbone
from moderator.mind.moderator_lm.tensor_file import read_tensors, write_tensors
from moderator.timeline import Stopwatch

FLOOR, TREES, WORDS = "floor.safetensors", "trees.safetensors", "words.safetensors"
"""In a run's directory: the trained floor model, its trees, and all else at the last step kept."""

Notice = Callable[[str, int, int, dict[str, float]], None]
"""Told stage, step, steps, and figures."""

Count = Annotated[int, Field(ge=1, le=100_000)]


class Settings(BaseModel):
    """All that a run's result depends on, beside its data.

    Those that need words: `begun_with` is the sha256 of the weights that it goes on from; empty
    for none, and `averaged_with` of those that its own were averaged with. `meetings` names all
    that was ever learned from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    floor_epochs: Count = 8
    floor_rate: float = Field(default=2e-3, gt=0, lt=1)
    epochs: float = Field(default=1.6, gt=0, le=1000)
    batch: Count = 8
    seats: Count = 3
    silent: Count = 14
    rate: float = Field(default=6e-4, gt=0, lt=1)
    missed: float = Field(default=0.0, ge=0, lt=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    trees: int = Field(default=500, ge=0, le=10_000)
    seed: int = Field(default=0, ge=0)
    begun_with: str = Field(default="", max_length=64)
    averaged_with: str = Field(default="", max_length=64)
    meetings: tuple[str, ...] = Field(default=(), max_length=100_000)
    backbone: OwnBackbone | None = None

    def floor(self) -> FloorSettings:
        """Of the first stage."""
        return FloorSettings(self.floor_epochs, rate=self.floor_rate, seed=self.seed)

    def words(self) -> WordsSettings:
        """Of the second stage."""
        return WordsSettings(
            self.epochs,
            self.batch,
            self.seats,
            self.silent,
            self.rate,
            missed=self.missed,
            dropout=self.dropout,
            seed=self.seed,
        )


class Run:
    """A directory that a run is kept in.

    Args:
        directory: made if missing.
        settings: must be those that it was begun with.

    Raises:
        InputError: it holds another run.
    """

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.directory, self.settings = directory, settings
        directory.mkdir(parents=True, exist_ok=True)
        known = directory / "settings.json"
        if known.exists():
            if read_settings(directory) != settings:
                raise InputError(
                    "this run was begun with other settings or meetings",
                    where=str(known),
                    todo="give the same ones to go on, or name another directory",
                )
        else:
            known.write_text(settings.model_dump_json(indent=1) + "\n")

    @property
    def floor_file(self) -> Path:
        """The trained floor model."""
        return self.directory / FLOOR

    @property
    def trees_file(self) -> Path:
        """The floor model's trees."""
        return self.directory / TREES

    @property
    def words_file(self) -> Path:
        """Everything, at the last step that was kept."""
        return self.directory / WORDS

    def train(
        self,
        network: Network,
        meetings: Sequence[PreparedMeeting],
        notice: Notice,
        *,
        begin: Path | None = None,
        keep_every: int = 50,
    ) -> None:
        """Trains a network, or goes on.

        Args:
            network: fresh.
            meetings: to learn from.
            notice: told of every step.
            begin: another run, or exported weights, to go on from; the floor model stays as it is.
            keep_every: steps between checkpoints.

        Raises:
            InputError: a checkpoint is broken or of another shape.
            KeyboardInterrupt: interrupted; what was reached is kept.
        """
        if begin is None:
            self._floor(network, meetings, notice)
        else:
            if begin.is_dir():
                load_run(network, begin)
            else:
                tensors = read(begin, self.settings.begun_with)[1]
                # Thoughts belong to the weights that they were learned with.
                kept = {name: one for name, one in tensors.items() if not name.startswith(THINKING)}
                put(network, kept, begin)
            self._keep_trees(network.floor)
            network.floor.eval()
        drill = Drill(network, meetings, self.settings.words())
        first = load_state(drill, self.words_file) if self.words_file.exists() else 0
        drill.skip(first)
        reached, watch = first, Stopwatch()

        def tell(step: int, steps: int, loss: float, alone: float) -> None:
            nonlocal reached
            reached = step
            notice("words", step, steps, {"loss": loss, "floor": alone, "gain": alone - loss})
            if step % 25 == 0:
                line = {"step": step, "loss": round(loss, 5), "floor": round(alone, 5)}
                with (self.directory / "log.jsonl").open("a") as log:
                    log.write(json.dumps(line) + "\n")

        def keep(step: int) -> None:
            if step % keep_every == 0:
                save_state(drill, step, self.words_file)

        try:
            with watch.phase("train"):
                train_words(drill, first, tell, keep)
        finally:
            if reached > first:
                save_state(drill, reached, self.words_file)
        self._trees(network, meetings, notice)

    def _keep_trees(self, floor: FloorModel) -> None:
        """Trees that came with the weights are used again, but not while words are learned."""
        forest = floor.forest
        floor.plant({})
        if forest is not None and not self.trees_file.exists():
            write_tensors(forest.state_dict(), self.trees_file)

    def _trees(self, network: Network, meetings: Sequence[PreparedMeeting], notice: Notice) -> None:
        if self.trees_file.exists() or not self.settings.trees:
            return

        def tell(done: int, of: int) -> None:
            notice("trees", done, of, {})

        grown = grow(gather(meetings), self.settings.trees, self.settings.seed, tell)
        write_tensors(grown.state_dict(), self.trees_file)

    def _floor(self, network: Network, meetings: Sequence[PreparedMeeting], notice: Notice) -> None:
        if self.floor_file.exists():
            put_into(network.floor, read_stage(self.floor_file)[0], self.floor_file)
            network.floor.eval()
            return

        def tell(step: int, steps: int, loss: float) -> None:
            notice("floor", step, steps, {"loss": loss})

        train_floor(network.floor, meetings, self.settings.floor(), tell)
        write_tensors(network.floor.state_dict(), self.floor_file)


def read_settings(directory: Path) -> Settings:
    """The settings of a run.

    Raises:
        InputError: it is none.
    """
    try:
        return Settings.model_validate_json((directory / "settings.json").read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            "not a training run", where=str(directory), todo="run `moderator learn train` first"
        ) from error


def begun_with(begin: Path) -> str:
    """The sha256 of what a run is begun with: exported weights, or another run's.

    Raises:
        InputError: that run has not learned anything.
    """
    return sha256(_learned(begin) if begin.is_dir() else begin)


def _learned(directory: Path) -> Path:
    path = directory / WORDS
    read_settings(directory)
    if not path.exists():
        raise InputError(
            "the run has not learned anything yet", where=str(directory), todo="let it go on"
        )
    return path


def load_run(network: Network, directory: Path) -> int:
    """Puts what a run has learned into a network.

    Returns:
        Steps of the second stage.

    Raises:
        InputError: there is nothing, or it is of another shape.
    """
    path = _learned(directory)
    tensors, step = _read(path)
    weights = {name: one for name, one in tensors.items() if not name.startswith("adam.")}
    trees = directory / TREES
    if trees.exists():
        weights |= {f"{FOREST}{name}": one for name, one in read_stage(trees)[0].items()}
    put(network, weights, path)
    network.eval()
    return step


def save_state(drill: Drill, step: int, path: Path) -> None:
    """Weights and optimizer, as tensors.

    Raises:
        OSError: the file cannot be written.
    """
    tensors = trained(drill.network)
    for index, state in drill.optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"adam.{index}.{name}"] = torch.as_tensor(value)
    write_tensors(tensors, path, {"step": str(step)})


def load_state(drill: Drill, path: Path) -> int:
    """Goes on from `save_state`.

    Returns:
        Steps that were done.

    Raises:
        InputError: the file is broken or of another shape.
    """
    tensors, step = _read(path)
    weights = {name: one for name, one in tensors.items() if not name.startswith("adam.")}
    put(drill.network, weights, path)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("adam."):
            _, index, field = name.split(".")
            state.setdefault(int(index), {})[field] = tensor
    groups = drill.optimizer.state_dict()["param_groups"]
    drill.optimizer.load_state_dict({"state": state, "param_groups": groups})
    return step


def read_stage(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A stage's tensors and what its file says of them.

    Raises:
        InputError: it is broken.
    """
    try:
        return read_tensors(path)
    except (OSError, ValueError) as error:
        raise _broken(path) from error


def _broken(path: Path) -> InputError:
    todo = "delete it; the run begins that stage anew"
    return InputError("a broken checkpoint", where=str(path), todo=todo)


def _read(path: Path) -> tuple[dict[str, Tensor], int]:
    tensors, about = read_stage(path)
    step = about.get("step", "0")
    if not step.isdecimal():
        raise _broken(path)
    return tensors, int(step)


def put_into(module: torch.nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Puts all of a module's tensors into it.

    Raises:
        InputError: they are of another shape.
    """
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            "a checkpoint of another shape", where=str(path), todo="name another directory"
        ) from error
