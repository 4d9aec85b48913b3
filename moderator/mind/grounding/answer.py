"""An answer that is being written: what of it may be spoken, and what is said instead of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from moderator.events import SaidAt
from moderator.language.phrases import Phrases
from moderator.mind.grounding.checking import Check
from moderator.mind.grounding.naming import Claim, Claims
from moderator.mind.grounding.ranking import Ranking
from moderator.mind.grounding.said_lines import SaidLine
from moderator.mouth.sentences import CHARACTERS_A_WORD


class GroundedAnswer:
    """Lets sentences pass as long as the lines that they name say them; ends at the first other.

    Args:
        check: holds sentences against the lines.
        phrases: says whose words they are.
        words: most words of all sentences together.

    Attributes:
        named: the lines that what was let pass names, in the order in which they were named.
        over: no more is let pass.
    """

    def __init__(self, check: Check, phrases: Phrases, words: int) -> None:
        self._check, self._phrases = check, phrases
        self._left = words * CHARACTERS_A_WORD
        self._claims = Claims()
        self._told: tuple[str, ...] = ()
        self.named: list[SaidLine] = []
        self.over = False

    @property
    def speakers(self) -> frozenset[str]:
        """Ids of those whose lines it names so far."""
        return frozenset(line.speaker for line in self.named if not line.call)

    @property
    def lines(self) -> tuple[SaidAt, ...]:
        """These lines by their utterances."""
        said = (SaidAt(line.speaker, line.start) for line in self.named if not line.call)
        return tuple(dict.fromkeys(said))

    @property
    def calls(self) -> frozenset[int]:
        """Numbers of the tool calls whose results it names so far."""
        return frozenset(line.call for line in self.named if line.call)

    def push(self, piece: str) -> Iterator[str]:
        """The sentences that may be spoken with this piece."""
        yield from self._passed(self._claims.push(piece))

    def finish(self) -> Iterator[str]:
        """The last ones."""
        yield from self._passed(self._claims.finish())

    def _passed(self, claims: Iterator[Claim]) -> Iterator[str]:
        for claim in claims:
            lines = () if self.over else self._check.supported(claim.text, claim.numbers)
            sentence = self._attributed(claim.text, lines)
            if not lines or len(sentence) > self._left:
                self.over = True
                return
            self._left -= len(sentence)
            self.named += [line for line in lines if line not in self.named]
            yield sentence

    def _attributed(self, sentence: str, lines: Sequence[SaidLine]) -> str:
        """Said as somebody's words: what people said, orders too, is never the agent's own."""
        names = tuple(dict.fromkeys(line.name.replace("_", " ") for line in lines))
        before, self._told = self._told, names
        if names == before or self._check.attributes(sentence):
            return sentence
        return self._phrases.say("answer_by", names=self._phrases.listed(names), said=sentence)


def unsaid(ranking: Ranking, names: Mapping[str, str], asker: str | None, phrases: Phrases) -> str:
    """What the agent says where nobody said what was asked.

    Args:
        ranking: of all lines by the question.
        names: by id of who is there now.
        asker: id of who asked.
        phrases: the words.
    """
    known = [one for one in ranking.said_most() if one in names and one != asker]
    if known:
        return phrases.say("answer_unsaid_ask", name=names[known[0]])
    return phrases.say("answer_unsaid")
