"""Unpacks the recordings of a zip archive, which may be anybody's: bounded, and nowhere else."""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import IO, Final

from integrations.files.disk.foreign import clipped, open_input, shown
from integrations.files.sound.containers import HEAD, sniff
from moderator.errors import InputError

MOST_ENTRIES: Final = 2_000

FREE_BYTES: Final = 2**30
"""What may be unpacked of any archive; beyond it, `RATIO` counts."""

RATIO: Final = 100
"""Bytes unpacked for each one that is packed: sound shrinks less, if it is not silence."""

_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
"""What takes little memory to unpack: of LZMA, the archive says how much."""

_LONGEST_NAME: Final = 150
_MOST_FOLDERS: Final = 8
_CHUNK: Final = 2**20


class Unpacked:
    """A folder with what was unpacked, which goes away with the last reference to this."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="moderator-"))
        self._gone = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive that is no document of an office program."""
    with open_input(path) as file:
        if file.read(4) != b"PK\3\4":
            return False
        try:
            with zipfile.ZipFile(file) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            return True  # what is wrong with it is said when it is unpacked
    return not names & {"[Content_Types].xml", "mimetype"}


def unpack(path: Path) -> Unpacked:
    """Unpacks recordings, and the JSON files beside them.

    Raises:
        InputError: the archive is damaged, encrypted, too large, or its names lead outside.
    """
    made = Unpacked()
    try:
        with open_input(path) as file, zipfile.ZipFile(file) as archive:
            _unpack(archive, path, made.folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        what = f"damaged zip archive ({clipped(str(error))})"
        raise InputError(what, where=shown(path), todo="copy or export it again") from None
    except (NotImplementedError, RuntimeError):
        raise InputError(
            "a zip archive that is packed in an unknown way",
            where=shown(path),
            todo="unpack it and give the folder",
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot be unpacked ({reason})", where=shown(path), todo="unpack it elsewhere"
        ) from None
    return made


def _unpack(archive: zipfile.ZipFile, path: Path, folder: Path) -> None:
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > MOST_ENTRIES:
        raise InputError(
            f"a zip archive of {len(entries)} files",
            where=shown(path),
            todo=f"give one of at most {MOST_ENTRIES}",
        )
    left = max(FREE_BYTES, RATIO * path.stat().st_size)
    for entry in entries:
        target = _target(entry.filename, path, folder)
        if target is None:
            continue
        if entry.flag_bits & 1:
            raise InputError(
                "an encrypted zip archive", where=shown(path), todo="unpack it and give the folder"
            )
        if entry.compress_type not in _METHODS:
            raise NotImplementedError
        with archive.open(entry) as packed:
            head = packed.read(HEAD)
            if sniff(BytesIO(head)) is None and target.suffix.lower() != ".json":
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with target.open("xb") as out:
                    out.write(head)
                    left = _copy(packed, out, left - len(head), path)
            except FileExistsError:
                raise InputError(
                    f"two files called {clipped(entry.filename)!r}",
                    where=shown(path),
                    todo="unpack it and give the folder",
                ) from None


def _target(name: str, path: Path, folder: Path) -> Path | None:
    """Where an entry goes; None for what programs put beside it, such as ``__MACOSX``."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    outside = name.startswith(("/", "\\")) or ".." in parts or any(":" in part for part in parts)
    if outside or len(parts) > _MOST_FOLDERS or not all(part.isprintable() for part in parts):
        raise InputError(
            f"a name that leads elsewhere: {clipped(name)!r}",
            where=shown(path),
            todo="unpack it with care and give the folder",
        )
    if not parts or parts[0] == "__MACOSX" or parts[-1].startswith("."):
        return None
    *folders, last = parts
    short = Path(last)
    kept = short.stem[:_LONGEST_NAME] + short.suffix[:20]
    return folder.joinpath(*(part[:_LONGEST_NAME] for part in folders), kept)


def _copy(packed: IO[bytes], out: IO[bytes], left: int, path: Path) -> int:
    """Copies the rest of an entry; what may be unpacked after it."""
    while chunk := packed.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise InputError(
                "a zip archive that unpacks to far more than it is",
                where=shown(path),
                todo="unpack it and give the folder",
            )
        out.write(chunk)
    return left
