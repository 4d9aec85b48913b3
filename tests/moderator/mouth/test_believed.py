"""What is believed of a voice."""

from __future__ import annotations

import numpy as np
import pytest

from moderator.errors import VoiceError
from moderator.mouth.base import Sentence, SpokenWord
from moderator.mouth.believed import believed
from moderator.testing.faulty import FaultyVoice, Mode, Switch


def test_sound_is_played_as_it_is_and_no_louder_than_can_be() -> None:
    loud = Sentence("hm", np.array([0.5, -3.0], dtype=np.float32), (SpokenWord("hm", 0, 2),))
    [found] = believed([loud])
    assert found.samples.tolist() == [0.5, -1.0]
    assert (found.text, found.words) == (loud.text, loud.words)


def test_what_is_no_sound_is_refused() -> None:
    voice = FaultyVoice(Switch(Mode.RUBBISH))
    for _ in range(40):  # each kind of rubbish, several times
        with pytest.raises(VoiceError, match=r"is no sound|are none"):
            list(believed(voice.say("One two.")))
