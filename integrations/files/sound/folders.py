"""A folder or zip archive of tracks: whose each is, and when it began."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from integrations.files.disk import foreign
from integrations.files.disk.foreign import checked_id, open_input, shown
from integrations.files.disk.outdir import holds_results
from integrations.files.sound.containers import sniff
from integrations.files.sound.manifests import Said, read_manifest
from integrations.files.sound.stems import common_beginning
from integrations.files.sound.tracks import MOST_TRACKS, Track
from integrations.files.sound.unpacking import is_archive, unpack
from integrations.files.sound.wav import LONGEST
from moderator.errors import InputError
from moderator.timeline import to_samples, to_seconds

_PER_PERSON: Final = "audio record"
"""Zoom's folder with one recording for each participant, beside what it mixed of them."""

_MIXED: Final = frozenset({"raw.dat"})
"""Craig's recording before it is taken apart; it begins like an Ogg file."""

_ZOOM: Final = re.compile(r"audio(.*?[^0-9])_?[0-9]{5,}")
_CRAIG: Final = re.compile(r"[0-9]{1,3}-(.+?)(?:_[0-9]{4})?")
_WORD_BEGINS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MOST_MANIFEST_BYTES: Final = 2**22
_MOST_FILES: Final = 5_000
_LATEST: Final = to_seconds(LONGEST)


@dataclass(frozen=True, slots=True)
class FoundTracks:
    """The recordings of a folder.

    Attributes:
        meeting_id: the folder's name.
        tracks: the recordings, by name of their files.
        remarks: what had to be assumed, in words.
    """

    meeting_id: str
    tracks: tuple[Track, ...]
    remarks: tuple[str, ...] = ()


def holds_tracks(path: Path) -> bool:
    """Whether a path is a folder, or a zip archive that may hold recordings."""
    try:
        return path.is_dir() or (path.is_file() and path.stat().st_size > 0 and is_archive(path))
    except OSError:  # whoever opens it says what is wrong with the name
        return False


def holds_one_meeting(folder: Path) -> bool:
    """Whether `find_tracks` finds the recordings of one meeting in a folder."""
    try:
        _recordings(folder, folder)
    except (InputError, OSError):
        return False
    return True


def find_tracks(path: Path) -> FoundTracks:
    """The recordings in a folder or zip archive, with names and offsets.

    Names come from manifests, else from the names of the files: without what they begin with in
    common, and without what Zoom and Craig put around a name. Offsets come from manifests.

    Raises:
        InputError: there is no recording or more than `MOST_TRACKS`, or a manifest is wrong.
    """
    unpacked = None if path.is_dir() else unpack(path)
    root = path if unpacked is None else unpacked.folder
    name = foreign.meeting_id(path.resolve().name if unpacked is None else path.stem)
    try:
        folder, recordings, remarks = _recordings(root, path)
        if len(recordings) > MOST_TRACKS:
            raise InputError(
                f"{len(recordings)} recordings",
                where=shown(path),
                todo=f"give at most {MOST_TRACKS}",
            )
        if len(recordings) == 1:
            return FoundTracks(name, (Track(recordings[0], keeps=unpacked),), remarks)
        said = _all_said({folder, root})
        tracks, more = _named(recordings, said, path)
        tracks, late = _placed(tracks, said, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot be read ({reason})", where=shown(path), todo="check its permissions"
        ) from None
    kept = tuple(replace(track, keeps=unpacked) for track in tracks)
    return FoundTracks(name, kept, (*remarks, *more, *late))


def _recordings(root: Path, given: Path) -> tuple[Path, list[Path], tuple[str, ...]]:
    """The folder with the recordings, these, and remarks."""
    inner = _folders(root)
    for folder in inner:
        if folder.name.lower() == _PER_PERSON and (found := _in(folder)):
            remark = f"heard is the folder {folder.name}, with a recording for each participant"
            return folder, found, (remark,)
    if found := _in(root):
        return root, found, ()
    filled = [(folder, found) for folder in inner if (found := _in(folder))]
    if len(filled) == 1:
        return *filled[0], ()
    if filled:
        raise _several(given, [folder for folder, _ in filled])
    if len(inner) == 1:
        return _recordings_below(inner[0], given)
    raise _none(given)


def _recordings_below(folder: Path, given: Path) -> tuple[Path, list[Path], tuple[str, ...]]:
    """As in a folder with nothing but another one, as archives often are."""
    filled = [(one, found) for one in _folders(folder) if (found := _in(one))]
    if not filled:
        raise _none(given)
    per_person = [pair for pair in filled if pair[0].name.lower() == _PER_PERSON]
    if len(filled) > 1 and not per_person:
        raise _several(given, [one for one, _ in filled])
    return *(per_person or filled)[0], ()


