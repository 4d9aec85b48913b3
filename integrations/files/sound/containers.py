"""Tells recordings by their first bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Final

from integrations.files.disk.foreign import is_wide_text

CONTAINERS: Final = "wav, flac, mp3, ogg, m4a, mp4, mov, webm, mkv, aac, amr, wma, aiff, caf"
"""The kinds of recording that people have, for messages; a few more are read."""

HEAD: Final = 512
"""Bytes of a file's beginning by which it is told; MPEG-TS repeats itself after 188."""

_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_W64: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_BOXES: Final = (b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What an MP4 or QuickTime file may begin with; old ones have no ftyp."""

_LARGEST_FIRST_BOX: Final = 0x0900_0000
"""Length from which the first box of a QuickTime file is text that happens to hold its name."""

_SYNCSAFE: Final = ((6, 21), (7, 14), (8, 7), (9, 0))
"""Where an ID3v2 tag states its length, seven bits a byte."""


def sniff(file: BinaryIO) -> str | None:
    """The container of a recording, None if it is of no known kind. The position is restored.

    The name is the one of FFmpeg's demuxer: it is asked for by name, so that nothing in a file
    chooses another one, such as a playlist that opens further files.
    """
    at = file.tell()
    try:
        file.seek(0)
        head = file.read(HEAD)
        tag = id3_length(head)
        if not tag:
            return _told(head)
        file.seek(tag)
        found = _told(file.read(HEAD))
        return found if found in ("aac", "flac") else "mp3"
    finally:
        file.seek(at)


def id3_length(head: bytes) -> int:
    """Bytes that an ID3v2 tag takes at a file's beginning; 0 where there is none."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum((head[at] & 0x7F) << shift for at, shift in _SYNCSAFE)


def foreign_kind(head: bytes) -> str | None:
    """What a file that is neither recording nor text is, for a message; None: it may be text."""
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            return name
    if b"\0" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        return None
    return f"a file of unknown kind that begins with {head[:4].hex(' ')}"


def _told(head: bytes) -> str | None:
    for name, fits in _KINDS:
        if fits(head):
            return name
    return None


def _begins(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _riff(*forms: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] in forms


def _is_mov(head: bytes) -> bool:
    if head[4:8] in (b"ftyp", b"mdat"):
        return True
    return head[4:8] in _BOXES and int.from_bytes(head[:4], "big") < _LARGEST_FIRST_BOX


def _is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def _is_transport_stream(head: bytes) -> bool:
    return any(
        len(head) > at + size and head[at] == head[at + size] == 0x47
        for at, size in ((0, 188), (4, 192))
    )


def _is_adts(head: bytes) -> bool:
    """A frame of AAC: sync, layer 0, a sample rate that there is, and a length."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return False
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return head[2] >> 2 & 15 < 13 and length > 7


def _is_mp3_frame(head: bytes) -> bool:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    if is_wide_text(head):
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer != 0 and bitrate != 15 and rate != 3


def _is_ac3(head: bytes) -> bool:
    return head[:2] == b"\x0b\x77" and len(head) > 5 and head[4] >> 6 < 3


_KINDS: Final[tuple[tuple[str, Callable[[bytes], bool]], ...]] = (
    ("wav", _riff(b"WAVE")),
    ("avi", _riff(b"AVI ")),
    ("w64", _begins(_W64)),
    ("flac", _begins(b"fLaC")),
    ("ogg", _begins(b"OggS")),
    ("matroska", _begins(b"\x1a\x45\xdf\xa3")),
    ("mov", _is_mov),
    ("asf", _begins(_ASF)),
    ("aiff", _is_aiff),
    ("caf", _begins(b"caff\0\1")),
    ("amr", _begins(b"#!AMR\n", b"#!AMR-WB\n")),
    ("wv", _begins(b"wvpk")),
    ("au", _begins(b".snd\0")),
    ("flv", _begins(b"FLV\1")),
    ("mpeg", _begins(b"\0\0\1\xba")),
    ("mpegts", _is_transport_stream),
    ("ac3", _is_ac3),
    ("aac", _is_adts),
    ("mp3", _is_mp3_frame),
)

_FOREIGN: Final = (
    (b"%PDF", "a PDF"),
    (b"PK\3\4", "a zip archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"MThd", "a MIDI file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
    (b"RIFF", "a RIFF file without sound"),
)
