"""What is made of a model's files once, and kept beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from moderator.models.errors import cache_errors
from moderator.models.files import Stamps, sha256_of
from moderator.models.spec import ModelFile
from moderator.plain_json import parse_json

_DIGESTS: Final = "sha256.json"
"""Says of each file which sha256 it had when it was made."""


def kept(directory: Path, name: str, stamps: Stamps, make: Callable[[Path], None]) -> Path:
    """A directory of files as `make` made them; made anew where it is missing or was changed.

    Several processes may ask at the same time: one makes it, the others wait.

    Args:
        directory: where it is kept; its parent exists.
        name: for the stamps.
        stamps: remember what was hashed.
        make: writes the files into an empty directory.

    Raises:
        InputError: the disk is full, or the cache cannot be written.
    """
    if _intact(directory, name, stamps):
        return directory
    from filelock import FileLock

    with cache_errors(directory.parent), FileLock(directory.with_name(f".{directory.name}.lock")):
        if _intact(directory, name, stamps):
            return directory
        draft = directory.with_name(f".{directory.name}.part")
        shutil.rmtree(draft, ignore_errors=True)  # left by somebody who was killed
        try:
            draft.mkdir()
            make(draft)
            digests = {path.name: sha256_of(path) for path in sorted(draft.iterdir())}
            (draft / _DIGESTS).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
            shutil.rmtree(directory, ignore_errors=True)
            draft.replace(directory)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return directory


def _intact(directory: Path, name: str, stamps: Stamps) -> bool:
    try:
        digests = parse_json((directory / _DIGESTS).read_bytes())
        files = [
            ModelFile(file, (directory / file).stat().st_size, digest, ())
            for file, digest in digests.items()
        ]
        return bool(files) and all(stamps.check(name, one, directory / one.name) for one in files)
    except (OSError, ValueError, AttributeError, TypeError):
        return False
