"""A meeting's words written in every form that is written, for `convert` and `replay --formats`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from diarize.base import SpeakerActivity
from integrations.files.transcripts.audacity import audacity_text
from integrations.files.transcripts.chat import chat_text
from integrations.files.transcripts.ctm import ctm_text
from integrations.files.transcripts.eaf import eaf_text
from integrations.files.transcripts.kaldi import kaldi_texts
from integrations.files.transcripts.manifests import lhotse_text, nemo_text
from integrations.files.transcripts.plain_text import plain_text
from integrations.files.transcripts.records import record_text
from integrations.files.transcripts.rttm import rttm_text
from integrations.files.transcripts.seglst import seglst_text
from integrations.files.transcripts.srt import srt_text
from integrations.files.transcripts.stm import stm_text
from integrations.files.transcripts.textgrid import textgrid_text
from integrations.files.transcripts.tiers import Interval, tiers_of
from integrations.files.transcripts.uem import uem_text
from integrations.files.transcripts.vtt import vtt_text
from integrations.files.transcripts.words import MeetingWords, in_order
from moderator.events import Word
from moderator.timeline import Samples


@dataclass(frozen=True, slots=True)
class Told:
    """What is written of a meeting.

    Attributes:
        meeting_id: its name.
        duration: its length.
        words: all words, the agent's among them, by start.
        voices: who had a voice when.
        names: what people are called, by id.
        decisions: what the agent decided and why, by start; they do not overlap.
    """

    meeting_id: str
    duration: Samples
    words: Sequence[Word]
    voices: Sequence[SpeakerActivity]
    names: Mapping[str, str]
    decisions: Sequence[Interval] = ()


def told_of(meeting: MeetingWords) -> Told:
    """What is written of a meeting that was read."""
    names = {one.id: one.name for one in meeting.participants.values()}
    return Told(meeting.meeting_id, meeting.duration, in_order(meeting.words), meeting.turns, names)


Writer: TypeAlias = Callable[[Told], Mapping[str, str]]
"""Gives texts by the endings of the files that they belong in, or by their whole names."""


def _one(ending: str, text: Callable[[Told], str]) -> Writer:
    return lambda told: {ending: text(told)}


WRITERS: Final[Mapping[str, Writer]] = {
    "record": _one(".json", lambda t: record_text(t.meeting_id, t.duration, t.words, t.names)),
    "seglst": _one(".seglst.json", lambda t: seglst_text(t.meeting_id, t.words)),
    "vtt": _one(".vtt", lambda t: vtt_text(t.words, t.names)),
    "srt": _one(".srt", lambda t: srt_text(t.words, t.names)),
    "text": _one(".txt", lambda t: plain_text(t.words, t.names)),
    "stm": _one(".stm", lambda t: stm_text(t.meeting_id, t.words)),
    "uem": _one(".uem", lambda t: uem_text(t.meeting_id, t.duration)),
    "ctm": _one(".ctm", lambda t: ctm_text(t.meeting_id, t.words)),
    "rttm": _one(".rttm", lambda t: rttm_text(t.meeting_id, t.voices)),
    "nemo": _one(".jsonl", lambda t: nemo_text(t.meeting_id, t.words)),
    "lhotse": _one(".jsonl", lambda t: lhotse_text(t.meeting_id, t.words)),
    "kaldi": lambda t: kaldi_texts(t.meeting_id, t.words),
    "textgrid": _one(
        ".TextGrid",
        lambda t: textgrid_text(tiers_of(t.words, t.names, t.decisions), t.duration),
    ),
    "eaf": _one(".eaf", lambda t: eaf_text(tiers_of(t.words, t.names, t.decisions))),
    "audacity": _one(".audacity.txt", lambda t: audacity_text(t.words, t.names)),
    "chat": _one(".cha", lambda t: chat_text(t.meeting_id, t.words, t.names)),
}
"""Writers by the names of forms."""
