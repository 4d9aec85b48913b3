"""A voice that fails, and the one that speaks instead."""

from __future__ import annotations

import pytest

from moderator.mouth import substituted
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
