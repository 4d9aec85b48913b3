"""An app of livekit-agents whose moderator hears, speaks and writes by plugins of the app's own.

``LIVEKIT_URL=… LIVEKIT_API_KEY=… LIVEKIT_API_SECRET=… OPENAI_API_KEY=…
python examples/livekit_plugins_app.py start``

``OPENAI_BASE_URL`` names any other server that speaks this protocol. When a plugin fails the
embedded models take over. Needs the extra ``plugins``.
"""

from __future__ import annotations

import os
from pathlib import Path

from livekit.agents import AgentServer, JobContext, cli
from livekit.plugins import moderator, openai

# The embedded models are loaded, too: they take over.
server = AgentServer(setup_fnc=moderator.prewarm, initialize_process_timeout=60)


@server.rtc_session(agent_name="moderator")
async def meeting(context: JobContext) -> None:
    """Takes part in one meeting; plugins are made inside the job, where their connections live."""
    url = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1")
    hears = openai.STT(model="gpt-4o-mini-transcribe", use_realtime=True, base_url=url)
    writes = openai.LLM(model="gpt-4.1-mini", base_url=url)
    speaks = openai.TTS(model="gpt-4o-mini-tts", response_format="pcm", base_url=url)
    summary = await moderator.join(
        context,
        role=moderator.requested_role(context, default="facilitator"),
        out=Path("meetings") / context.job.id,
        stt=hears,
        llm=writes,
        tts=speaks,
    )
    print(f"{context.job.id}: {summary['usage']}")


def main() -> None:
    """Runs the server; its commands are livekit-agents' own (start, dev, connect)."""
    cli.run_app(server)


if __name__ == "__main__":
    main()
