"""Puts a mind of one's own beside the role's duties: it asks what an abbreviation stands for.

``python examples/own_mind.py [OUT]``; the port is `moderator.mind.base.SpeechLLM`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from integrations.files.replay import Replay, ReplayOptions
from integrations.files.replayable import prepare
from moderator.events import Act, Percept, Proposal
from moderator.floor.state import FloorView
from moderator.meeting.assembly import Hearing
from moderator.mind.base import Capabilities, Participant
from moderator.mind.duties.session import Duties
from moderator.mind.ensemble import Ensemble
from moderator.models.store import ModelStore
from moderator.timeline import to_samples
from roles.loader import load_role
from roles.schema import Role

NAME, PATIENCE = "abbreviations", to_samples(15.0)


class Asking:
    """One meeting: each abbreviation is asked about once, soon after it was said, or never."""

    def __init__(self) -> None:
        self._now, self._asked = 0, set[str]()
        self._said: dict[str, tuple[str, int]] = {}  # by whom and when, the first time

    async def push(self, percept: Percept, floor: FloorView) -> None:
        self._now = percept.end
        for word in percept.words:
            for short in re.findall(r"\b[A-Z]{2,5}\b", word.text):
                self._said.setdefault(short, (word.speaker, word.end))

    async def propose(self) -> Proposal | None:
        for short, (by, at) in self._said.items():
            if short not in self._asked and self._now - at < PATIENCE:
                return Proposal(self._now, NAME, 0.7, Act.INVITE, by, cue=short)
        return None

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        self._asked.add(proposal.cue)
        yield f"Sorry, what does {proposal.cue} stand for?"

    def forget(self, speaker: str) -> None:
        self._said = {short: who for short, who in self._said.items() if who[0] != speaker}

    def heard(self, words: str) -> None: ...
    def cancel(self) -> None: ...
    async def close(self) -> None: ...


class Abbreviations:
    """The mind, ready to enter meetings."""

    capabilities = Capabilities(NAME)

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> Asking:
        return Asking()


def main(out: str = "out/own_mind") -> None:
    """Replays a meeting with both minds and prints what everybody said, the agent included."""
    options = ReplayOptions(role=load_role("facilitator"), out=Path(out), force=True)
    meeting = prepare([str(Path(__file__).with_name("release_meeting.json"))])
    mind = Ensemble(Duties(), Abbreviations())
    Replay(meeting, options, mind, Hearing(ModelStore.default())).run(lambda _seconds: None)
    print((options.out / "transcript.vtt").read_text("utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
