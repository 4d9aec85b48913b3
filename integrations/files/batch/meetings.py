"""Tells whether a command line names one meeting or many, and which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from integrations.files.batch.entries import Entry, Kind, entries_of, told, tracks_in
from integrations.files.batch.results import named_apart
from integrations.files.disk.foreign import shown
from integrations.files.inputs import SUFFIXES
from integrations.files.sound.folders import holds_one_meeting
from moderator.errors import InputError

MOST_MEETINGS: Final = 10_000

_MEANT: Final = SUFFIXES | {
    f".{kind}"
    for kind in "json jsonl vtt srt docx stm ctm rttm uem textgrid eaf cha zip".split()  # noqa: SIM905
}
"""How the names of files end that are meant as meetings, whatever is in them."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One of many meetings.

    Attributes:
        name: of its results' directory.
        inputs: absolute paths, as `open_inputs` takes them.
        wrong: why it cannot be a meeting.
    """

    name: str
    inputs: tuple[str, ...]
    wrong: InputError | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Many meetings.

    Attributes:
        meetings: in the order given, by name within a folder.
        passed_over: names of what is no meeting.
    """

    meetings: tuple[Meeting, ...]
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A meeting that has no name yet; `path` is what it is called after."""

    path: Path
    files: tuple[Path, ...]
    wrong: InputError | None = None


def find_meetings(args: Sequence[str], out: Path, *, each: bool) -> Batch | None:
    """The meetings that arguments name; None where they are one meeting, or none that is known.

    What `open_inputs` takes for one meeting is one. Otherwise many are: a folder that holds
    folders or archives of tracks, or transcripts; several arguments, one of them a folder or an
    archive; and several transcripts each of which has words.

    Args:
        args: of the command line.
        out: the results' directory, which is passed over.
        each: every argument that is a file, and every entry of one that is a folder, is a meeting.

    Raises:
        InputError: a file is missing or cannot be told apart, arguments do not go with `each`, or
            there are folders of meetings, or too many meetings.
    """
    found, left = _find([Path(one) for one in args], out.absolute(), each=each) or ([], [])
    if not found:
        return None
    if len(found) > MOST_MEETINGS:
        raise InputError(
            f"more than {MOST_MEETINGS} meetings", where=args[0][:200], todo="split it"
        )
    names = named_apart([one.path for one in found])
    meetings = [
        Meeting(name, tuple(str(path.absolute()) for path in one.files), one.wrong)
        for name, one in zip(names, found, strict=True)
    ]
    for one in meetings:
        if str(out.absolute() / one.name) in one.inputs:
            todo = "choose another directory for the results"
            raise InputError("the results would go where it is", where=one.inputs[0], todo=todo)
    return Batch(tuple(meetings), tuple(shown(path) for path in left))


def _find(
    paths: Sequence[Path], out: Path, *, each: bool
) -> tuple[list[_Found], list[Path]] | None:
    """The meetings, and what is none; None where all arguments are one meeting."""
    if not each and not any(tracks_in(path) for path in paths):
        return _transcripts(paths)
    if not each and len(paths) == 1 and (paths[0].is_file() or holds_one_meeting(paths[0])):
        return None
    for path in paths:
        if not path.exists():
            todo = "beside a folder, or with --each, give files as they are: no names or offsets"
            raise InputError("no such file", where=shown(path), todo=todo)
    found: list[_Found] = []
    left: list[Path] = []
    for folder in (path for path in paths if path.is_dir()):
        if not each and holds_one_meeting(folder):
            found.append(_Found(folder, (folder,)))
            continue
        entries = list(entries_of(folder, out))
        _check_flat(folder, entries)
        more, over = _grouped(entries, named=each)
        if not each and len(paths) == 1 and all(one.wrong for one in more):
            return None  # whoever opens it says what is missing
        found += more or [_Found(folder, (folder,))]
        left += over
    more, over = _grouped([told(path) for path in paths if not path.is_dir()], named=True)
    return found + more, left + over


def _transcripts(paths: Sequence[Path]) -> tuple[list[_Found], list[Path]] | None:
    """Several transcripts that have words, each by itself; None for all else."""
    if len(paths) < 2 or not all(path.is_file() for path in paths):
        return None
    entries = [told(path) for path in paths]
    kinds = [entry.kind for entry in entries]
    if kinds.count(Kind.WORDS) < 2 or not {Kind.WORDS, Kind.BESIDE} >= set(kinds):
        return None
    return _grouped(entries, named=True)


def _grouped(
    entries: Sequence[Entry], *, named: bool, within: bool = False
) -> tuple[list[_Found], list[Path]]:
    """Meetings made of entries, in the order of these, and what is none.

    Args:
        entries: of a folder, or named on the command line.
        named: it was said that each is a meeting.
        within: the entries are those of a folder among others, which is not looked into further.
    """
    grouping = _Grouping(entries, named, within)
    found = [one for entry in entries if (one := grouping.meeting(entry)) is not None]
    return found, grouping.left


class _Grouping:
    """Puts files that are one meeting together; arguments as of `_grouped`."""

    def __init__(self, entries: Sequence[Entry], named: bool, within: bool) -> None:
        self._named, self._within = named, within
        self._parts = tuple(entry.path for entry in entries if entry.kind is Kind.PART)
        self._beside = [entry.path for entry in entries if entry.kind is Kind.BESIDE]
        self._stems = {
            kind: {entry.path.stem for entry in entries if entry.kind is kind} for kind in Kind
        }
        self.left: list[Path] = []

    def meeting(self, entry: Entry) -> _Found | None:
        """The meeting that an entry begins; None where it is none, or belongs to another's."""
        path = entry.path
        if entry.kind is Kind.UNKNOWN:
            return self._folder(path) if path.is_dir() else self._unknown(entry)
        if entry.kind is Kind.WORDS:
            beside = (one for one in self._beside if one.stem == path.stem)
            return _Found(path, (path, *beside))
        if entry.kind is Kind.PART:
            return _Found(path.absolute().parent, self._parts) if path == self._parts[0] else None
        if entry.kind is Kind.BESIDE and path.stem in self._stems[Kind.WORDS]:
            return None
        if entry.kind is Kind.BESIDE and path.stem in self._stems[Kind.RECORDING]:
            return self._pass_over(path)
        return _Found(path, (path,))

    def _folder(self, path: Path) -> _Found | None:
        found = None if self._within else _of_folder(path)
        if found is None and self._named:
            return _Found(path, (path,))
        return found or self._pass_over(path)

    def _unknown(self, entry: Entry) -> _Found | None:
        if self._named or entry.path.suffix.lower() in _MEANT:
            return _Found(entry.path, (entry.path,), entry.wrong)
        return self._pass_over(entry.path)

    def _pass_over(self, path: Path) -> _Found | None:
        self.left.append(path)
        return None


