"""Runs that are over."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from benchmarks.reliability.meeting import Room

LENGTH_S = 50.0


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A meeting of 50 s that came to its end, with two summaries that quote people."""
    out = tmp_path_factory.mktemp("finished") / "out"
    asyncio.run(Room(out, LENGTH_S, {}).run())
    return out


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "out"))
