"""Finds recordings that were cut off, before decoding starts.

Decoders are made to play what is left of a damaged file, so they do not say that half of it is
missing. The containers do: each states its length in one place or marks its end.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import BinaryIO, Final

from integrations.files.sound.containers import id3_length


class Mark(Enum):
    """What a container says of its end."""

    THERE = auto()
    """It is there, or nothing says that it is not."""
    UNMARKED = auto()
    """What is there is whole, and no mark says that nothing followed."""
    CUT = auto()
    """Bytes are missing."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a recording ends.

    Attributes:
        mark: what its container says.
        missing: bytes that are missing, as far as that is stated.
    """

    mark: Mark
    missing: int = 0


THERE: Final = Ending(Mark.THERE)
_CUT: Final = Ending(Mark.CUT)

_UNKNOWN_LENGTH: Final = 0x7FFF_0000
"""Programs that write wav to a pipe cannot know its length and state one from here upwards."""

_OGG_TAIL: Final = 2 * 65_307
"""Bytes that surely hold a whole page: no Ogg page is longer than 65 307 bytes."""

_MOST_BOXES: Final = 200_000
"""Top-level parts looked at before giving up; a fragmented file of a day has fewer."""


def ending(file: BinaryIO, container: str) -> Ending:
    """Whether the end of a recording is there, as far as its container tells.

    Not found here: a FLAC file's end (its reader looks for the last sample), and the end of what
    states no length: an MP3 file without a Xing or Info header, AAC, AMR, streamed Matroska.
    """
    check = _CHECKS.get(container)
    if check is None:
        return THERE
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        return check(file, size)
    except struct.error:  # a header that ends in the middle
        return _CUT
    finally:
        file.seek(0)


def _until(end: int, size: int) -> Ending:
    """The ending of a file of `size` bytes that states to have `end`."""
    return Ending(Mark.CUT, end - size) if end > size else THERE


def _wav(file: BinaryIO, size: int) -> Ending:
    file.seek(12)
    long_length: int | None = None
    for _ in range(_MOST_BOXES):
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"ds64":
            _, long_length = struct.unpack("<QQ", file.read(16))
            file.seek(length - 16, os.SEEK_CUR)
        elif name == b"data":
            if length == 0xFFFF_FFFF and long_length:
                length = long_length
            elif length >= _UNKNOWN_LENGTH and size < length:
                return THERE
            return _until(file.tell() + length, size)
        else:
            file.seek(length, os.SEEK_CUR)
        file.seek(length & 1, os.SEEK_CUR)
    return _CUT


def _outermost(order: str) -> Callable[[BinaryIO, int], Ending]:
    """AVI, AIFF: the outermost chunk states the file's length, or 0 when streamed."""

    def check(file: BinaryIO, size: int) -> Ending:
        _, length = struct.unpack(f"{order}4sI", file.read(8))
        return _until(8 + length if length < _UNKNOWN_LENGTH else 0, size)

    return check


def _au(file: BinaryIO, size: int) -> Ending:
    _, start, length = struct.unpack(">4sII", file.read(12))
    return _until(start + length if length < _UNKNOWN_LENGTH else 0, size)


def _caf(file: BinaryIO, size: int) -> Ending:
    """Chunks, the one of the sound perhaps of unknown length (-1) and then the last."""
    file.seek(8)
    for _ in range(_MOST_BOXES):
        head = file.read(12)
        if not head:
            return THERE
        name, length = struct.unpack(">4sq", head)
        if name == b"data" and length == -1:
            return THERE
        if length < 0:
            return _CUT
        if file.tell() + length > size:
            return _until(file.tell() + length, size)
        file.seek(length, os.SEEK_CUR)
    return THERE


def _asf(file: BinaryIO, size: int) -> Ending:
    """The header, then the packets: both state their length; 0 where it was not known."""
    at = 0
    for _ in range(2):
        if at > size:
            break
        file.seek(at + 16)
        (length,) = struct.unpack("<Q", file.read(8))
        if not length:
            return THERE
        at += length
    return _until(at, size)


def _matroska(file: BinaryIO, size: int) -> Ending:
    """The header, then one segment that states its length, unless it was streamed."""
    at = 0
    for _ in range(2):
        if at > size:
            break
        file.seek(at)
        head = file.read(12)
        if len(head) < 2 or not head[0]:
            return _CUT
        id_length = 9 - head[0].bit_length()
        rest = head[id_length:]
        if not rest or not rest[0]:
            return _CUT
        width = 9 - rest[0].bit_length()
        if len(rest) < width:
            return _CUT
        mask = (1 << 7 * width) - 1
        length = int.from_bytes(rest[:width], "big") & mask
        if length == mask:
            return THERE
        at += id_length + width + length
    return _until(at, size)


def _ogg(file: BinaryIO, size: int) -> Ending:
    """The last page should carry the end-of-stream flag (RFC 3533, section 6); many do not.

    A recorder that is stopped, and a stream that is saved, leave whole pages without it: nothing
    says that more had been written.
    """
    file.seek(max(0, size - _OGG_TAIL))
    tail = file.read(_OGG_TAIL)
    last = tail.rfind(b"OggS")
    if last < 0 or len(tail) < last + 27:
        return _CUT
    segments = tail[last + 26]
    table = tail[last + 27 : last + 27 + segments]
    end = last + 27 + segments + sum(table)
    if len(table) < segments or len(tail) < end or tail[end:] in (b"O", b"Og", b"Ogg"):
        return _CUT
    return THERE if tail[last + 5] & 4 else Ending(Mark.UNMARKED)


def _mov(file: BinaryIO, size: int) -> Ending:
    at, indexed, sounds = 0, False, False
    for _ in range(_MOST_BOXES):
        if at + 8 > size:
            break
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        elif length == 0:
            length = size - at
        if length < 8 or at + length > size:
            # What follows a whole file and is no part of one was never its end.
            known = name in (b"moof", b"mdat", b"moov", b"mfra", b"sidx", b"styp")
            if not known and indexed and sounds:
                return THERE
            return _until(at + length, size) if length >= 8 else _CUT
        indexed |= name == b"moov"
        sounds |= name == b"mdat"
        at += length
    return THERE if indexed else _CUT


def _mp3(file: BinaryIO, size: int) -> Ending:
    """The Xing or Info header of the first frame states the bytes of the stream."""
    start = id3_length(file.read(10))
    file.seek(start)
    frame = file.read(256)
    at = max(frame.find(b"Xing", 4, 48), frame.find(b"Info", 4, 48))
    if at < 0:
        return _CUT if start >= size else THERE
    (flags,) = struct.unpack_from(">I", frame, at + 4)
    if not flags & 2:
        return THERE
    (stated,) = struct.unpack_from(">I", frame, at + 8 + (4 if flags & 1 else 0))
    return _until(start + stated, size)


_CHECKS: Final[dict[str, Callable[[BinaryIO, int], Ending]]] = {
    "wav": _wav,
    "avi": _outermost("<"),
    "aiff": _outermost(">"),
    "au": _au,
    "caf": _caf,
    "asf": _asf,
    "matroska": _matroska,
    "ogg": _ogg,
    "mov": _mov,
    "mp3": _mp3,
}
