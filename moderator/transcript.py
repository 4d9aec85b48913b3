"""Who said what: the meeting's history as utterances, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from moderator.events import Word
from moderator.spacing import joined, tokens
from moderator.timeline import Samples, to_samples, to_seconds

UTTERANCE_PAUSE = to_samples(0.5)
"""Words of one speaker over pauses shorter than this are one utterance."""

KEPT = 400
"""Utterances kept: an hour of lively talk; older ones are in the journal."""


@dataclass(slots=True)
class Utterance:
    """Words of one speaker joined over short pauses.

    Attributes:
        speaker: participant's id, or the agent's.
        start: meeting time of the first word.
        end: meeting time at which the last word ended.
        words: the words, as heard; of scripts that write no spaces, the characters.
    """

    speaker: str
    start: Samples
    end: Samples
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words joined, by spaces where their script writes them."""
        return joined(self.words)


def clock(at: Samples) -> str:
    """A meeting time as ``m:ss``."""
    minutes, seconds = divmod(int(to_seconds(at)), 60)
    return f"{minutes}:{seconds:02d}"


class Transcript:
    """The last `KEPT` utterances, in the order in which they began to be heard."""

    def __init__(self, kept: int = KEPT) -> None:
        self._utterances: deque[Utterance] = deque(maxlen=kept)
        self._open: dict[str, Utterance] = {}

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self._utterances)

    def __len__(self) -> int:
        return len(self._utterances)

    def __reversed__(self) -> Iterator[Utterance]:
        return reversed(self._utterances)

    def add(self, words: Iterable[Word]) -> None:
        """Takes words that became stable; those of one speaker come by start."""
        for word in words:
            current = self._open.get(word.speaker)
            if current is None or word.start - current.end >= UTTERANCE_PAUSE:
                current = Utterance(word.speaker, word.start, word.end)
                self._open[word.speaker] = current
                self._utterances.append(current)
            current.words[-1:] = tokens([*current.words[-1:], word.text])
            current.end = max(current.end, word.end)

    def forget(self, speaker: str) -> None:
        """Drops all that somebody said."""
        self._open.pop(speaker, None)
        kept = [utterance for utterance in self._utterances if utterance.speaker != speaker]
        self._utterances = deque(kept, maxlen=self._utterances.maxlen)

    def current(self, speaker: str) -> Utterance | None:
        """The last utterance of a speaker, which may go on."""
        return self._open.get(speaker)

    def since(self, at: Samples) -> list[Utterance]:
        """Utterances that ended after `at`, oldest first."""
        return [utterance for utterance in self._utterances if utterance.end > at]

    def render(self, names: Mapping[str, str], last: int = 40) -> str:
        """The last utterances as lines ``[m:ss] Name: words``, for a model to read."""
        lines = []
        for utterance in list(self._utterances)[-last:]:
            name = names.get(utterance.speaker, utterance.speaker)
            lines.append(f"[{clock(utterance.start)}] {name}: {utterance.text}")
        return "\n".join(lines)
