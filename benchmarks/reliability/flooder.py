"""Somebody who floods an agent in a room, in a process of their own.

    python -m benchmarks.reliability.flooder URL TOKEN AGENT

Until a line comes on standard input; then says as JSON how often it did what, and how its calls
were answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from livekit import rtc
from livekit.rtc.participant import PublishDataError

CHAT_A_MINUTE, CALLS_A_SECOND, PACKETS_A_MINUTE = 1_000, 50, 10_000
NAMES_A_SECOND, OPEN_A_SECOND = 5, 2

PENDING = 100
"""Of one kind at a time; more are left out: the client library would slow itself down."""


class Flooder:
    """What one person does to the agent; the others are spared, who would be flooded first.

    Args:
        room: which they have joined.
        agent: its identity.

    Attributes:
        done: how often, by what.
        codes: how calls were answered; 0: obeyed.
    """

    def __init__(self, room: rtc.Room, agent: str) -> None:
        self._local, self._agent = room.local_participant, agent
        self.done: Counter[str] = Counter()
        self.codes: Counter[int] = Counter()

    async def be_known(self) -> None:
        """Waits until the agent has noticed that they are in the room."""
        while not self.codes[0]:
            await asyncio.sleep(1.0)
            await self._call()
        self.codes.clear()

    async def run(self) -> None:
        """All at once, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for what, a_second, work in (
                ("lines", CHAT_A_MINUTE / 60, self._write),
                ("calls", CALLS_A_SECOND, self._call),
                ("packets", PACKETS_A_MINUTE / 60, self._send),
                ("names", NAMES_A_SECOND, self._rename),
                ("unended", OPEN_A_SECOND, self._begin_to_write),
            ):
                group.create_task(self._often(what, a_second, work))

    async def _often(self, what: str, a_second: float, work: Callable[[], Awaitable[None]]) -> None:
        """At a rate, whether or not what was begun before is done."""
        due, pending = time.monotonic(), set[asyncio.Future[None]]()
        while True:
            due += 1 / a_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(pending) < PENDING:
                self.done[what] += 1
                task = asyncio.ensure_future(work())
                pending.add(task)
                task.add_done_callback(pending.discard)

    async def _write(self) -> None:
        number = self.done["lines"]
        text = "/status" if number % 2 else f"line {number} " + "la " * 50
        await self._local.send_text(text, topic="lk.chat", destination_identities=[self._agent])

    async def _call(self) -> None:
        try:
            await self._local.perform_rpc(
                destination_identity=self._agent, method="moderator.status", payload=""
            )
        except rtc.RpcError as error:
            self.codes[error.code] += 1
        else:
            self.codes[0] += 1

    async def _send(self) -> None:
        with suppress(PublishDataError):  # its own client has no room for it
            await self._local.publish_data(
                "x" * 1000,
                reliable=bool(self.done["packets"] % 2),
                topic="moderator.now",
                destination_identities=[self._agent],
            )

    async def _rename(self) -> None:
        await self._local.set_name(f"Mallory {self.done['names']}")

    async def _begin_to_write(self) -> None:
        writer = await self._local.stream_text(
            topic="lk.chat", destination_identities=[self._agent]
        )
        await writer.write("/optin ")


async def _main(url: str, token: str, agent: str) -> None:
    room = rtc.Room()
    await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
    flooder = Flooder(room, agent)
    await flooder.be_known()
    flooding = asyncio.create_task(flooder.run())
    await asyncio.to_thread(sys.stdin.readline)
    flooding.cancel()
    await asyncio.gather(flooding, return_exceptions=True)
    print(json.dumps({"done": flooder.done, "codes": flooder.codes}), flush=True)
    await room.disconnect()


def main(arguments: Sequence[str]) -> None:
    """Floods until it is told to end."""
    asyncio.run(_main(*arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
