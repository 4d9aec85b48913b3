"""Readers of folders and zip archives of tracks, and of what lies beside these."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import soundfile

from integrations.files.replayable import prepare
from moderator.timeline import SAMPLE_RATE
from tests.fuzz.mutations import Form
from tests.fuzz.recordings import tone
from tests.fuzz.target import Target

_BEGAN: Final = 1_790_000_000_000_000_000


def _egress(who: str, late_s: float) -> dict[str, Any]:
    """As LiveKit's egress writes it beside a track."""
    begun = _BEGAN + round(late_s * 1e9)
    return {
        "egress_id": f"EG_{who}",
        "started_at": begun,
        "ended_at": begun + 400_000_000,
        "publisher_identity": who.title(),
        "files": [{"filename": f"rooms/today/{who}.wav", "location": f"s3://b/{who}.wav"}],
    }


def _info(who: str, late_s: float) -> dict[str, Any]:
    """As LiveKit's API lists it."""
    return {
        "egressId": f"EG_{who}",
        "participant": {"identity": who.title()},
        "fileResults": [
            {
                "filename": f"{who}.wav",
                "startedAt": str(_BEGAN + round(late_s * 1e9)),
                "endedAt": "2026-09-21T12:00:00Z",
            }
        ],
    }


def _manifests(folder: Path) -> Sequence[bytes]:
    own = [
        {"file": "ana.wav", "name": "Ana Lee", "start": 0.25},
        {"file": "ben.wav", "start": 2},
    ]
    values = [
        _egress("ana", 0.0),
        [_egress("ana", 0.0), _egress("ben", 0.5)],
        {"items": [_info("ana", 0.0), _info("ben", 0.5)]},
        {"tracks": [{"file": "ben.wav", "started_at": "2026-01-31T09:30:00Z"}]},
        {"tracks": own},
    ]
    return [json.dumps(value, indent=1).encode() for value in values]


@cache
def _sound() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(0.1), SAMPLE_RATE, "PCM_16", format="WAV")
    return buffer.getvalue()


def _zips(folder: Path) -> Sequence[bytes]:
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in ("call/ana.wav", "call/ben.wav", "call/ana.json", "call/notes.txt"):
                member = zipfile.ZipInfo(name)
                member.compress_type = method
                ending = name.rpartition(".")[2]
                said = json.dumps(_egress("ana", 0.5)).encode() if ending == "json" else b"notes"
                archive.writestr(member, _sound() if ending == "wav" else said)
        found.append(buffer.getvalue())
    return found


def _read(path: Path) -> None:
    for track in prepare([str(path)]).tracks.values():
        for _ in track.blocks(SAMPLE_RATE):
            pass


def _manifest(name: str, data: bytes, folder: Path) -> None:
    call = folder / "call"
    call.mkdir()
    for who in ("ana", "ben"):
        (call / f"{who}.wav").write_bytes(_sound())
    (call / name).write_bytes(data)
    _read(call)


def _zip(data: bytes, folder: Path) -> None:
    (folder / "call.zip").write_bytes(data)
    _read(folder / "call.zip")


TARGETS: Final = (
    Target("zip of tracks", Form.BYTES, _zips, _zip, like=(".zip",)),
    Target("manifest of tracks", Form.JSON, _manifests, partial(_manifest, "tracks.json")),
)
