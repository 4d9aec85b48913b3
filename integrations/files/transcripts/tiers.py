"""Tiers: intervals with a text, a tier a person, as Praat and ELAN have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.words import MeetingWords, clean
from moderator.events import Word
from moderator.timeline import Samples

DECISIONS: Final = "decisions"
"""Name of the tier with what the agent decided; it is nobody's."""

_NO_SPEECH: Final = frozenset(
    {"phones", "phone", "phonemes", "segments", "syllable", "syllables", "tones", "pos", "gloss"}
    | {"gesture", "gestures", "gaze", "translation", "comment", "comments", "notes"}
)
"""Names of tiers that are nobody's speech, or that say again what another tier says."""

_WORDS: Final = frozenset({"words", "word"})


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a tier; times in samples."""

    start: Samples
    end: Samples
    text: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier.

    Attributes:
        name: its name.
        intervals: those with a text, by start; they do not overlap.
        speaker: whose it is, where the file says more than its name.
    """

    name: str
    intervals: Sequence[Interval]
    speaker: str | None = None


def meeting_of_tiers(
    tiers: Sequence[Tier], path: Path, left_out: Sequence[str] = ()
) -> MeetingWords:
    """A meeting of tiers, each what one person says.

    Tiers of phones, gestures and the like, and of decisions, are passed over, with a note. Where
    tiers are named ``Ana - words`` and ``Ana - phones``, as forced aligners do, intervals are
    words; a tier ``words`` beside others says what they say.

    Args:
        tiers: in the file's order.
        path: the file, for messages.
        left_out: names of tiers that were not read.

    Raises:
        InputError: times are reversed, a bad name, no words.
    """
    draft = Draft(path)
    passed = list(left_out)
    speech = [tier for tier in tiers if not _is_no_speech(tier)]
    for number, tier in enumerate(tiers, start=1):
        who, _, kind = tier.name.rpartition(" - ")
        aligned = kind.strip().lower() in _WORDS
        if _is_no_speech(tier) or (aligned and not who and len(speech) > 1):
            passed.append(tier.name)
            continue
        called = who if aligned else tier.name
        place = f"tier {number}"
        speaker = draft.speaker(tier.speaker or called.strip(), place)
        for one in tier.intervals:
            words = [(one.text, one.start, one.end)] if aligned else None
            draft.say(speaker, one.text, one.start, one.end, place, words)
    if passed:
        listed = ", ".join(clean(name)[:40] for name in passed[:5])
        draft.note(f"{len(passed)} tiers that are nobody's speech left out: {listed}")
    return draft.meeting("give tiers with words")


def _is_no_speech(tier: Tier) -> bool:
    kind = tier.name.rpartition(" - ")[2].strip().lower()
    return kind in _NO_SPEECH or tier.name.lower().startswith(DECISIONS)


def tiers_of(
    words: Iterable[Word], names: Mapping[str, str], decisions: Sequence[Interval]
) -> list[Tier]:
    """Words as tiers, a speaker a tier, their names as `names` gives them; decisions come first."""
    by_speaker: dict[str, list[Interval]] = {}
    for segment in join_words(words):
        some = by_speaker.setdefault(segment.speaker, [])
        start = max(segment.start, some[-1].end if some else 0)
        some.append(Interval(start, max(segment.end, start + 1), clean(segment.text)))
    tiers = [Tier(who, some, names.get(who, who)) for who, some in sorted(by_speaker.items())]
    return [Tier(DECISIONS, decisions), *tiers] if decisions else tiers
