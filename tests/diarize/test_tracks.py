from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize.base import SAMPLE_RATE, Audio
from diarize.errors import DiarizeError
from diarize.tracks import TrackDiarizer, TrackSettings
from tests.diarize.tones import joined

FRAME = 512


class LevelVad:
    """A detector for which a frame's probability is its first sample."""

    frame = FRAME

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.float32)

    def push(self, audio: Audio) -> npt.NDArray[np.float32]:
        self._rest = np.concatenate([self._rest, audio])
        whole = len(self._rest) // FRAME
        frames, self._rest = self._rest[: whole * FRAME], self._rest[whole * FRAME :]
        return frames.reshape(-1, FRAME)[:, 0]


def track(probabilities: Sequence[float]) -> Audio:
    return np.repeat(np.array(probabilities, dtype=np.float32), FRAME)


def frames(
    probabilities: Sequence[float], settings: TrackSettings | None = None, packet: int = 1600
) -> list[tuple[int, int]]:
    """Speech in frames, as the diarizer finds it."""
    diarizer, audio, pieces = TrackDiarizer("anna", LevelVad(), settings), track(probabilities), []
    for start in range(0, len(audio), packet):
        pieces += diarizer.push(audio[start : start + packet])
    return [(p.start // FRAME, p.end // FRAME) for p in joined(pieces + diarizer.flush())]


def test_speech_begins_at_onset_and_goes_on_over_offset() -> None:
    settings = TrackSettings(min_silence_s=0.0)
    assert frames([0.4] * 5 + [0.6] + [0.4] * 5 + [0.1] * 20, settings) == [(5, 11)]
    assert frames([0.4] * 30, settings) == []


def test_bursts_are_dropped_from_their_first_frame() -> None:
    assert frames([0, 0, 1, 0, 0, 0, 1, 1, 0, 0] + [0] * 20) == []
    assert frames([0, 0, 1, 1, 1, 0, 0] + [0] * 20)[0][0] == 2


def test_short_pauses_are_bridged_and_long_ones_are_not() -> None:
    pause = round(0.25 * SAMPLE_RATE / FRAME)
    assert len(frames([1] * 10 + [0] * pause + [1] * 10 + [0] * 20)) == 1
    assert len(frames([1] * 10 + [0] * (pause + 1) + [1] * 10 + [0] * 20)) == 2


def test_speech_is_held_no_longer_than_the_pause_that_must_be_awaited() -> None:
    ((start, end),) = frames([0] * 5 + [1] * 20 + [0] * 40)
    assert start == 5
    assert 25 <= end <= 25 + round(0.25 * SAMPLE_RATE / FRAME)


@given(
    st.lists(st.sampled_from([0.0, 0.4, 0.9]), max_size=60),
    st.lists(st.integers(1, 4000), min_size=1, max_size=20),
)
def test_packets_do_not_matter_and_latency_is_kept(
    probabilities: list[float], packets: list[int]
) -> None:
    audio, diarizer, pieces, at = track(probabilities), TrackDiarizer("anna", LevelVad()), [], 0
    for packet in packets:
        before = diarizer.settled
        new = diarizer.push(audio[at : at + packet])
        at = min(at + packet, len(audio))
        assert diarizer.settled >= at - diarizer.spec.latency_s * SAMPLE_RATE
        assert all(before <= p.start < p.end <= diarizer.settled for p in new)
        pieces += new
    pieces += diarizer.push(audio[at:]) + diarizer.flush()
    assert diarizer.settled == len(audio)
    found = [(p.start // FRAME, p.end // FRAME) for p in joined(pieces)]
    assert found == frames(probabilities, packet=FRAME)


def test_latency_is_a_tenth_of_a_second() -> None:
    diarizer = TrackDiarizer("anna", LevelVad())
    assert diarizer.spec.latency_s <= 0.1
    assert diarizer.spec.max_speakers == 1


def test_what_does_not_fill_a_frame_goes_on_as_before() -> None:
    diarizer = TrackDiarizer("anna", LevelVad())
    audio = np.ones(FRAME * 10 + 100, dtype=np.float32)
    pieces = diarizer.push(audio) + diarizer.flush()
    assert joined(pieces)[-1].end == len(audio)


def test_broken_samples_and_probabilities_are_silence() -> None:
    assert frames([float("nan")] * 40) == []


def test_voices_far_below_the_own_level_are_another_persons() -> None:
    loud, soft = [0.9] * 40, [0.06] * 40
    settings = TrackSettings(onset=0.05, offset=0.05, leak_db=15.0)
    ((_, end),) = frames(loud + [0.0] * 20 + soft, settings)
    assert end <= 60
    assert len(frames(loud + [0.0] * 20 + soft, TrackSettings(onset=0.05, offset=0.05))) == 2


def test_refuses_settings_that_make_no_sense() -> None:
    with pytest.raises(DiarizeError, match="order"):
        TrackDiarizer("anna", LevelVad(), TrackSettings(onset=0.3, offset=0.5))
    with pytest.raises(DiarizeError, match="latency"):
        TrackDiarizer("anna", LevelVad(), TrackSettings(latency_s=0.01))
