"""A voice in whose place another one speaks where it fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from moderator.errors import VoiceError
from moderator.mouth.base import Sentence, Voice, VoiceSpec
from moderator.mouth.believed import believed
from moderator.mouth.sentences import split
from moderator.timeline import Elapsed

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 60.0
"""A voice that failed is left alone for so long, twice as long after each failure in a row: whoever
waits for an answer would wait for its failing first."""


class SubstitutedVoice:
    """Satisfies `Voice` and `Substituted`.

    Args:
        first: is wanted.
        second: speaks where the first does not.
    """

    def __init__(self, first: Voice, second: Voice) -> None:
        self._first, self._second = first, second
        self._lock = threading.Lock()
        self._failures: list[str] = []
        self._since: Elapsed | None = None
        self._pause_s = FIRST_PAUSE_S

    @property
    def spec(self) -> VoiceSpec:
        """The first one's."""
        return self._first.spec

    def say(self, text: str) -> Iterator[Sentence]:
        """Speaks `text` sentence by sentence."""
        for part in split(text):
            yield from self._say_one(part)

    def _say_one(self, text: str) -> Iterator[Sentence]:
        """A sentence by the first voice; what that has not said of it, by the second."""
        said = 0
        if self._since is None or self._since.seconds >= self._pause_s:
            sounds = False
            try:
                for part in believed(self._first.say(text)):
                    sounds = True
                    said += len(part.words)
                    yield part
                if not sounds:
                    raise VoiceError("it makes no sound")
            except Exception as error:
                self._failed(error)
            else:
                self._since, self._pause_s = None, FIRST_PAUSE_S
                return
        left = " ".join(text.split()[said:])
        if left:
            yield from self._second.say(left)

    def take_failures(self) -> list[str]:
        """What the first failed in since the last call."""
        with self._lock:
            failures, self._failures = self._failures, []
        return failures

    def _failed(self, error: Exception) -> None:
        what = (
            str(error) if isinstance(error, VoiceError) else f"it failed ({type(error).__name__})"
        )
        with self._lock:
            self._failures.append(f"{what}; the embedded voice takes over")
        if self._since is not None:
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._since = Elapsed()
