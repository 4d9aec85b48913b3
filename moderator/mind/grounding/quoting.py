"""An answer without a model: the sentence that somebody said, if it surely answers the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moderator.language.phrases import Phrases, normalise
from moderator.mind.grounding.ranking import Ranking
from moderator.mind.grounding.said_lines import SaidLine
from moderator.mind.grounding.wording import Wording
from moderator.spacing import ASKS, ENDS, joined, tokens

COVERED = 0.7
"""Share of what the question is about that a sentence must speak of."""

LONGEST_QUOTE = 40
"""Words; a longer sentence is no answer to be read out."""

LEAST_TOPIC = 2
"""Words of meaning that a question must have, for one word in common is chance."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What is read out, and the line that it stands in."""

    words: str
    line: SaidLine


def quote(
    question: str, lines: Sequence[SaidLine], phrases: Phrases, wording: Wording
) -> Quote | None:
    """The sentence that answers a question; None where none surely does.

    Args:
        question: without the agent's name.
        lines: oldest first.
        phrases: which questions ask for a number or a time.
        wording: reads both.
    """
    spoken = [normalise(word) for word in tokens(question.split())]
    number, time = phrases.asks_number, phrases.asks_time
    wants_number, wants_time = number.within(spoken), time.within(spoken)
    plain = joined((number | time).removed(spoken))  # "how long": not what it is about
    asked = wording.tokens(plain)
    if len({one.stem for one in wording.content(asked)}) < LEAST_TOPIC:
        return None
    said = [part for line in lines if not line.to_agent for part in _sentences(line)]
    ranking = Ranking(plain, said, wording)
    for_somebody = any(ranking.named)
    for index in ranking.best(5):
        line = said[index]
        said_there = wording.tokens(line.text)
        if line.text.endswith(ASKS) or ranking.covered(index) < COVERED:
            continue
        if for_somebody and not ranking.named[index]:
            continue
        new = wording.numbers(said_there) - wording.numbers(asked)
        dated = wording.exact(said_there) - wording.exact(asked)
        if (wants_number and not new) or (wants_time and not (new or dated)):
            continue
        if len(tokens(line.text.split())) <= LONGEST_QUOTE:
            return Quote(line.text, line)
    return None


def _sentences(line: SaidLine) -> Iterator[SaidLine]:
    """The sentences of a line, each as a line of its own."""
    words: list[str] = []
    for word in tokens(line.text.split()):
        words.append(word)
        if word.endswith(ENDS):
            yield replace(line, text=joined(words))
            words = []
    if words:
        yield replace(line, text=joined(words))
