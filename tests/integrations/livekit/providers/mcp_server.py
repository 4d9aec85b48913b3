"""A server of the Model Context Protocol, ``python -m … [PORT]``: by HTTP, or by its stdin."""

from __future__ import annotations

import os
import sys
import time

from mcp.server import MCPServer

server = MCPServer("tested")


@server.tool()
def find_date(topic: str) -> str:
    """Finds when something takes place."""
    return f"The {topic} takes place on the tenth of June."


@server.tool()
def fails() -> str:
    """Fails."""
    raise ValueError("SECRET")


@server.tool()
def hangs() -> str:
    """Takes a minute."""
    time.sleep(60)
    return ""


@server.tool()
def dies() -> str:
    """Ends the server."""
    os._exit(1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run("stdio")
