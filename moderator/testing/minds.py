"""Minds without models, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from moderator.errors import MindError
from moderator.events import Percept, Proposal
from moderator.floor.state import FloorView
from moderator.mind.base import Capabilities, Participant
from moderator.timeline import Samples, to_samples
from roles.schema import Role


class ScriptedMind:
    """Proposes what it is given, each from its `at` on until it is granted; speaks the cues.

    Args:
        proposals: in order of time.
        fail_at_s: times at which proposing fails once.
        fail_composing: indices of proposals whose words cannot be found.
    """

    def __init__(
        self,
        proposals: Sequence[Proposal],
        fail_at_s: Sequence[float] = (),
        fail_composing: Sequence[int] = (),
    ) -> None:
        self.proposals = list(proposals)
        self._fail_at = [to_samples(at) for at in fail_at_s]
        self._fail_composing = [proposals[index] for index in fail_composing]

    @property
    def capabilities(self) -> Capabilities:
        """Named ``scripted``."""
        return Capabilities(name="scripted")

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> ScriptedSession:
        """Starts a session."""
        return ScriptedSession(self.proposals, self._fail_at, self._fail_composing)


class ScriptedSession:
    """The session of a `ScriptedMind`.

    Attributes:
        heard_words: own words reported as played, a string a turn.
    """

    def __init__(
        self, proposals: list[Proposal], fail_at: list[Samples], fail_composing: list[Proposal]
    ) -> None:
        self._proposals = list(proposals)
        self._fail_at = list(fail_at)
        self._broken = list(fail_composing)
        self._now: Samples = 0
        self.heard_words: list[str] = []

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Goes on to the percept's end."""
        self._now = percept.end

    async def propose(self) -> Proposal | None:
        """The first proposal that is due, made now."""
        if self._fail_at and self._now >= self._fail_at[0]:
            raise MindError(f"scripted to fail at {self._fail_at.pop(0)}")
        if self._proposals and self._proposals[0].at <= self._now:
            return replace(self._proposals[0], at=self._now)
        return None

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The cue of the proposal that was due."""
        due = self._proposals.pop(0)
        if due in self._broken:
            self._broken.remove(due)
            raise MindError("scripted to find no words")
        yield due.cue

    def heard(self, words: str) -> None:
        """Keeps them."""
        self.heard_words.append(words)

    def forget(self, speaker: str) -> None:
        """Nothing was kept."""

    def cancel(self) -> None:
        """Nothing is under way."""

    async def close(self) -> None:
        """Holds nothing."""
