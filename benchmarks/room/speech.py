"""What the simulated people say: our own voices, and headset recordings of AMI."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile as sf

from integrations.files.sound.render import RenderedMeeting, render_record, speech
from integrations.files.transcripts.records import read_record
from moderator.audio import Waveform
from moderator.floor.state import TURN_LENGTH
from moderator.models.store import ModelStore
from moderator.mouth.loading import HIBARI_SPEAKERS, VoiceLoader
from moderator.timeline import FRAME, SAMPLE_RATE, to_samples
from roles.schema import VoiceChoice

APART = to_samples(0.5)
"""A silence that sets a backchannel apart from the turn that follows it."""

LEVEL = 0.08
"""RMS that recordings are brought to: that of the rendered voices."""

QUESTIONS = (
    "Robin, who has talked the most so far?",
    "Robin, how long have we been talking?",
    "Robin, who has talked the least so far?",
)
LONG = (
    "I will now tell you at some length what has happened in this meeting so far, and then what "
    "will happen next, and then who has asked for the floor, so that nobody is left out of it."
)
OVER = (
    "No wait, that is not what I wanted to know, let me say it in another way.",
    "Sorry, I have to come in here, because we are running out of time.",
    "Hold on, I think we should talk about the budget first.",
)
BACKCHANNELS = ("Mm-hm.", "Yeah.", "Right.", "Okay.")
ROUND = (
    "The budget for the garden went up because the fence has to be painted twice this year.",
    "My brother drove the lorry from Hamburg to Vienna without stopping at any border.",
    "Our customers complain about broken batteries and a display that is hard to read.",
    "Yesterday the library opened a reading room for children under seven.",
    "The orchestra needs four violins, two cellos and somebody who can play the drums.",
    "We should move the launch into April, after the holidays of the factory.",
    "A nurse told me that the hospital closes its kitchen on Sunday evenings.",
    "The bakery sells bread with walnuts, and on Fridays a cake with cherries.",
)
"""What each of eight people says; no two share a content word."""


class Voices:
    """Speaks with the embedded voices, which are told apart by pitch."""

    def __init__(self) -> None:
        self._load = VoiceLoader(ModelStore.default())
        self.say = lru_cache(maxsize=256)(self._say)

    def _say(self, voice: int, text: str) -> Waveform:
        """``(n,)`` at 16 kHz."""
        name = list(HIBARI_SPEAKERS)[voice % len(HIBARI_SPEAKERS)]
        return speech(self._load(VoiceChoice(speaker=name)), "", text).samples

    def meeting(self, minutes: float) -> RenderedMeeting | None:
        """A recorded meeting's words with their real turns, pauses and overlaps; None if no data.

        The talk is among the people: nobody in it knows of an agent.
        """
        record = _data("ami/dev/ES2003b.json")
        if record is None:
            return None
        voices = [self._load(VoiceChoice(speaker=name)) for name in HIBARI_SPEAKERS]
        return render_record(read_record(record), voices, to_samples(60 * minutes))


def headsets(kind: str) -> list[Waveform]:
    """What AMI's participants say over somebody: ``take`` the floor, or backchannel (``bc``).

    The first utterance of each excerpt, ``(n,)`` at 16 kHz; none if there is no data.
    """
    folder = _data("audio/ami_headsets")
    found = sorted(folder.glob(f"*-{kind}-*.json")) if folder is not None else []
    return [_first_utterance(path) for path in found]


def over(voices: Voices, kind: str) -> Sequence[Waveform]:
    """Recordings first, then rendered ones; ``take`` or ``bc``."""
    texts = OVER if kind == "take" else BACKCHANNELS
    recorded = headsets(kind)
    if kind == "take":
        recorded = [from_first_turn(one) for one in recorded]
    return [*recorded, *(voices.say(0, text) for text in texts)]


def from_first_turn(audio: Waveform) -> Waveform:
    """The audio without a backchannel ("Yeah") that stands apart before the first floor turn.

    Args:
        audio: ``(n,)`` at 16 kHz; returned whole where no sound lasts like a turn.
    """
    loud = np.flatnonzero(np.abs(audio) > 0.05 * np.max(np.abs(audio)))
    for run in np.split(loud, np.flatnonzero(np.diff(loud) >= APART) + 1):
        if run[-1] - run[0] >= TURN_LENGTH:
            return audio[max(0, run[0] - FRAME) :]
    return audio


def _first_utterance(path: Path) -> Waveform:
    facts = json.loads(path.read_text("utf-8"))
    start, end = facts["reference_render"]["caller_segments_sec"][0]
    audio, rate = sf.read(path.with_suffix(".wav"), dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE:
        raise ValueError(f"{path}: {rate} Hz")
    one = audio[to_samples(start) : to_samples(min(end, start + 4.0)), 0]
    loud = one[np.abs(one) > 0.1 * np.max(np.abs(one))]
    made: Waveform = np.clip(one * (LEVEL / np.sqrt(np.mean(loud**2))), -1.0, 1.0)
    return made


def _data(name: str) -> Path | None:
    folder = os.environ.get("MODERATOR_DATA")
    path = Path(folder) / name if folder else None
    return path if path is not None and path.exists() else None
