from __future__ import annotations

from diarize.base import SpeakerActivity
from moderator.ears.attribution import Attribution
from moderator.ears.recogniser import RecognisedWord
from moderator.labels import SOMEBODY


def give(activities: list[tuple[str, int, int]], words: list[tuple[int, int]]) -> list[str]:
    attribution = Attribution()
    attribution.add(
        [SpeakerActivity(who, start, end) for who, start, end in activities],
        [RecognisedWord("w", start, end) for start, end in words],
    )
    return [word.speaker for word in attribution.finish()]


def test_the_longest_overlap_wins_not_the_midpoint() -> None:
    # ben speaks at the midpoint, ana for longer.
    assert give([("ana", 0, 450), ("ben", 450, 600), ("ana", 600, 1000)], [(0, 1000)]) == ["ana"]


def test_on_a_near_tie_the_speaker_before_goes_on() -> None:
    both = [("ana", 0, 4_000), ("ben", 1_900, 6_000)]
    assert give(both, [(0, 1_800), (1_900, 4_000)]) == ["ana", "ana"]
    assert give(both[::-1], [(4_100, 6_000)]) == ["ben"]


def test_a_word_in_a_gap_goes_to_the_nearest_voice() -> None:
    assert give([("ana", 0, 1_000), ("ben", 9_000, 9_900)], [(7_000, 8_500)]) == ["ben"]


def test_nobody_is_invented() -> None:
    assert give([], [(0, 1_000)]) == [SOMEBODY]


def test_words_wait_until_diarization_has_passed_them() -> None:
    attribution = Attribution()
    attribution.add(words=[RecognisedWord("w", 0, 1_000), RecognisedWord("v", 1_000, 2_000)])
    assert attribution.settle(999) == []
    assert attribution.waiting == "w v"
    attribution.add([SpeakerActivity("ana", 0, 1_500)])
    assert [w.text for w in attribution.settle(1_500)] == ["w"]
    assert [w.text for w in attribution.settle(2_000)] == ["v"]
    assert not attribution.waiting
