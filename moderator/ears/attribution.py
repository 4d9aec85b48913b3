"""Gives the words heard on a shared microphone to the speakers that diarization found."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from diarize.base import SpeakerActivity
from moderator.ears.recogniser import RecognisedWord
from moderator.events import Word
from moderator.labels import SOMEBODY
from moderator.timeline import Samples, to_samples

_TIE = 0.2  # of the word's length: less of a lead is a tie
_REACH = to_samples(1.0)  # a word in a gap goes to the nearest voice this close
_SHORTEST = to_samples(0.1)  # times of very short words are widened to this
_MEMORY = to_samples(30.0)  # words come in order and late by seconds at most


class Attribution:
    """Words wait until diarization has settled past their end; then the longest overlap wins.

    By duration and not by a word's midpoint, as a midpoint sees one instant of an overlap. On a
    near tie the speaker of the word before keeps talking.

    Args:
        nobody: label of words in which no voice was found.
    """

    def __init__(self, nobody: str = SOMEBODY) -> None:
        self._nobody = nobody
        self._activities: deque[SpeakerActivity] = deque()
        self._waiting: deque[RecognisedWord] = deque()
        self._lost: deque[tuple[Samples, Samples]] = deque()
        self._last: str | None = None

    def add(
        self, activities: Iterable[SpeakerActivity] = (), words: Iterable[RecognisedWord] = ()
    ) -> None:
        """Takes what settled and what was recognised, both in order of time."""
        self._activities.extend(activities)
        self._waiting.extend(words)

    @property
    def waiting(self) -> str:
        """The words that nobody has been given yet."""
        return " ".join(word.text for word in self._waiting)

    def lose(self, start: Samples, end: Samples) -> None:
        """What is said between these times is nobody's: it is not known who spoke."""
        if self._lost and self._lost[-1][1] == start:
            start = self._lost.pop()[0]
        self._lost.append((start, end))

    def settle(self, settled: Samples) -> list[Word]:
        """Words that end before `settled`, with their speakers."""
        found = []
        while self._waiting and self._waiting[0].end <= settled:
            word = self._waiting.popleft()
            speaker = self._speaker(word)
            times = word.start, word.end, word.estimated
            found.append(Word(speaker, word.text, *times, word.heard))
        oldest = min(settled, self._waiting[0].start if self._waiting else settled) - _MEMORY
        while self._activities and self._activities[0].end < oldest:
            self._activities.popleft()
        while self._lost and self._lost[0][1] < oldest:
            self._lost.popleft()
        return found

    def finish(self) -> list[Word]:
        """All words that still wait."""
        return self.settle(max((word.end for word in self._waiting), default=0))

    def _speaker(self, word: RecognisedWord) -> str:
        widen = max(0, _SHORTEST - (word.end - word.start)) // 2
        start, end = word.start - widen, word.end + widen
        if any(2 * (min(end, b) - max(start, a)) > end - start for a, b in self._lost):
            self._last = None
            return self._nobody
        shares = _overlaps(self._activities, start, end)
        if not shares:
            chosen = self._nearest(start, end)
        else:
            best = max(shares.values())
            close = {who for who, share in shares.items() if best - share < _TIE * (end - start)}
            # Ties between others go by label, so that nothing depends on order of arrival.
            chosen = (
                self._last if self._last in close else min(close, key=lambda w: (-shares[w], w))
            )
        if chosen is not None:
            self._last = chosen
        return chosen or self._nobody

    def _nearest(self, start: Samples, end: Samples) -> str | None:
        best: tuple[Samples, str] | None = None
        for piece in self._activities:
            gap = max(piece.start - end, start - piece.end)
            if gap <= _REACH and (best is None or (gap, piece.speaker) < best):
                best = gap, piece.speaker
        return best[1] if best is not None else self._last


def _overlaps(
    activities: Iterable[SpeakerActivity], start: Samples, end: Samples
) -> dict[str, Samples]:
    shares: dict[str, Samples] = {}
    for piece in activities:
        common = min(end, piece.end) - max(start, piece.start)
        if common > 0:
            shares[piece.speaker] = shares.get(piece.speaker, 0) + common
    return shares
