"""An app of livekit-agents that puts the moderator into the rooms it is dispatched to.

``LIVEKIT_URL=… LIVEKIT_API_KEY=… LIVEKIT_API_SECRET=… python examples/livekit_app.py start``

A job's metadata may name another role: ``{"role": "scribe"}``. Needs the extra ``livekit``.
"""

from __future__ import annotations

from pathlib import Path

from livekit.agents import AgentServer, JobContext, cli
from livekit.plugins import moderator

# Loading the models takes longer than the 10 s that livekit-agents allows by default.
server = AgentServer(setup_fnc=moderator.prewarm, initialize_process_timeout=60)


@server.rtc_session(agent_name="moderator")
async def meeting(context: JobContext) -> None:
    """Takes part in one meeting, until everybody has left; its files go to a folder of its own."""
    role = moderator.requested_role(context, default="facilitator")
    summary = await moderator.join(context, role, out=Path("meetings") / context.job.id)
    print(f"{context.job.id}: the agent spoke {summary['agent']['turns']} times")


def main() -> None:
    """Runs the server; its commands are livekit-agents' own (start, dev, connect)."""
    cli.run_app(server)


if __name__ == "__main__":
    main()