def _folders(root: Path) -> list[Path]:
    """The folders in a folder, without what programs hide there and the results of runs."""
    inner = sorted(one for one in root.iterdir() if one.is_dir() and one.name[:1] not in "._")
    return [one for one in inner if not holds_results(one)]


def _several(given: Path, folders: Sequence[Path]) -> InputError:
    return InputError(
        f"recordings in {len(folders)} folders",
        where=shown(given),
        todo=f"give one, such as {foreign.clipped(folders[0].name)}",
    )


def _none(given: Path) -> InputError:
    return InputError(
        "a directory without recordings" if given.is_dir() else "a zip archive without recordings",
        where=shown(given),
        todo="put one recording for each participant there",
    )


def _in(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir())[:_MOST_FILES]:
        if path.name.startswith(".") or path.name.lower() in _MIXED:
            continue
        if path.is_file() and path.stat().st_size:
            with open_input(path) as file:
                if sniff(file) is not None:
                    found.append(path)
    return found


def _all_said(folders: set[Path]) -> dict[str, Said]:
    """What manifests say, by name of the file."""
    said: dict[str, Said] = {}
    for folder in sorted(folders):
        for path in sorted(folder.glob("*.json"))[:_MOST_FILES]:
            if path.is_file() and 0 < path.stat().st_size <= _MOST_MANIFEST_BYTES:
                said |= {one.file: one for one in read_manifest(path)}
    return said


def _named(
    recordings: Sequence[Path], said: dict[str, Said], given: Path
) -> tuple[list[Track], list[str]]:
    names = dict(zip(recordings, _names([path.stem for path in recordings]), strict=True))
    taken: set[str] = set()
    tracks, remarks = [], []
    for path in recordings:
        told = said.get(path.name)
        name = checked_id(told.name if told and told.name else names[path], shown(given))
        number, free = 2, name
        while free in taken:
            free = f"{name[: foreign.LONGEST_ID - 4]} {number}"
            number += 1
        if free != name:
            remarks.append(f"another recording of {name}: called {free}")
        taken.add(free)
        tracks.append(Track(path, free))
    return tracks, remarks


def _names(stems: Sequence[str]) -> list[str]:
    """Names of people, made of the names of their files."""
    zoom = [_ZOOM.fullmatch(stem) for stem in stems]
    craig = [_CRAIG.fullmatch(stem) for stem in stems]
    if all(zoom):
        names = [_WORD_BEGINS.sub(" ", found[1]) for found in zoom if found]
    elif all(craig):
        names = [found[1] for found in craig if found]
    else:
        _, names = common_beginning(stems)
    cleaned = [re.sub(r"[\s_]+", " ", name).strip(" .-") for name in names]
    return [(name or stem)[: foreign.LONGEST_ID] for name, stem in zip(cleaned, stems, strict=True)]


def _placed(
    tracks: Sequence[Track], said: dict[str, Said], given: Path
) -> tuple[list[Track], list[str]]:
    """The tracks with their offsets: the first that began begins the meeting."""
    starts = {
        track.path: one.start
        for track in tracks
        if (one := said.get(track.path.name)) is not None and one.start is not None
    }
    if not starts:
        return list(tracks), []
    of_day = [start for start in starts.values() if start > _LATEST]
    if of_day and len(of_day) < len(starts):
        raise InputError(
            "some tracks with a time of day, and some with seconds",
            where=shown(given),
            todo="give all of them in one way",
        )
    first = min(starts.values()) if of_day else 0.0
    late = max(starts.values()) - first
    if late > _LATEST:
        raise InputError(
            f"tracks that began {late / 3600:.0f} hours apart",
            where=shown(given),
            todo="correct their start times",
        )
    placed, remarks = [], []
    for track in tracks:
        start = starts.get(track.path)
        if start is None:
            remarks.append(f"no start time for {track.name}: taken as the meeting's beginning")
        told = said.get(track.path.name)
        lasts = told.lasts if told is not None else None
        placed.append(
            replace(
                track,
                offset=to_samples(max(0.0, (start or first) - first)),
                lasts=None if lasts is None else to_samples(min(lasts, _LATEST)),
            )
        )
    count = len({track.offset for track in placed})
    if count > 1:
        late_s = max(to_seconds(track.offset) for track in placed)
        remarks.append(f"tracks begin up to {late_s:.1f} s apart, by their manifest")
    return placed, remarks
