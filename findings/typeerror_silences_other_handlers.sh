#!/usr/bin/env bash
# livekit: a TypeError in one handler of a room's event keeps it from all handlers after it.
#
# Expected: handlers of one event do not depend on each other. `EventEmitter.emit` catches what a
# handler raises, logs it and calls the next one; and it passes no more arguments than a handler
# takes.
# Why not: TypeError alone is raised again, so that a handler that takes more arguments than there
# are shows itself; but what was raised inside a handler is not told apart from that. Handlers given
# to `once` are called with all arguments, so that one that takes fewer always raises it.
# Whom it hurts: a mistake in an application's own handler, or somebody's attribute that is not what
# it expects, decides whether an agent on the same room object hears of a change: of who left, or of
# who does not want to be heard any more.
# Here: the agent looks at the room's state once a second (`Lookout` in integrations/livekit/room.py);
# docs/livekit.md, "From your own app", tells those who put handlers of their own on a job's room.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  livekit==1.1.21 || { echo "cannot install" >&2; exit 2; }
cd "$work"
venv/bin/python - <<'PYTHON'
import asyncio
import logging
import sys
from importlib.metadata import version

from livekit import rtc

logging.basicConfig(format="    logged: %(message)s", stream=sys.stdout)
logging.getLogger().handlers[0].formatter.formatException = lambda info: f"    {info[1]!r}"


def heard_after(subscribe, first):
    """Whether a second handler of an event hears of it after `first`, which is in its way."""
    room, heard = rtc.Room(), []
    subscribe(room)("participant_attributes_changed", first)
    room.on("participant_attributes_changed", lambda changed, who: heard.append((changed, who)))
    try:
        # As the room itself does when a participant sets an attribute.
        room.emit("participant_attributes_changed", {"volume": "loud"}, "Ana")
    except Exception as error:
        print(f"    raised by emit: {error!r}")
    print(f"    the second handler was called {len(heard)} times")
    return bool(heard)


async def main():
    print("livekit", version("livekit"))
    print("first handler: int(changed['volume'])  # ValueError")
    value = heard_after(lambda room: room.on, lambda changed, who: int(changed["volume"]))
    print("first handler: changed['volume'] + 1  # TypeError")
    kind = heard_after(lambda room: room.on, lambda changed, who: changed["volume"] + 1)
    print("first handler, by on: one argument of two")
    fewer = heard_after(lambda room: room.on, lambda changed: None)
    print("first handler, by once: one argument of two")
    once = heard_after(lambda room: room.once, lambda changed: None)
    if not (value and not kind and fewer and not once):
        sys.exit("no longer so: a TypeError does not keep an event from the other handlers")


asyncio.run(main())
PYTHON
