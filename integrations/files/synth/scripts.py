"""Reads scripts of meetings, as single files, directories, or zip archives of them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from integrations.files.disk.foreign import MOST_TEXT_BYTES, invalid, open_input, read_text, shown
from moderator.errors import InputError
from moderator.synth.script import Script

MOST_SCRIPTS = 100_000

_TODO = "give scripts as JSON, a directory of them, or a zip archive"


def read_scripts(places: Sequence[Path]) -> Iterator[Script]:
    """The scripts of some places, by file name within each.

    Args:
        places: scripts, directories whose ``*.json`` are read, or zip archives of such files.

    Raises:
        InputError: one is missing, broken, or no script, or two have one id.
    """
    found: dict[str, str] = {}
    for place in places:
        for script, where in _of(place):
            before = found.setdefault(script.id, where)
            if before is not where:
                raise InputError(
                    f"the script {script.id!a} twice",
                    where=f"{before} and {where}",
                    todo="leave one of them out",
                )
            yield script


def _of(place: Path) -> Iterator[tuple[Script, str]]:
    if place.is_dir():
        files = sorted(path for path in place.glob("*.json") if not path.name.startswith("."))
        if not files:
            raise InputError("no scripts (*.json) in it", where=shown(place), todo=_TODO)
        for path in files[:MOST_SCRIPTS]:
            yield _parsed(read_text(path), path), shown(path)
    elif place.suffix == ".zip":
        yield from _packed(place)
    else:
        yield _parsed(read_text(place), place), shown(place)


def _packed(place: Path) -> Iterator[tuple[Script, str]]:
    with open_input(place) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                infos = [one for one in archive.infolist() if one.filename.endswith(".json")]
                if not infos:
                    raise InputError("no scripts (*.json) in it", where=shown(place), todo=_TODO)
                for info in sorted(infos, key=lambda one: one.filename)[:MOST_SCRIPTS]:
                    with archive.open(info) as packed:
                        data = packed.read(MOST_TEXT_BYTES // 16)
                    inside = place / info.filename
                    yield _parsed(data.decode("utf-8"), inside), shown(inside)
        except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, RuntimeError, OSError):
            raise InputError("a damaged zip archive", where=shown(place), todo=_TODO) from None


def _parsed(text: str, path: Path) -> Script:
    try:
        return Script.model_validate_json(text)
    except ValidationError as error:
        raise invalid(error, path) from None
