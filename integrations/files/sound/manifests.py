"""Start times and names of tracks, from the JSON files that lie beside them.

Read are LiveKit egress' manifests and its API's EgressInfo, and a ``tracks.json`` of one's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from integrations.files.disk.foreign import clipped, read_text, shown
from moderator.errors import InputError
from moderator.plain_json import parse_json

_NANOSECONDS: Final = 10**15
"""From here on a number is nanoseconds since 1970, not seconds."""

_MOST_TRACKS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Said:
    """What a manifest says of one file.

    Attributes:
        file: its name, without folders.
        name: the participant's; None: not said.
        start: seconds, counted from the meeting's beginning or from 1970; None: not said.
        lasts: seconds from its start to its end by the clock; None: not said.
    """

    file: str
    name: str | None = None
    start: float | None = None
    lasts: float | None = None


def read_manifest(path: Path) -> list[Said]:
    """What a JSON file says of tracks; nothing if it is no manifest.

    Raises:
        InputError: it is one, and something in it is wrong.
    """
    try:
        data = parse_json(read_text(path))
    except (InputError, ValueError):
        return []
    return list(_said(data, path))[:_MOST_TRACKS]


def _said(data: object, path: Path) -> Iterator[Said]:
    if isinstance(data, list):
        for item in data[:_MOST_TRACKS]:
            if isinstance(item, dict) and _is_egress(item):
                yield from _egress(item, path)
    elif isinstance(data, dict):
        if isinstance(data.get("items"), list):  # of the API's list of egresses
            yield from _said(data["items"], path)
        elif _is_egress(data):
            yield from _egress(data, path)
        elif isinstance(data.get("tracks"), list):
            yield from _own(data["tracks"], path)


def _is_egress(data: Mapping[str, Any]) -> bool:
    return "egress_id" in data or "egressId" in data


def _egress(data: Mapping[str, Any], path: Path) -> Iterator[Said]:
    """A manifest has ``files``, an EgressInfo file results with times of their own."""
    results = _first(data, "file_results", "fileResults", "files")
    results = results if isinstance(results, list) else [data.get("file")]
    person = data.get("participant")
    name = _first(data, "publisher_identity", "publisherIdentity")
    if name is None and isinstance(person, dict):
        name = person.get("identity")
    for result in results[:_MOST_TRACKS]:
        if not isinstance(result, dict) or not isinstance(result.get("filename"), str):
            continue
        begun = _first(result, "started_at", "startedAt")
        ended = _first(result, "ended_at", "endedAt")
        if begun is None:
            begun = _first(data, "started_at", "startedAt")
            ended = _first(data, "ended_at", "endedAt")
        start = _time(begun, path, "started_at")
        end = _time(ended, path, "ended_at")
        lasts = end - start if start is not None and end is not None and end > start else None
        file = _file(result["filename"])
        yield Said(file, name if isinstance(name, str) and name else None, start, lasts)


def _own(tracks: Sequence[object], path: Path) -> Iterator[Said]:
    for index, track in enumerate(tracks[:_MOST_TRACKS]):
        place = f"tracks[{index}]"
        if not isinstance(track, dict) or not isinstance(track.get("file"), str):
            raise _wrong("no file's name", path, place)
        name = track.get("name")
        if name is not None and not isinstance(name, str):
            raise _wrong("a name that is no text", path, f"{place}.name")
        key = "start" if "start" in track else "started_at"
        yield Said(_file(track["file"]), name, _time(track.get(key), path, f"{place}.{key}"))


def _time(value: object, path: Path, place: str) -> float | None:
    """Seconds; of a time of day those since 1970."""
    if value is None or value in (0, "0", ""):  # the API's way of saying nothing; and the beginning
        return None if value is None or isinstance(value, str) else 0.0
    try:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = int(value) if isinstance(value, str) else value
        seconds = number / 1e9 if number >= _NANOSECONDS else float(number)
    except (ValueError, OverflowError):
        raise _wrong(f"no time: {clipped(str(value))!r}", path, place) from None
    if not math.isfinite(seconds) or seconds < 0:
        raise _wrong(f"no time: {clipped(str(value))!r}", path, place)
    return seconds


def _wrong(what: str, path: Path, place: str) -> InputError:
    todo = "give seconds from the meeting's beginning, or a time of day as 2026-01-31T09:30:00Z"
    return InputError(what, where=f"{shown(path)}: {place}", todo=todo)


def _file(name: str) -> str:
    """A file's name without the folders of wherever it was stored."""
    return PurePosixPath(name.replace("\\", "/")).name


def _first(data: Mapping[str, Any], *keys: str) -> Any:
    return next((data[key] for key in keys if data.get(key) is not None), None)
