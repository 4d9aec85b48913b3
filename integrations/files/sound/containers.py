"""Tells recordings by their first bytes, and finds those that were cut off before decoding starts.

Decoders are made to play what is left of a damaged file, so they do not say that half of it is
missing. The containers do: each states its length in one place or marks its end.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import BinaryIO, Final

CONTAINERS: Final = "wav, flac, mp3, ogg, m4a"
"""The kinds of recording that can be read, for messages."""

_UNKNOWN_LENGTH: Final = 0x7FFF_0000
"""Programs that write wav to a pipe cannot know its length and state one from here upwards."""

_OGG_TAIL: Final = 2 * 65_307
"""Bytes that surely hold a whole page: no Ogg page is longer than 65 307 bytes."""

_SYNCSAFE: Final = ((6, 21), (7, 14), (8, 7), (9, 0))
"""Where an ID3v2 tag states its length, seven bits a byte."""

_MOST_BOXES: Final = 200_000
"""Top-level parts looked at before giving up; a fragmented file of a day has fewer."""


def sniff(head: bytes) -> str | None:
    """The container of a recording that begins with `head` (12 bytes or more), None if unknown.

    The name is the one of FFmpeg's demuxer: it is asked for by name, so that nothing in a file
    chooses another one, such as a playlist that opens further files.
    """
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    if head[4:8] == b"ftyp":
        return "mov"
    if head[:3] == b"ID3" or _is_mp3_frame(head):
        return "mp3"
    return None


def is_cut_off(file: BinaryIO, container: str) -> bool:
    """Whether the end of the recording is missing, as far as its container states its length.

    Not found here: a FLAC file's end (its reader looks for the last sample), and the end of an MP3
    file that has no Xing or Info header.
    """
    check = _CHECKS.get(container)
    if check is None:
        return False
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        return check(file, size)
    except struct.error:  # a header that ends in the middle
        return True
    finally:
        file.seek(0)


def flac_samples(file: BinaryIO) -> int:
    """Samples per channel that a FLAC file states in STREAMINFO (RFC 9639, 8.2); 0 if unknown."""
    file.seek(0)
    head = file.read(26)
    file.seek(0)
    if len(head) < 26 or head[4] & 0x7F != 0:
        return 0
    return int.from_bytes(head[18:26], "big") & 0xF_FFFF_FFFF


def _is_mp3_frame(head: bytes) -> bool:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer != 0 and bitrate != 15 and rate != 3


def _wav_is_cut(file: BinaryIO, size: int) -> bool:
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
                return False
            return bool(file.tell() + length > size)
        else:
            file.seek(length, os.SEEK_CUR)
        file.seek(length & 1, os.SEEK_CUR)
    return True


def _ogg_is_cut(file: BinaryIO, size: int) -> bool:
    """The last page of a stream carries the end-of-stream flag (RFC 3533, section 6)."""
    file.seek(max(0, size - _OGG_TAIL))
    tail = file.read(_OGG_TAIL)
    last = tail.rfind(b"OggS")
    if last < 0 or len(tail) < last + 27:
        return True
    segments = tail[last + 26]
    table = tail[last + 27 : last + 27 + segments]
    complete = len(tail) >= last + 27 + segments + sum(table)
    return not (complete and tail[last + 5] & 4)


def _mov_is_cut(file: BinaryIO, size: int) -> bool:
    at, indexed = 0, False
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
            return True
        indexed |= name == b"moov"
        at += length
    return not indexed


def _mp3_is_cut(file: BinaryIO, size: int) -> bool:
    """The Xing or Info header of the first frame states the bytes of the stream."""
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3":
        start = 10 + sum((head[at] & 0x7F) << shift for at, shift in _SYNCSAFE)
    file.seek(start)
    frame = file.read(256)
    at = max(frame.find(b"Xing", 4, 48), frame.find(b"Info", 4, 48))
    if at < 0:
        return start >= size
    (flags,) = struct.unpack_from(">I", frame, at + 4)
    if not flags & 2:
        return False
    (stated,) = struct.unpack_from(">I", frame, at + 8 + (4 if flags & 1 else 0))
    return bool(start + stated > size)


_CHECKS: Final[dict[str, Callable[[BinaryIO, int], bool]]] = {
    "wav": _wav_is_cut,
    "ogg": _ogg_is_cut,
    "mov": _mov_is_cut,
    "mp3": _mp3_is_cut,
}
