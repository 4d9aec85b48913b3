"""Documents of Word, as Teams and Meet export transcripts: the text of their paragraphs."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from integrations.files.disk.foreign import shown, unpacked
from moderator.errors import InputError

_MOST_ELEMENTS: Final = 500_000
"""A meeting of eight hours has some 200,000."""

_DOCUMENT: Final = "word/document.xml"
_WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT: Final = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def is_docx(file: BinaryIO) -> bool:
    """Whether a file is a document of Word; it is read from where it stands."""
    try:
        with ZipFile(file) as packed:
            return _DOCUMENT in packed.namelist()
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def docx_text(file: BinaryIO, path: Path) -> str:
    """The text of a document, a line a paragraph; `path` stands in messages.

    Raises:
        InputError: it is damaged, encrypted or too large, or declares entities.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.sax import make_parser

    lines = _Lines()
    parser = make_parser()
    parser.setFeature("http://xml.org/sax/features/namespaces", True)
    parser.setContentHandler(lines)
    try:
        with ZipFile(file) as packed:
            if packed.getinfo(_DOCUMENT).compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise NotImplementedError("packed in an unknown way")
            with packed.open(_DOCUMENT) as document:
                data = unpacked(document, path)
        parser.parse(BytesIO(data))
    except (BadZipFile, zlib.error, OSError, EOFError, LookupError, RuntimeError) as error:
        raise _damaged(path, str(error)) from None
    except SAXParseException as error:
        raise _damaged(path, error.getMessage()) from None
    except (DefusedXmlException, ValueError) as error:
        raise _damaged(path, type(error).__name__) from None
    return "\n".join(lines.lines)


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"a document that cannot be read ({ascii(why)[1:80]})",
        where=shown(path),
        todo="export it again, or save it as text",
    )


class TooManyElements(ValueError):
    """A document has more than `_MOST_ELEMENTS`."""


class _Lines(ContentHandler):
    """Collects the text of paragraphs; tabs and line breaks in them count."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._parts: list[str] = []
        self._text = False
        self._elements = 0

    def startElementNS(
        self, name: tuple[str | None, str], qname: str | None, attrs: object
    ) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise TooManyElements
        space, local = name
        if space not in (_WORD, _STRICT):
            return
        if local == "t":
            self._text = True
        elif local == "tab":
            self._parts.append("\t")
        elif local in ("br", "cr"):
            self._end_line()

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        if name[0] in (_WORD, _STRICT):
            if name[1] == "t":
                self._text = False
            elif name[1] == "p":
                self._end_line()

    def characters(self, content: str) -> None:
        if self._text:
            self._parts.append(content)

    def _end_line(self) -> None:
        self.lines.append("".join(self._parts).replace("\n", " ").replace("\r", " "))
        self._parts = []