def _of_folder(folder: Path) -> _Found | None:
    """The transcript in a folder among others."""
    try:
        entries = list(entries_of(folder, folder))
    except InputError as error:
        return _Found(folder, (folder,), error)
    meetings = [one for one in _grouped(entries, named=False, within=True)[0] if not one.wrong]
    if len(meetings) > 1:
        todo = f"give it by itself: {shown(folder)}"
        wrong = InputError(f"a folder of {len(meetings)} meetings", where=shown(folder), todo=todo)
        return _Found(folder, (folder,), wrong)
    return _Found(folder, meetings[0].files) if meetings else None


def _check_flat(folder: Path, entries: Sequence[Entry]) -> None:
    """Refuses a folder that holds nothing but folders of meetings.

    Raises:
        InputError: it does.
    """
    inner = [entry for entry in entries if entry.kind is not Kind.UNKNOWN or entry.path.is_dir()]
    folders = [one.path for one in inner if one.kind is Kind.UNKNOWN]
    if len(folders) < len(inner):
        return
    many = [path for path in folders if (one := _of_folder(path)) and one.wrong]
    if many and len(many) == len(folders):
        given = " ".join(shown(path) for path in many[:3]) + " …" * (len(many) > 3)
        raise InputError(
            "no meetings, but folders of meetings", where=shown(folder), todo=f"give these: {given}"
        )
