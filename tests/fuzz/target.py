"""What is tried: a reader, valid inputs for it, and how it may refuse others."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final, TypeAlias

from moderator.errors import InputError
from tests.fuzz.mutations import Form, mutated

Read: TypeAlias = Callable[[bytes, Path], object]
"""Reads one input; the directory is empty and its own."""

LARGEST_SEED: Final = 64 * 1024


@dataclass(frozen=True)
class Target:
    """A reader of what comes from outside.

    Attributes:
        name: on the command line.
        form: of its inputs.
        seeds: makes valid ones; gets an empty directory.
        read: reads one.
        refuses: what it may raise, as its own documentation says.
        like: endings of files that are valid inputs as well.
    """

    name: str
    form: Form
    seeds: Callable[[Path], Sequence[bytes]]
    read: Read
    refuses: tuple[type[Exception], ...] = (InputError,)
    like: tuple[str, ...] = ()


def input_of(target: Target, seeds: Sequence[bytes], seed: int, number: int) -> bytes:
    """The mutation of a number: the same each time."""
    chance = random.Random(f"{seed} {target.name} {number}")
    return mutated(seeds, target.form, chance)


def seeds_of(target: Target, folder: Path, more: Sequence[Path] = ()) -> list[bytes]:
    """Valid inputs: made here, and small files of some directories.

    Args:
        target: for which.
        folder: empty.
        more: directories in which files of fitting endings are looked for.
    """
    found = list(target.seeds(folder))
    for place in more:
        for path in sorted(place.rglob("*")):
            fits = path.suffix in target.like and path.is_file()
            if fits and path.stat().st_size <= LARGEST_SEED:
                found.append(path.read_bytes())
    return found


MODULES: Final = (
    *("recordings", "folders", "transcripts", "forms", "journals", "models", "training", "rooms"),
    *("servers",),
)
"""Those beside this one that have `TARGETS`."""


@cache
def targets() -> dict[str, tuple[Target, str]]:
    """All there are, by name, with the module that each stands in."""
    package = __name__.rpartition(".")[0]
    modules = [import_module(f"{package}.{name}") for name in MODULES]
    return {one.name: (one, module.__name__) for module in modules for one in module.TARGETS}


def target_of(module: str, name: str) -> Target:
    """A reader of one module, without the others."""
    found: Target = next(one for one in import_module(module).TARGETS if one.name == name)
    return found
