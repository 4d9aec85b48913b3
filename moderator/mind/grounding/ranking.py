"""Which lines bear on a question: words in common, who said them, and how long ago."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from moderator.mind.grounding.said_lines import SaidLine
from moderator.mind.grounding.wording import Wording

K1, B = 1.5, 0.75
"""BM25's constants, as commonly chosen."""

NAMED = 2.0
"""How much more a line counts whose speaker the question names."""

FUSED, FUSION_K = 30, 10
"""Lines of each order that are fused, and how little the first place counts more than the next."""

RECENT = 0.2
"""How much more the last line counts than the first."""


class Ranking:
    """Lines by how much they bear on one question (BM25 over stems).

    Args:
        question: without the agent's name.
        lines: oldest first.
        wording: reads both.
    """

    def __init__(self, question: str, lines: Sequence[SaidLine], wording: Wording) -> None:
        self._lines = lines
        asked = wording.tokens(question)
        self._said = [Counter(one.stem for one in wording.tokens(line.text)) for line in lines]
        self._mean = sum(map(Counter.total, self._said)) / max(len(lines), 1) or 1.0
        count = Counter(stem for said in self._said for stem in said)
        stems = {
            name: {token.stem for token in wording.tokens(name)}
            for name in {line.name for line in lines}
        }
        people = set[str]().union(*stems.values())
        named = {token.stem for token in asked} & people
        self._wanted = {
            one.stem: math.log(1 + (len(lines) - count[one.stem] + 0.5) / (count[one.stem] + 0.5))
            for one in asked
            if one.plain.isdecimal() or one in wording.content([one]) or wording.exact([one])
        }
        self._topic = {stem: idf for stem, idf in self._wanted.items() if stem not in people}
        self._named = [bool(named & stems[line.name]) for line in lines]
        self.scores = [self._score(index) for index in range(len(lines))]

    def _score(self, index: int) -> float:
        said = self._said[index]
        length = K1 * (1 - B + B * said.total() / self._mean)
        score = sum(
            idf * said[stem] * (K1 + 1) / (said[stem] + length)
            for stem, idf in self._wanted.items()
            if said[stem]
        )
        recency = 1 + RECENT * index / max(len(self._lines) - 1, 1)
        return score * recency * (NAMED if self._named[index] else 1.0)

    def covered(self, index: int) -> float:
        """The share of what the question is about that a line speaks of, in [0, 1]."""
        whole = sum(self._topic.values())
        had = sum(idf for stem, idf in self._topic.items() if self._said[index][stem])
        return had / whole if whole else 0.0

    def covered_around(self, index: int) -> float:
        """The same of a line with those beside it: it may answer the one before."""
        whole = sum(self._topic.values())
        beside = self._said[max(index - 1, 0) : index + 2]
        had = sum(idf for stem, idf in self._topic.items() if any(said[stem] for said in beside))
        return had / whole if whole else 0.0

    @property
    def named(self) -> Sequence[bool]:
        """For each line, whether the question names its speaker."""
        return self._named

    def best(self, count: int) -> list[int]:
        """Indices of the lines that score highest, best first; none that shares nothing."""
        order = sorted(range(len(self.scores)), key=lambda i: (-self.scores[i], -i))
        return [index for index in order[:count] if self.scores[index] > 0]

    def said_most(self) -> Mapping[str, float]:
        """By speaker, how much they said about the words of the question; most first."""
        sums: dict[str, float] = {}
        for line, score, named in zip(self._lines, self.scores, self._named, strict=True):
            if score > 0 and not line.to_agent:
                part = score / (NAMED if named else 1.0)
                sums[line.speaker] = sums.get(line.speaker, 0.0) + part
        return dict(sorted(sums.items(), key=lambda entry: (-entry[1], entry[0])))


def fused(ranking: Ranking, likeness: Sequence[float] | None) -> list[int]:
    """Indices of lines by words in common and by likeness of meaning, best first.

    Reciprocal rank fusion: neither score says anything beside the other's.

    Args:
        ranking: of all lines.
        likeness: for each line, how like the question it is; None: not known.
    """
    orders = [ranking.best(FUSED)]
    if likeness is not None:
        orders.append(sorted(range(len(likeness)), key=lambda i: (-likeness[i], -i))[:FUSED])
    scores: dict[int, float] = {}
    for order in orders:
        for place, index in enumerate(order):
            scores[index] = scores.get(index, 0.0) + 1 / (FUSION_K + place)
    return sorted(scores, key=lambda index: (-scores[index], -index))


def candidates(order: Sequence[int], total: int, most: int) -> list[int]:
    """Indices of the best lines, each with the one behind it, oldest first; no more than `most`.

    Args:
        order: best first.
        total: lines that there are.
        most: of them all.
    """
    found: set[int] = set()
    for index in order:
        more = found | {index, min(index + 1, total - 1)}
        if len(more) > most:
            break
        found = more
    return sorted(found)


def bearing(ranking: Ranking, count: int, last: int) -> list[int]:
    """Indices of the lines to answer from, oldest first.

    The best, each with the line behind it, since an answer follows its question and need not repeat
    its words; and the last ones, which the question may take up.

    Args:
        ranking: of all lines.
        count: the best so many.
        last: and so many of the last.
    """
    total = len(ranking.scores)
    found = set(range(max(total - last, 0), total))
    for index in ranking.best(count):
        found |= {index, min(index + 1, total - 1)}
    return sorted(found)
