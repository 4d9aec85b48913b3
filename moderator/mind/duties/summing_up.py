"""The duty to sum up: who talked, for how long, and which words came up most."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from moderator.events import Act
from moderator.mind.duties.base import Scene, Wish
from moderator.mind.duties.plan import MINUTE
from moderator.mind.duties.shares import shares_in_words
from moderator.timeline import Samples
from roles.schema import SummariseDuty

TOPIC_WORDS = 3
TIMES = 3


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary's words, and the ids of those whose words they hold."""

    words: str
    quotes: frozenset[str] = frozenset()


def summary(scene: Scene) -> Summary:
    """A summary from measured facts; it does not claim to know what was meant."""
    shares = shares_in_words(scene)
    if not shares:
        return Summary(scene.phrases.say("answer_nobody"))
    words = frequent_words(scene)
    topics = (
        scene.phrases.say("summarise_topics", words=scene.phrases.listed(words)) if words else ""
    )
    duration = scene.duration(scene.now)
    said = scene.phrases.say("summarise", duration=duration, shares=shares, topics=topics)
    return Summary(said, frozenset().union(*words.values()))


def frequent_words(scene: Scene) -> dict[str, frozenset[str]]:
    """Words of substance said at least `TIMES` times, most frequent first, each with who did."""
    counts: Counter[str] = Counter()
    who: dict[str, set[str]] = {}
    for utterance in scene.transcript:
        for word in scene.wording.topics(utterance.words):
            counts[word] += 1
            who.setdefault(word, set()).add(utterance.speaker)
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return {word: frozenset(who[word]) for word, count in ranked[:TOPIC_WORDS] if count >= TIMES}


class Summarise:
    """Sums up every so many minutes."""

    def __init__(self, duty: SummariseDuty) -> None:
        self.name = duty.name or duty.type
        self._every = duty.every_minutes
        self._last: Samples = 0

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to sum up once the interval is over, if anything was said in it.

        Never without an interval.
        """
        if self._every is None or scene.now - self._last < round(self._every * MINUTE):
            return None
        if scene.last_voice <= self._last and not scene.transcript.since(self._last):
            return None
        made = summary(scene)
        cue = "the interval for a summary is over"
        return Wish(Act.SUMMARISE, 0.6, made.words, cue, quotes=made.quotes)

    def granted(self, now: Samples) -> None:
        """Said."""
        self._last = now
