"""The sound of a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from moderator.measure.report.sound import find_sound


def test_a_header_that_states_hours_of_a_few_bytes_is_none(tmp_path: Path) -> None:
    """At 1 Hz, 3 kB would be an hour of sound to encode."""
    soundfile.write(tmp_path / "meeting.wav", np.zeros(1_600, np.float32), 16_000, "PCM_16")
    found = find_sound(tmp_path, embed=True)
    assert found is not None
    assert found.data
    soundfile.write(tmp_path / "meeting.wav", np.zeros(1_600, np.float32), 1, "PCM_16")
    assert find_sound(tmp_path, embed=True) is None
