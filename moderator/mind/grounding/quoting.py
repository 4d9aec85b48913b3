"""An answer in somebody's own words: what surely answers, or what a model has picked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from moderator.language.phrases import Phrases, normalise
from moderator.mind.grounding.ranking import Ranking
from moderator.mind.grounding.said_lines import SaidLine
from moderator.mind.grounding.wording import Token, Wording
from moderator.spacing import ASKS, ENDS, joined, tokens
from moderator.timeline import to_samples

COVERED = 0.7
"""Share of what the question is about that a passage must speak of."""

PICKED_COVERED = 0.3
"""The same where a model has picked it, and of it together with the lines beside it."""

LONGEST_QUOTE = 40
"""Words; a longer passage is no answer to be read out."""

LEAST_TOPIC = 2
"""Words of meaning that a question must have, for one word in common is chance."""

LEAST_SHARE = 2 / 3
"""Of the words of meaning that a model picked, so many must stand in the sentence."""

_MINUTE = to_samples(60.0)


@dataclass(frozen=True, slots=True)
class Quote:
    """What is read out, and the line that it stands in."""

    words: str
    line: SaidLine

    def read_out(self, phrases: Phrases) -> str:
        """The words with who said them, and when."""
        minute = self.line.start // _MINUTE
        return phrases.say(
            "answer_quote", min(minute, 1), name=self.line.name, minute=minute, words=self.words
        )


class Asked:
    """A question as what its answer must have.

    Args:
        question: without the agent's name.
        phrases: which questions ask for a number or a time.
        wording: reads it.

    Attributes:
        about: the question without the words that say what is wanted, such as "how long".
    """

    def __init__(self, question: str, phrases: Phrases, wording: Wording) -> None:
        self._wording = wording
        spoken = [normalise(word) for word in tokens(question.split())]
        number, time = phrases.asks_number, phrases.asks_time
        self._number, self._time = number.within(spoken), time.within(spoken)
        self.about = joined((number | time).removed(spoken))
        self.tokens = wording.tokens(self.about)

    @property
    def topics(self) -> int:
        """Different words of meaning in it."""
        return len({one.stem for one in self._wording.content(self.tokens)})

    def satisfied(self, said: Sequence[Token]) -> bool:
        """Whether words have a number or a time that the question has not, if it wants one."""
        new = self._wording.numbers(said) - self._wording.numbers(self.tokens)
        dated = self._wording.exact(said) - self._wording.exact(self.tokens)
        return (not self._number or bool(new)) and (not self._time or bool(new or dated))


def quote(
    question: str, lines: Sequence[SaidLine], phrases: Phrases, wording: Wording
) -> Quote | None:
    """The sentence, or two in a row, that answers a question; None where none surely does.

    Args:
        question: without the agent's name.
        lines: oldest first.
        phrases: which questions ask for a number or a time.
        wording: reads both.
    """
    asked = Asked(question, phrases, wording)
    if asked.topics < LEAST_TOPIC:
        return None
    told = [line for line in lines if not line.to_agent]
    for parts in (_sentences, _pairs):
        said = [part for line in told for part in parts(line)]
        found = _surely(asked, said, wording)
        if found is not None:
            return found
    return None


def _surely(asked: Asked, said: Sequence[SaidLine], wording: Wording) -> Quote | None:
    """The first of the best passages that surely answers."""
    ranking = Ranking(asked.about, said, wording)
    for_somebody = any(ranking.named)
    for index in ranking.best(5):
        line = said[index]
        if line.text.endswith(ASKS) or ranking.covered(index) < COVERED:
            continue
        if for_somebody and not ranking.named[index]:
            continue
        fits = len(tokens(line.text.split())) <= LONGEST_QUOTE
        if fits and asked.satisfied(wording.tokens(line.text)):
            return Quote(line.text, line)
    return None


def picked(
    answer: str,
    question: str,
    lines: Sequence[SaidLine],
    shown: Sequence[int],
    phrases: Phrases,
    wording: Wording,
) -> Quote | None:
    """The sentence that a model's few words are taken from; None where none has them and answers.

    Args:
        answer: the model's words.
        question: without the agent's name.
        lines: oldest first.
        shown: indices of those that the model was shown.
        phrases: which questions ask for a number or a time.
        wording: reads all of it.
    """
    asked = Asked(question, phrases, wording)
    given = _Given(answer, asked, wording)
    if not given.says_more:
        return None
    ranking = Ranking(asked.about, lines, wording)
    for_somebody = any(ranking.named)
    best: tuple[float, Quote] | None = None
    for index in shown:
        line, covered = lines[index], ranking.covered_around(index)
        foreign = for_somebody and not ranking.named[index]
        if line.to_agent or foreign or covered < PICKED_COVERED:
            continue
        for part in _sentences(line):
            told = wording.tokens(part.text)
            share = given.share_in(told)
            fits = not part.text.endswith(ASKS) and len(tokens(part.text.split())) <= LONGEST_QUOTE
            if not (fits and share >= LEAST_SHARE and asked.satisfied(told)):
                continue
            if best is None or share + covered > best[0]:
                best = share + covered, Quote(part.text, line)
    return None if best is None else best[1]


class _Given:
    """A model's few words, as what a sentence must have that they are taken from.

    Args:
        answer: the words.
        asked: the question; what the words repeat of it, a sentence need not have.
        wording: reads them.
    """

    def __init__(self, answer: str, asked: Asked, wording: Wording) -> None:
        self._wording = wording
        told = wording.tokens(answer)
        known = {one.stem for one in asked.tokens}
        self._numbers = wording.numbers(told)
        self._dates = wording.exact(told)
        self._new = {one.stem for one in wording.content(told)} - known
        self.says_more = bool(
            self._new or self._dates - known or self._numbers - wording.numbers(asked.tokens)
        )
        """It does not only repeat the question."""

    def share_in(self, said: Sequence[Token]) -> float:
        """The share of its words of meaning that a sentence has; 0 if it lacks a number of it."""
        had = {one.stem for one in said}
        if not (self._numbers <= self._wording.numbers(said) and self._dates <= had):
            return 0.0
        return len(self._new & had) / len(self._new) if self._new else 1.0


def _pairs(line: SaidLine) -> Iterator[SaidLine]:
    """Each two sentences of a line in a row, as a line of their own."""
    for one, after in pairwise(_sentences(line)):
        yield replace(line, text=joined([one.text, after.text]))


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
