"""An app of livekit-agents whose moderator looks things up for its answers.

``LIVEKIT_URL=… LIVEKIT_API_KEY=… LIVEKIT_API_SECRET=… OPENAI_API_KEY=…
python examples/livekit_tools_app.py start``

The role allows two tools: a function of this program, and one of the MCP server that
``TOOLS_COMMAND`` starts, if it is set. Both are called while an answer is composed, and never to
decide when to speak. Needs the extra ``mcp``.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from livekit.agents import AgentServer, JobContext, cli, function_tool, mcp
from livekit.plugins import moderator

ROLE = moderator.load_role("facilitator").model_copy(update={"tools": ["find_room", "find_date"]})
ROOMS = {"attic": 4, "library": 12, "hall": 60}


@function_tool
async def find_room(people: int) -> str:
    """Finds a room that is large enough for so many people."""
    fitting = [name for name, seats in ROOMS.items() if seats >= people]
    return f"The {fitting[0]} has {ROOMS[fitting[0]]} seats." if fitting else "No room is so large."


def servers() -> list[mcp.MCPServer]:
    """The MCP servers, made anew for each meeting, in whose event loop their connections live."""
    command = shlex.split(os.environ.get("TOOLS_COMMAND", ""))
    return [mcp.MCPServerStdio(command[0], command[1:])] if command else []


server = AgentServer(setup_fnc=moderator.prewarm, initialize_process_timeout=60)


@server.rtc_session(agent_name="moderator")
async def meeting(context: JobContext) -> None:
    """Takes part in one meeting."""
    mcp_servers = servers()
    allowed = ROLE.tools if mcp_servers else ["find_room"]
    await moderator.join(
        context,
        role=ROLE.model_copy(update={"tools": allowed}),
        out=Path("meetings") / context.job.id,
        mind="openai:gpt-4.1-mini",
        tools=[find_room],
        mcp_servers=mcp_servers,
    )


def main() -> None:
    """Runs the server; its commands are livekit-agents' own (start, dev, connect)."""
    cli.run_app(server)


if __name__ == "__main__":
    main()
