"""Whether a sentence says only what the lines say that it names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from moderator.mind.grounding.said_lines import SaidLine
from moderator.mind.grounding.wording import Token, Wording

LEAST_SHARE = 2 / 3
"""Of a sentence's words of meaning, so many must stand in the lines that it names."""

DENIED_WITHIN = 8
"""Words behind a negation, in its clause, that it may deny."""


class Check:
    """Holds sentences against numbered lines; the first line is 1.

    Numbers, dates and units must stand in the lines that are named. Names must, too, or be those of
    the people there, of the agent, or in the question.

    Args:
        lines: what a sentence may name.
        question: what was asked.
        names: what people there are called, and the agent.
        wording: reads all of it.
    """

    def __init__(
        self, lines: Sequence[SaidLine], question: str, names: Iterable[str], wording: Wording
    ) -> None:
        self._lines, self._wording = list(lines), wording
        self._asked = {token.stem for token in wording.tokens(question)}
        self._people = {token.stem for name in names for token in wording.tokens(name)}

    def add(self, lines: Sequence[SaidLine]) -> None:
        """Lets sentences name further lines, behind the others: what tools returned."""
        self._lines += lines
        names = (token for line in lines for token in self._wording.tokens(line.name))
        self._people |= {token.stem for token in names}

    def supported(self, sentence: str, numbers: Collection[int]) -> tuple[SaidLine, ...]:
        """The lines that a sentence names, if they say what it says; empty if they do not.

        Args:
            sentence: without the numbers of its lines.
            numbers: these numbers.
        """
        if not numbers or not all(1 <= number <= len(self._lines) for number in numbers):
            return ()
        named = tuple(self._lines[number - 1] for number in sorted(set(numbers)))
        said = [self._wording.tokens(line.text) for line in named]
        tokens = self._wording.tokens(sentence)
        holds = (
            self._exactly(tokens, said)
            and self._mostly(tokens, said)
            and not self._turned_round(tokens, named)
            and self._attributed(tokens, named)
        )
        return named if holds else ()

    def _exactly(self, tokens: Sequence[Token], said: Sequence[Sequence[Token]]) -> bool:
        wording = self._wording
        values = frozenset().union(*map(wording.numbers, said))
        stems = {token.stem for line in said for token in line}
        names = {token.stem for token in wording.names(tokens)}
        return (
            wording.numbers(tokens) <= values
            and wording.exact(tokens) <= stems
            and names <= stems | self._people | self._asked
        )

    def _mostly(self, tokens: Sequence[Token], said: Sequence[Sequence[Token]]) -> bool:
        """Enough of it stands in the lines, and something does."""
        wording = self._wording
        stems = {token.stem for line in said for token in line}
        content = [one.stem for one in wording.content(tokens) if one.stem not in self._people]
        found = sum(stem in stems for stem in content)
        anything = found > 0 or bool(wording.numbers(tokens)) or bool(wording.exact(tokens))
        return anything and found >= LEAST_SHARE * len(content)

    def _turned_round(self, tokens: Sequence[Token], named: Sequence[SaidLine]) -> bool:
        """It denies what no line denies, or asserts what they deny."""
        wording = self._wording
        if any(map(wording.denies, tokens)):
            said = (token for line in named for token in wording.tokens(line.text))
            return not any(map(wording.denies, said))
        shared = {token.stem for token in wording.content(tokens)} | wording.exact(tokens)
        for clause in (clause for line in named for clause in wording.clauses(line.text)):
            denied = next((at for at, one in enumerate(clause) if wording.denies(one)), len(clause))
            reach = clause[denied : denied + DENIED_WITHIN]
            if wording.denies_before and denied < len(clause):
                reach = clause[max(denied - DENIED_WITHIN, 0) : denied + DENIED_WITHIN]
            if any(token.stem in shared - self._people for token in reach):
                return True
        return False

    def _attributed(self, tokens: Sequence[Token], named: Sequence[SaidLine]) -> bool:
        """Whoever is said to say something is who said one of the lines."""
        speakers = {token.stem for line in named for token in self._wording.tokens(line.name)}
        return self._saying(tokens) <= speakers

    def attributes(self, sentence: str) -> bool:
        """Whether a sentence itself says that somebody there said it."""
        return bool(self._saying(self._wording.tokens(sentence)))

    def _saying(self, tokens: Sequence[Token]) -> set[str]:
        telling = [token for token in tokens if not self._wording.helps(token)]
        return {
            one.stem
            for one, after in pairwise(telling)
            if one.stem in self._people and self._wording.reports(after)
        }
