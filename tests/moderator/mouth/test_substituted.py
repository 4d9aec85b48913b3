"""A voice that fails, and the one that speaks instead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from moderator.mouth import substituted
from moderator.mouth.base import Sentence
from moderator.mouth.substituted import SubstitutedVoice
from moderator.testing.faulty import SAID, FaultyVoice, Mode, Switch
from moderator.testing.mouth import ToneVoice


@pytest.mark.parametrize("mode", [Mode.CRASH, Mode.RUBBISH])
def test_another_voice_says_what_the_first_cannot(mode: Mode) -> None:
    switch, other = Switch(mode), ToneVoice()
    voice = SubstitutedVoice(FaultyVoice(switch), other)
    assert [one.text for one in voice.say("One. Two.")] == ["One.", "Two."]
    assert other.said == ["One.", "Two."]
    assert switch.used == 1  # it is left alone for a while
    (told,) = voice.take_failures()
    assert "takes over" in told
    assert SAID not in told


def test_the_first_speaks_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(substituted, "FIRST_PAUSE_S", 0.0)
    switch, other = Switch(Mode.CRASH), ToneVoice()
    voice = SubstitutedVoice(FaultyVoice(switch), other)
    list(voice.say("One."))
    switch.mode = Mode.OK
    list(voice.say("Two."))
    assert other.said == ["One."]


class Breaking(ToneVoice):
    """Fails within its sentence."""

    def say(self, text: str) -> Iterator[Sentence]:
        part = next(super().say(" ".join(text.split()[:2])))
        yield part
        raise ValueError(SAID)


def test_the_other_goes_on_where_the_first_broke_off() -> None:
    other = ToneVoice()
    said = list(SubstitutedVoice(Breaking(), other).say("One two three four."))
    assert [word.text for one in said for word in one.words] == ["One", "two", "three", "four."]
    assert other.said == ["three four."]
