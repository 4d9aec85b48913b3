"""How like real talk made meetings are: the same statistics of both, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from moderator.errors import InputError
from moderator.measure.bench.floor_turns import all_floor_turns, speakers
from moderator.measure.bench.meeting import BenchMeeting
from moderator.synth.fitting import backchannels, transfers
from moderator.timeline import TICK, to_seconds


def statistics(meetings: Sequence[BenchMeeting]) -> dict[str, float]:
    """Figures of some meetings, by what they are.

    Raises:
        InputError: there is too little talk.
    """
    offsets = np.array([one.offset for meeting in meetings for one in transfers(meeting)])
    turns = [turn for meeting in meetings for turn in all_floor_turns(meeting)]
    if not len(offsets) or not turns:
        raise InputError("too little talk to measure", todo="give more meetings")
    lengths = np.array([to_seconds(turn.end - turn.start) for turn in turns])
    spoken = sum(to_seconds(turn.end - turn.start) for turn in turns)
    words = sum(turn.words for turn in turns)
    hours = sum(to_seconds(meeting.duration) for meeting in meetings) / 3600
    at_once = np.concatenate([_voices(meeting) for meeting in meetings])
    return {
        "floor transfers: median offset, s": float(np.median(offsets)),
        "10 %": float(np.quantile(offsets, 0.1)),
        "90 %": float(np.quantile(offsets, 0.9)),
        "overlapping, %": 100 * float((offsets < 0).mean()),
        "within 0.2 s around the end, %": 100 * float((np.abs(offsets) <= 0.2).mean()),
        "floor turns an hour": len(turns) / hours,
        "median length of a floor turn, s": float(np.median(lengths)),
        "words a second in floor turns": words / spoken,
        "backchannels an hour": sum(1 for m in meetings for _ in backchannels(m)) / hours,
        "nobody speaks, % of the time": 100 * float((at_once == 0).mean()),
        "two or more speak, %": 100 * float((at_once > 1).mean()),
    }


def _voices(meeting: BenchMeeting) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many speak in each tick; pauses inside utterances count as silence."""
    ticks = meeting.duration // TICK + 1
    count = np.zeros(ticks, dtype=np.int64)
    for name in speakers(meeting):
        mine = np.zeros(ticks, dtype=bool)
        for word in meeting.words:
            if word.speaker == name:
                mine[word.start // TICK : max(word.end - 1, word.start) // TICK + 1] = True
        count += mine
    return count
