"""An answer without a model: the sentence that somebody said, if it surely answers the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moderator.language.phrases import Phrases
from moderator.mind.grounding.ranking import Ranking
from moderator.mind.grounding.said_lines import SaidLine
from moderator.mind.grounding.wording import Wording

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
    plain = f" {' '.join(one.plain for one in wording.tokens(question))} "
    wants_number = any(f" {one} " in plain for one in phrases.asks_number)
    wants_time = any(f" {one} " in plain for one in phrases.asks_time)
    for one in (*phrases.asks_number, *phrases.asks_time):
        plain = plain.replace(f" {one} ", " ", 1)  # "how long": not what it is about
    asked = wording.tokens(plain)
    if len({one.stem for one in wording.content(asked)}) < LEAST_TOPIC:
        return None
    said = [part for line in lines if not line.to_agent for part in _sentences(line)]
    ranking = Ranking(plain, said, wording)
    for_somebody = any(ranking.named)
    for index in ranking.best(5):
        line = said[index]
        tokens = wording.tokens(line.text)
        if line.text.endswith("?") or ranking.covered(index) < COVERED:
            continue
        if for_somebody and not ranking.named[index]:
            continue
        new = wording.numbers(tokens) - wording.numbers(asked)
        dated = wording.exact(tokens) - wording.exact(asked)
        if (wants_number and not new) or (wants_time and not (new or dated)):
            continue
        if len(line.text.split()) <= LONGEST_QUOTE:
            return Quote(line.text, line)
    return None


def _sentences(line: SaidLine) -> Iterator[SaidLine]:
    """The sentences of a line, each as a line of its own."""
    words: list[str] = []
    for word in line.text.split():
        words.append(word)
        if word[-1] in ".?!":
            yield replace(line, text=" ".join(words))
            words = []
    if words:
        yield replace(line, text=" ".join(words))
