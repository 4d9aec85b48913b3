"""From a release to a directory of records: all of them, or none."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from integrations.files.ami.records import Listed, as_text, listed, records
from integrations.files.ami.release import Release, broken, open_release
from integrations.files.disk.atomic import disk_errors, sync_directory, write_text
from integrations.files.disk.foreign import shown
from integrations.files.transcripts.records import parse_record
from moderator.cli.console import progress
from moderator.errors import InputError


@dataclass(frozen=True, slots=True)
class Done:
    """What an import did.

    Attributes:
        written: the records, by split.
        left_out: how often something could not be used, by what it is.
    """

    written: Sequence[Path]
    left_out: Counter[str]


def import_release(archive: Path, out: Path, splits: Sequence[str], *, force: bool = False) -> Done:
    """Writes a record for every meeting, in a folder for each split.

    Args:
        archive: AMI's manual annotations, a zip.
        out: where the folders are made.
        splits: which are wanted.
        force: replace records that are there.

    Raises:
        InputError: the archive is not what it should be, a record is there already, or `out`
            cannot be written to. No record is written then.
    """
    with open_release(archive) as release:
        meetings = [one for one in listed(release) if one.split in splits]
        meetings.sort(key=lambda one: (splits.index(one.split), one.id))
        if not meetings:
            raise InputError(
                "no meetings of this split in it", where=shown(archive), todo="choose another split"
            )
        _check_free(out, meetings, force)
        with disk_errors(out):
            made = [path for path in (out, *out.parents) if not path.exists()]
            out.mkdir(parents=True, exist_ok=True)
            stage = tempfile.TemporaryDirectory(prefix=".import-", dir=out)
        try:
            with stage as folder:
                return _write(release, meetings, Path(folder), out)
        finally:
            for path in made:
                with suppress(OSError):  # it is not empty: the import went well
                    path.rmdir()


def _check_free(out: Path, meetings: Sequence[Listed], force: bool) -> None:
    if out.exists() and not out.is_dir():
        raise InputError("not a directory", where=shown(out), todo="name another one")
    there = [path for one in meetings if (path := _place(out, one)).exists()]
    if there and not force:
        raise InputError(
            "it is there already",
            where=shown(there[0]),
            todo="choose another directory or add --force",
        )


def _place(folder: Path, meeting: Listed) -> Path:
    return folder / meeting.split / f"{meeting.id}.json"


def _write(release: Release, meetings: Sequence[Listed], stage: Path, out: Path) -> Done:
    left_out: Counter[str] = Counter()
    ready: list[tuple[Path, Path]] = []
    with progress("importing", float(len(meetings))) as advance:
        for meeting, record in records(release, meetings, left_out):
            if record is None:
                left_out["meetings without words"] += 1
            else:
                part, place = _place(stage, meeting), _place(out, meeting)
                text = as_text(record)
                parse_record(text, place)  # what is written can be read
                with disk_errors(out):
                    part.parent.mkdir(exist_ok=True)
                write_text(part, text)
                ready.append((part, place))
            advance(1.0)
    if not ready:
        raise broken("no words in it", release.place("words"))
    with disk_errors(out):
        for part, place in ready:
            place.parent.mkdir(exist_ok=True)
            part.replace(place)
        for folder in {place.parent for _, place in ready}:
            sync_directory(folder)
    return Done([place for _, place in ready], +left_out)
