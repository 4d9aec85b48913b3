import numpy as np
import pytest

from diarize.clustering import SpeakerClusters, Voice
from diarize.embedding import Vector, unit
from diarize.errors import DiarizeError

LIMIT = 4


def vector(*values: float) -> Vector:
    made = unit(np.array(values))
    assert made is not None
    return made


A, B, C = vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)


def voice(v: Vector | None, clean_s: float = 1.5, fresh_s: float = 0.25, before: int = -1) -> Voice:
    continuity = np.zeros(LIMIT, dtype=np.float32)
    if before >= 0:
        continuity[before] = 1.0
    return Voice(v, clean_s, fresh_s, continuity)


def two() -> SpeakerClusters:
    clusters = SpeakerClusters(LIMIT)
    assert clusters.assign([voice(A)]) == [0]
    assert clusters.assign([voice(B)]) == [1]
    return clusters


def test_voices_find_their_speaker_again() -> None:
    clusters = two()
    assert clusters.assign([voice(B), voice(A)]) == [1, 0]
    assert [clusters.name(slot) for slot in clusters.active] == ["speaker_1", "speaker_2"]


def test_two_voices_of_one_window_never_share_a_speaker() -> None:
    first, second = two().assign([voice(A), voice(vector(1, 0.1, 0))])
    assert first == 0
    assert second != 0


def test_a_new_speaker_needs_evidence() -> None:
    clusters = two()
    assert clusters.assign([voice(C, clean_s=0.5)]) == [None]
    assert clusters.active == [0, 1]
    assert clusters.assign([voice(C, clean_s=1.2)]) == [2]


def test_short_speech_goes_to_the_nearest_if_it_is_near() -> None:
    assert two().assign([voice(vector(1, 0.2, 2), clean_s=0.5)]) == [0]


def test_a_voice_of_which_nothing_is_known_is_nobodys() -> None:
    assert two().assign([voice(None, clean_s=0.1)]) == [None]


def test_continuity_decides_where_the_voice_says_little() -> None:
    assert two().assign([voice(None, clean_s=0.1, before=1)]) == [1]


def test_a_clear_voice_overrules_continuity() -> None:
    assert two().assign([voice(A, before=1)]) == [0]


def test_short_speech_does_not_move_a_centroid() -> None:
    clusters = two()
    before = clusters.similarities([voice(A)])[0, 0]
    clusters.assign([voice(vector(1, 0, 0.5), clean_s=0.3)])
    assert clusters.similarities([voice(A)])[0, 0] == before
    clusters.assign([voice(vector(1, 0, 0.5))])
    assert clusters.similarities([voice(A)])[0, 0] < before


def drifted() -> SpeakerClusters:
    """The second speaker's centroid has come near the first's."""
    clusters = two()
    for _ in range(200):
        clusters.assign([voice(vector(1, 1.1, 0), before=1)])
    return clusters


def test_speakers_that_turn_out_one_are_merged_into_the_older() -> None:
    clusters = drifted()
    assert clusters.merge_alike() == (0, 1)
    assert clusters.active == [0]
    assert clusters.name(0) == "speaker_1"
    assert clusters.assign([voice(C)]) == [1]
    assert clusters.name(1) == "speaker_3", "a label is never given twice"


def test_speakers_heard_at_once_are_never_merged() -> None:
    clusters = drifted()
    clusters.assign([voice(A), voice(B)])
    assert clusters.merge_alike() is None


def test_a_name_is_not_given_to_the_nearest_stranger() -> None:
    clusters = SpeakerClusters(LIMIT)
    clusters.enrol("Anna", A, 5.0)
    assert clusters.assign([voice(B, clean_s=0.1)]) == [None]
    assert clusters.assign([voice(vector(1, 0.3, 0))]) == [0]
    assert clusters.name(0) == "Anna"


def test_enrolled_speakers_stay_apart_and_within_the_limit() -> None:
    clusters = SpeakerClusters(2)
    clusters.enrol("Anna", A, 5.0)
    clusters.enrol("Ben", vector(1, 0.01, 0), 5.0)
    assert clusters.merge_alike() is None
    with pytest.raises(DiarizeError, match="Cem"):
        clusters.enrol("Cem", C, 5.0)


def test_evidence_is_capped_so_that_a_voice_can_be_followed_for_hours() -> None:
    clusters = two()
    for _ in range(2000):
        clusters.assign([voice(A)])
    for _ in range(400):
        clusters.assign([voice(vector(1, 0, 0.6))])
    assert clusters.similarities([voice(vector(1, 0, 0.6))])[0, 0] > 0.98
