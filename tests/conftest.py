"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("MODERATOR_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def recorded_meetings() -> Path:
    """The directory of recorded meetings; tests that need it are skipped without it."""
    if not (DATA / "ami").is_dir():
        pytest.skip(f"no recorded meetings in {DATA}: set MODERATOR_DATA")
    return DATA
