"""What a registered model is: its files, their hashes, and where they can be had."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_member(member: str) -> str:
    """Refuse a path that could lead out of its archive or package.

    Raises:
        ValueError: the path is absolute, has a `..`, or is not plain POSIX.
    """
    path = PurePosixPath(member)
    if not member or "\\" in member or "\0" in member or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"not a safe member path: {member!r}")
    return member


@dataclass(frozen=True, slots=True)
class Installed:
    """A file of an installed distribution, used where it lies; the package is not imported."""

    distribution: str
    version: str
    """The release that is known to have this very file."""
    member: str

    def __post_init__(self) -> None:
        check_member(self.member)

    @property
    def requirement(self) -> str:
        """What to install to get the file."""
        return f"{self.distribution}=={self.version}"


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a Hugging Face hub repository at a pinned commit."""

    repo: str
    revision: str
    path: str

    def __post_init__(self) -> None:
        check_member(self.path)
        if not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise ValueError(f"not a full commit: {self.revision!r}")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A published wheel of a pinned version."""

    project: str
    version: str
    size: int
    """Bytes; only the progress bar uses it."""
    platform: str | None = None
    """Platform tag of the wheel to read, where wheels are built per platform. The data inside
    is the same on all of them, so everybody reads the same one."""

    @property
    def requirement(self) -> str:
        """The requirement the pip client is given."""
        return f"{self.project}=={self.version}"


@dataclass(frozen=True, slots=True)
class WheelMembers:
    """One file made of members of wheels, one after the other; most often of a single one."""

    parts: tuple[tuple[Wheel, str], ...]

    def __post_init__(self) -> None:
        for _, member in self.parts:
            check_member(member)


Source = Installed | HubFile | WheelMembers


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model; `sources` are tried in order."""

    name: str
    size: int
    sha256: str
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"bad file name or sha256: {self.name!r}, {self.sha256!r}")


@dataclass(frozen=True, slots=True)
class Model:
    """A named model."""

    name: str
    summary: str
    licence: str
    files: tuple[ModelFile, ...]
    extra: str | None = None
    """The optional dependency group that it belongs to; None where the main job needs it."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"bad model name: {self.name!r}")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)
