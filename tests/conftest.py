"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

DATA = Path(os.environ.get("MODERATOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

# Begun in a shell's background, interrupts are ignored, also by the commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, and no verdict on a busy machine's speed.
settings.register_profile("moderator", deadline=None, derandomize=True)
settings.load_profile("moderator")


@pytest.fixture(scope="session")
def recorded_meetings() -> Path:
    """The directory of recorded meetings; tests that need it are skipped without it."""
    if not (DATA / "ami").is_dir():
        pytest.skip(f"no recorded meetings in {DATA}: set MODERATOR_DATA")
    return DATA


@pytest.fixture(scope="session")
def cases() -> Path:
    """The directory of cases from the field, beside that of recorded meetings; else skipped."""
    folder = DATA.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases in {folder}: set MODERATOR_DATA")
    return folder
