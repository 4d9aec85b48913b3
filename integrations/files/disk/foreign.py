"""Opens files that somebody else wrote: regular, readable, of bounded size, or refused."""

from __future__ import annotations

import stat
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from pathlib import Path
from typing import IO, Annotated, BinaryIO, Final, TypeVar

from pydantic import Field, ValidationError

from moderator.errors import InputError
from moderator.labels import SOMEBODY

MOST_TEXT_BYTES: Final = 64 * 2**20
"""Largest text file read. A record of eight hours has about 8 MiB."""

MOST_UNPACKED_BYTES: Final = 16 * 2**20
"""Largest text taken out of a packed file: a small one may hold very much."""

_ANYWAY_UNPACKED: Final = 2**20
_RATIO: Final = 100  # of text to its packed form; that of transcripts is under 20

MOST_PEOPLE: Final = 200
"""People in a meeting: where a file names more, lines were taken for names, or it is hostile."""

LONGEST_ID: Final = 60
"""Characters of a participant's id."""


_T = TypeVar("_T")

Items = Annotated[list[_T], Field(fail_fast=True)]
"""A list that is refused at its first fault: of half a million, each would take memory."""


@contextmanager
def open_input(path: Path) -> Iterator[BinaryIO]:
    """Opens a regular, non-empty file for reading.

    Raises:
        InputError: it is missing, empty, a directory, a device or not readable.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(
                "a directory where a file is needed", where=shown(path), todo="name a file in it"
            )
        if not stat.S_ISREG(status.st_mode):
            raise InputError(
                "not a regular file", where=shown(path), todo="save it as a file first"
            )
        if status.st_size == 0:
            raise InputError("empty file", where=shown(path), todo="record or export it again")
        file = path.open("rb")
    except FileNotFoundError:
        raise InputError("no such file", where=shown(path), todo="check the name") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"cannot be read ({reason})",
            where=shown(path),
            todo="check the path and its permissions",
        ) from None
    with file:
        yield file


def read_text(path: Path) -> str:
    """The text of a file of at most `MOST_TEXT_BYTES`, without its byte order mark.

    It is UTF-8, or UTF-16 if a byte order mark says so, as Praat writes it.

    Raises:
        InputError: as `open_input`, or it is too large or no such text.
    """
    with open_input(path) as file:
        return _decoded(file.read(MOST_TEXT_BYTES + 1), path)


def gunzipped(file: BinaryIO, path: Path) -> str:
    """The text in a gzip file that was opened; see `unpacked`.

    Raises:
        InputError: it is damaged, or its text is too large or no text.
    """
    try:
        with GzipFile(fileobj=file) as packed:
            data = unpacked(packed, path)
    except (OSError, EOFError, zlib.error):
        raise InputError("a damaged gzip file", where=shown(path), todo="unpack it first") from None
    return _decoded(data, path)


def unpacked(packed: IO[bytes] | GzipFile, path: Path) -> bytes:
    """What is packed in a file: not more than a text that was packed there would be.

    Args:
        packed: gives it when it is read.
        path: the file.

    Raises:
        InputError: there is more.
    """
    most = min(MOST_UNPACKED_BYTES, max(_ANYWAY_UNPACKED, _RATIO * path.stat().st_size))
    data = packed.read(most + 1)
    if len(data) > most:
        raise InputError(
            f"larger than {most // 2**20} MiB unpacked",
            where=shown(path),
            todo="split the meeting, or unpack it first",
        )
    return data


def _decoded(data: bytes, path: Path) -> str:
    if len(data) > MOST_TEXT_BYTES:
        raise InputError(
            f"larger than {MOST_TEXT_BYTES // 2**20} MiB",
            where=shown(path),
            todo="split the meeting",
        )
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-{16 if wide else 8} text (byte {error.start})",
            where=shown(path),
            todo="save it as UTF-8",
        ) from None
    if "\0" in text:
        raise InputError("not a text file", where=shown(path), todo="save it as UTF-8")
    return text


def is_wide_text(head: bytes) -> bool:
    """Whether a file begins like UTF-16 with its byte order mark, which MP3 frames may do, too."""
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head[:2])
    if codec is None:
        return False
    text = head[2 : len(head) // 2 * 2].decode(codec, errors="replace")
    return len(text) > 1 and all(char.isprintable() or char in "\r\n\t" for char in text)


def checked_id(name: str, where: str) -> str:
    """A participant's id in Unicode's composed form.

    Raises:
        InputError: it is empty, too long, reserved, or has control characters.
    """
    name = unicodedata.normalize("NFC", name.strip())
    todo = f"use 1 to {LONGEST_ID} printable characters"
    if not name or len(name) > LONGEST_ID or not name.isprintable():
        raise InputError(f"bad participant name {name[:LONGEST_ID]!a}", where=where, todo=todo)
    if name == SOMEBODY:
        raise InputError(f"the name {SOMEBODY!r} is reserved", where=where, todo="use another one")
    return name


def check_people(count: int, path: Path) -> None:
    """Refuses a file that names more than `MOST_PEOPLE`.

    Raises:
        InputError: it does.
    """
    if count > MOST_PEOPLE:
        raise InputError(
            f"{count:,} people in it",
            where=shown(path),
            todo=f"give a meeting of at most {MOST_PEOPLE}",
        )


def meeting_id(text: str) -> str:
    """A meeting's id made from a file's name or a field: printable, one line, bounded."""
    kept = "".join(char if char.isprintable() else "_" for char in text.strip())
    return unicodedata.normalize("NFC", kept)[:100] or "meeting"


def shown(path: Path) -> str:
    """A path as it may stand in a one-line message."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


def invalid(error: ValidationError, path: Path, root: str = "") -> InputError:
    """The first fault that pydantic found, as a one-line error that names its place.

    Args:
        error: from validating the file.
        path: the file.
        root: stands before the place, such as the name of what a list holds.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = root
    for part in first["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{clipped(part)}" if place else part
    message = first["msg"]
    if first["type"] == "missing":
        message = "missing key"
    where = f"{shown(path)}: {place}" if place else shown(path)
    return InputError(message[:1].lower() + message[1:], where=where, todo="correct the file")


def clipped(text: str) -> str:
    """A piece of somebody's data, short and printable, for a message."""
    return ascii(text[:LONGEST_ID])[1:-1]
