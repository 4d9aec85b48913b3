"""Replays a recorded meeting with the agent in it, as `moderator replay` does.

``python examples/replay_meeting.py [OUT]``; OUT gets journal, transcript, sound and report.
"""

from __future__ import annotations

import sys
from pathlib import Path

from integrations.files.replay import Replay, ReplayOptions
from integrations.files.replayable import prepare
from integrations.files.story import acts
from moderator.meeting.assembly import Hearing
from moderator.mind.loading import load_mind
from moderator.models.store import ModelStore
from roles.loader import load_role

MEETING = Path(__file__).with_name("release_meeting.json")
"""Words without audio; recordings are given as ``Ana=ana.wav`` and so on."""


def main(out: str = "out/replay_meeting") -> None:
    """Replays the meeting and prints what the agent did, and why."""
    role = load_role("facilitator")
    options = ReplayOptions(role=role, out=Path(out), force=True)
    mind = load_mind("duties", role=role)
    replay = Replay(prepare([str(MEETING)]), options, mind, Hearing(ModelStore.default()))
    summary = replay.run(lambda _seconds: None)
    for time, did, to, said, why in acts(options.out / "journal.jsonl"):
        print(f"{time}  {did} {to}: {said!r}, because {why}")
    agent = summary["agent"]
    print(f"{agent['turns']} turns, {agent['seconds']:.1f} s; see {options.out / 'report.html'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
