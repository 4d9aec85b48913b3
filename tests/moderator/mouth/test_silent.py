"""What is written where there is no voice."""

from __future__ import annotations

from moderator.mouth.silent import SilentVoice
from moderator.timeline import to_seconds


def test_it_takes_the_time_of_speech_and_makes_no_sound() -> None:
    first, second = SilentVoice("de").say("Noch eine Minute. Weiter geht es mit dem Budget.")
    assert first.text == "Noch eine Minute."
    assert [word.text for word in second.words][-1] == "Budget."
    assert second.words[-1].end == len(second.samples)
    assert not second.samples.any()
    assert 1.0 < to_seconds(len(second.samples)) < 4.0


def test_a_character_of_japanese_is_a_syllable() -> None:
    first, second = SilentVoice("ja").say("残り五分です。次の議題に移りましょう。")
    assert (first.text, second.text) == ("残り五分です。", "次の議題に移りましょう。")
    assert 1.0 < to_seconds(len(second.samples)) < 3.0
