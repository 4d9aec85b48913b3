"""Which sound of a run its report plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from moderator.measure.report.sound import find_sound


@pytest.mark.parametrize("rate", [1, 8_000, 268_443_456])
def test_sound_that_no_run_wrote_is_not_encoded(tmp_path: Path, rate: int) -> None:
    """At such rates an hour would be made of a few bytes."""
    soundfile.write(tmp_path / "agent.wav", np.zeros(16_000, dtype=np.float32), 16_000)
    soundfile.write(tmp_path / "meeting.wav", np.zeros(160, dtype=np.float32), 16_000)
    data = bytearray((tmp_path / "meeting.wav").read_bytes())
    data[24:28] = rate.to_bytes(4, "little")
    (tmp_path / "meeting.wav").write_bytes(data)
    sound = find_sound(tmp_path, embed=True)
    assert sound is not None
    assert (sound.file, sound.whole) == ("agent.wav", False)
    assert sound.data
