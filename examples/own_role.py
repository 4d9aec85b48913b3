"""Makes a role in code, checks it as a file would be checked, and replays a meeting in it.

``python examples/own_role.py [OUT]``; every key of a role is told in docs/roles.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

from integrations.files.replay import Replay, ReplayOptions
from integrations.files.replayable import prepare
from integrations.files.story import acts
from moderator.meeting.assembly import Hearing
from moderator.mind.duties.session import Duties
from moderator.models.store import ModelStore
from roles.review import findings
from roles.schema import Identity, MonologueDuty, Role, TimeCheckDuty, TurnPolicy

MEETING = Path(__file__).with_name("release_meeting.json")

ROLE = Role(
    id="brisk",
    summary="Lets nobody talk for long and says when the time is nearly over.",
    identity=Identity(name="Pia", title="Timekeeper"),
    instructions="You keep a short meeting short.",
    duties=[
        MonologueDuty(type="end_monologue", after_s=15, cut_in=True),
        TimeCheckDuty(type="time_check", minutes_left=[0.5], meeting_minutes=1.6),
    ],
    # What it may not do, whatever its duties wish: the arbiter sees to that.
    turn=TurnPolicy(
        may_cut_in=True, never_interrupt=["nora"], yields_to=["nora"], max_turn_s=12, cool_down_s=5
    ),
)


def main(out: str = "out/own_role") -> None:
    """Replays the meeting and prints what the agent did, and why."""
    for finding in findings(ROLE):  # values are checked by `Role` itself, contradictions here
        print(f"{finding.level}: {finding.what}")
    options = ReplayOptions(role=ROLE, out=Path(out), force=True)
    meeting = prepare([str(MEETING)])
    Replay(meeting, options, Duties(), Hearing(ModelStore.default())).run(lambda _seconds: None)
    for time, did, to, said, why in acts(options.out / "journal.jsonl"):
        print(f"{time}  {did} {to}: {said!r}, because {why}")


if __name__ == "__main__":
    main(*sys.argv[1:])
