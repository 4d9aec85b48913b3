"""Nonsense words before and after a refusal, looked for in everything that is left or was sent.

The mind is one behind a server that parrots what it is shown, so that the agent quotes people.
Three people and a shared microphone with two voices refuse in the middle, at the last moment, and
after the files were closed; or the process is killed then.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import soundfile

from benchmarks.reliability import kills
from benchmarks.reliability.meeting import VOICES, Room, canaries, sound_of
from moderator.mind.duties.session import Duties
from moderator.mind.ensemble import Ensemble
from moderator.testing.chat_server import ChatServer, Reply, Request, wish
from moderator.testing.server_scenes import server_mind
from moderator.timeline import to_samples

LENGTH_S = 58.0
LAST_S = LENGTH_S - 0.1

MOMENTS = ("middle", "end", "afterwards", "crash")


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of somebody who had refused.

    Attributes:
        in_files: canaries of 100, those said before and those said after.
        in_requests: canaries in requests to the model that were begun after the refusal.
        amplitude: of their sound in what was recorded.
        quoted: turns of the agent that had quoted them before.
    """

    in_files: int
    in_requests: int
    amplitude: float
    quoted: int


def parrot(request: Request) -> Reply:
    """Wishes to speak, and says the last words it was shown, with the numbers of their lines."""
    if not request.get("stream"):
        return wish(0.9, "summarise")
    lines = re.findall(r"^(\d+)\. .*?: (.*)$", request["messages"][-1]["content"], re.M)
    told = [(number, re.findall(r"\b(?:before|after)[a-z]+", text)) for number, text in lines]
    return Reply(" ".join(f"{' '.join(words[-3:])} [{n}]." for n, words in told[-3:] if words))


def everything_of(track: str) -> set[str]:
    """All canaries of whoever is heard on a track."""
    speakers = [one for one, on in VOICES.items() if on == track]
    return {
        word for one in speakers for part in ("before", "after") for word in canaries(one, part)
    }


def refuse(folder: Path, who: str, moment: str, at_s: float) -> Found:
    """One meeting in which somebody refuses, and what is found of them."""
    out = folder / "out"
    if moment == "crash":
        killed = kills.kill_while_erasing(folder, who, round(at_s, 1), 0.002)
        return Found(killed.words, 0, killed.heard, 0)
    with ChatServer(parrot) as server:
        mind = Ensemble(Duties(), server_mind(server))
        sent = [0]
        refused = {} if moment == "afterwards" else {who: at_s if moment == "middle" else LAST_S}
        room = Room(out, LENGTH_S, refused, mind=mind)
        decided = room.refuse

        def noted(who: str) -> None:
            decided(who)
            sent[0] = len(server.requests)

        room.refuse = noted  # type: ignore[method-assign]

        async def run() -> None:
            await room.run()
            if moment == "afterwards":
                noted(who)
                await room.erasures.finish()

        asyncio.run(run())
        late = json.dumps(server.requests[sent[0] :])
    wanted = everything_of(who)
    if moment == "afterwards":
        wanted = {word for word in wanted if word.startswith("before")}
    samples, _ = soundfile.read(out / "meeting.wav", dtype="float32")
    text = "".join(
        path.read_text("utf-8", errors="replace") for path in out.rglob("*") if path.is_file()
    )
    if "What you said before is erased." not in dict(room.told).values():
        raise RuntimeError(f"nobody was told that {who} is erased: {room.told}")
    spoken = samples[to_samples(1.0) : to_samples(at_s if moment == "middle" else LAST_S)]
    return Found(
        sum(word in text for word in wanted),
        sum(word in late for word in wanted),
        sound_of(spoken, who),
        text.count('"text":""'),
    )


def canary(times: int, seed: int, tell: Callable[[], None]) -> list[tuple[str, Found]]:
    """Refusals of everybody at every moment, `times` in all."""
    chance, results = random.Random(seed), []
    people = sorted(set(VOICES.values()))
    for number in range(times):
        moment = MOMENTS[number % len(MOMENTS)]
        who = people[number // len(MOMENTS) % len(people)]
        folder = Path(tempfile.mkdtemp(prefix="canary-"))
        try:
            results.append((moment, refuse(folder, who, moment, chance.uniform(25.0, 50.0))))
        finally:
            shutil.rmtree(folder)
        tell()
    return results


def bad(found: Found) -> bool:
    """Whether anything of them was left."""
    return bool(found.in_files or found.in_requests) or found.amplitude > kills.INAUDIBLE
