"""The release as it is distributed: a zip of XML files, none of which is trusted."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from integrations.files.disk.foreign import clipped, open_input, shown
from integrations.files.transcripts.words import LATEST_S
from moderator.errors import InputError

if TYPE_CHECKING:
    # Only the type; what is parsed goes through defusedxml.
    from xml.etree.ElementTree import Element

MEETINGS: Final = "corpusResources/meetings.xml"
"""The member that tells AMI's annotations from any other zip."""

MOST_MEMBERS: Final = 100_000
MOST_MEMBER_BYTES: Final = 32 * 2**20
"""Largest member that is read. The longest of AMI's have about 1 MiB."""

MOST_BYTES: Final = 2 * 2**30
"""As much is read of a release in all, unpacked."""

NITE: Final = "{http://nite.sourceforge.net/}"
_REFERENCE = re.compile(r"([^#]{1,200})#id\(([^()]{1,200})\)(?:\.\.id\(([^()]{1,200})\))?")


def broken(what: str, where: str) -> InputError:
    """The error that something in the release is not as it was distributed."""
    return InputError(what, where=where, todo="fetch the release again")


class Release:
    """The XML files of a release.

    Args:
        path: the zip, for messages.
        archive: the zip, open.

    Raises:
        InputError: it holds no AMI annotations.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive, self._read = path, archive, 0
        members = [one for one in archive.infolist() if one.filename and not one.is_dir()]
        if len(members) > MOST_MEMBERS:
            raise broken(f"more than {MOST_MEMBERS} files in it", shown(path))
        found = [one.filename for one in members if f"/{one.filename}".endswith(f"/{MEETINGS}")]
        if not found:
            raise InputError(
                f"no {MEETINGS} in it",
                where=shown(path),
                todo="give AMI's manual annotations, ami_public_manual_1.6.2.zip",
            )
        # Somebody may have packed it again, folder and all.
        root = min(found, key=len).removesuffix(MEETINGS)
        self._members = {
            info.filename.removeprefix(root): info
            for info in members
            if info.filename.startswith(root)
        }

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def place(self, name: str) -> str:
        """Where a member is, for messages."""
        return f"{shown(self._path)}: {clipped(name)}"

    def xml(self, name: str) -> Element:
        """A member as XML. Entities are refused, so that a small file stays small.

        Raises:
            InputError: it is missing, too large, damaged or no XML.
        """
        from xml.etree.ElementTree import ParseError

        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        data = self._bytes(name)
        try:
            root: Element = fromstring(data)
        except DefusedXmlException:
            raise broken("entities in the XML", self.place(name)) from None
        except (ParseError, ValueError, LookupError) as error:  # LookupError: an unknown encoding
            raise broken(f"no XML ({clipped(str(error))})", self.place(name)) from None
        return root

    def _bytes(self, name: str) -> bytes:
        info = self._members.get(name)
        if info is None:
            raise broken("missing", self.place(name))
        self._read += info.file_size
        if info.file_size > MOST_MEMBER_BYTES or self._read > MOST_BYTES:
            raise broken("too large, unpacked", self.place(name))
        try:
            # What is unpacked is cut at the size that the zip states, and then fails its checksum.
            return self._archive.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            reason = "encrypted" if info.flag_bits & 1 else clipped(str(error))
            raise broken(f"cannot be unpacked ({reason})", self.place(name)) from None
        except NotImplementedError:
            raise broken("packed in an unknown way", self.place(name)) from None


@contextmanager
def open_release(path: Path) -> Iterator[Release]:
    """Opens a release for reading.

    Raises:
        InputError: it is missing, no zip, or holds no AMI annotations.
    """
    with open_input(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise InputError(
                "not a zip file, or cut off", where=shown(path), todo="fetch it again"
            ) from None
        with archive:
            yield Release(path, archive)


def references(element: Element, kind: str, place: str) -> Iterator[tuple[str, str, str]]:
    """What an element points to: file, first id, last id.

    Args:
        element: of any layer.
        kind: ``child`` or ``pointer``.
        place: of the file, for messages.

    Raises:
        InputError: it does not say so in NXT's way, ``FILE#id(FIRST)..id(LAST)``.
    """
    for one in element.findall(NITE + kind):
        href = one.get("href", "")
        found = _REFERENCE.fullmatch(href)
        if found is None:
            raise broken(f"not a reference: '{clipped(href)}'", place)
        file, first, last = found.groups()
        yield file, first, last or first


def time_of(element: Element, name: str, place: str) -> float | None:
    """A time in seconds; None where there is none.

    Raises:
        InputError: it is not a time.
    """
    text = element.get(name)
    if not text:
        return None
    try:
        time = float(text)
    except ValueError:
        time = -1.0
    if not 0 <= time <= LATEST_S:
        raise broken(f"{name} is '{clipped(text)}', which is no time", place)
    return round(time, 3)
