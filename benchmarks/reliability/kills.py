"""Kills meetings at random moments, opens what they left, and measures what is lost."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import soundfile

from benchmarks.reliability.meeting import (
    QUIET_FROM_S,
    ROUND_S,
    Room,
    canaries,
    script,
    sound_of,
)
from integrations.files import replay as replaying
from integrations.files.recovery.recovering import recover_if_needed
from integrations.files.replayable import prepare
from moderator.meeting.assembly import Hearing
from moderator.mind.duties.session import Duties
from moderator.models.store import ModelStore
from moderator.timeline import ReplayClock, Samples, to_samples, to_seconds
from roles.loader import load_role

LENGTH_S = 600.0

MOST_LOST_S = 1.0
"""Meeting time that a kill may lose."""

INAUDIBLE = 1e-3
"""Amplitude below which a tone of .2 counts as gone."""

Reached = Callable[[Samples], None]
Victim = Callable[[Path, Reached], None]


@dataclass(frozen=True, slots=True)
class Killed:
    """What one kill did.

    Attributes:
        at_s: meeting time that had been reached.
        journal_s: of it lost in the journal.
        sound_s: of it lost in the sound.
        words: of the erased person, still to be read somewhere.
        heard: amplitude of their sound before the refusal.
    """

    at_s: float
    journal_s: float
    sound_s: float
    words: int = 0
    heard: float = 0.0


def room(out: Path, reached: Reached, refused: dict[str, float] | None = None) -> None:
    """A room's meeting, see `benchmarks.reliability.meeting`."""
    asyncio.run(Room(out, LENGTH_S, refused or {}, reached).run())


def replay(out: Path, reached: Reached) -> None:
    """A replay of the same words, without sound coming in."""

    class Clock(ReplayClock):
        async def wait_until(self, at: Samples) -> None:
            reached(at)
            await super().wait_until(at)

    vars(replaying)["ReplayClock"] = Clock  # in the process that will be killed
    options = replaying.ReplayOptions(load_role("timekeeper"), out)
    meeting = prepare([str(out.with_suffix(".json"))])
    hearing = Hearing(ModelStore.default(offline=True))
    replaying.Replay(meeting, options, Duties(), hearing).run(lambda _: None)


def record(path: Path) -> None:
    """The script's words as a meeting record."""
    turns = [
        {
            "speaker": word.speaker.replace("/", "-").replace("?", "nobody"),
            "start": to_seconds(word.start),
            "end": to_seconds(word.end),
            "text": word.text,
        }
        for word in script(LENGTH_S, {})
    ]
    speakers = sorted({str(turn["speaker"]) for turn in turns})
    content = {"meeting_id": "kills", "speakers": {one: {} for one in speakers}, "turns": turns}
    path.write_text(json.dumps(content | {"duration": LENGTH_S}))


@contextmanager
def killed_at(victim: Victim, out: Path, at: Samples, after_s: float = 0.0) -> Iterator[Samples]:
    """Runs a victim in a process of its own and kills it when it has reached a meeting time.

    Yields:
        The meeting time that it had reached.
    """
    progress = out.with_suffix(".progress")
    progress.write_bytes(bytes(8))
    child = os.fork()
    if child == 0:
        _be_killed(victim, out, progress)
    given_up = time.monotonic() + 120.0
    while _read(progress) < at and time.monotonic() < given_up:
        time.sleep(0.0005)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    yield _read(progress)


def _be_killed(victim: Victim, out: Path, progress: Path) -> None:
    handle = os.open(progress, os.O_WRONLY)
    code = 1
    try:
        victim(out, lambda now: _write(handle, now))
        code = 0
    finally:
        os._exit(code)


def _write(handle: int, now: Samples) -> None:
    os.pwrite(handle, now.to_bytes(8, "little"), 0)


def _read(progress: Path) -> Samples:
    return int.from_bytes(progress.read_bytes(), "little")


def kill(victim: Victim, folder: Path, at_s: float) -> Killed:
    """Kills one meeting, recovers it, and measures."""
    out = folder / "out"
    record(out.with_suffix(".json"))
    with killed_at(victim, out, to_samples(at_s)) as reached:
        found = recover_if_needed(out)
        lost = to_seconds(reached) - (found["seconds"] if found else 0.0)
        return Killed(to_seconds(reached), lost, to_seconds(reached) - _length_s(out))


def kill_while_erasing(folder: Path, who: str, at_s: float, after_s: float) -> Killed:
    """Kills a meeting after somebody refused, opens it, and looks for them everywhere."""
    out = folder / "out"

    def victim(out: Path, reached: Reached) -> None:
        room(out, reached, {who: at_s})

    with killed_at(victim, out, to_samples(at_s), after_s) as reached:
        recover_if_needed(out)
        samples, _ = soundfile.read(out / "meeting.wav", dtype="float32")
        before = samples[: to_samples(at_s) - to_samples(0.3)]
        return Killed(to_seconds(reached), 0.0, 0.0, words_left(out, who), sound_of(before, who))


def words_left(out: Path, track: str) -> int:
    """How many of a person's canaries from before their refusal stand in any file."""
    speakers = ["hall/speaker_1", "hall/?"] if track == "hall" else [track]
    text = "".join(
        path.read_text("utf-8", errors="replace") for path in out.rglob("*") if path.is_file()
    )
    return sum(word in text for one in speakers for word in canaries(one, "before"))


def _length_s(out: Path) -> float:
    return min(float(soundfile.info(out / name).duration) for name in ("agent.wav", "meeting.wav"))


def kills(times: int, seed: int, tell: Callable[[str, Killed], None]) -> list[tuple[str, Killed]]:
    """Kills rooms and replays in turn, half of them in silence; then half as many while erasing.

    Args:
        times: kills beside those while somebody is being erased.
        seed: of the moments.
        tell: told each result.
    """
    chance, results = random.Random(seed), []
    for number in range(times + times // 2):
        folder = Path(tempfile.mkdtemp(prefix="kills-"))
        try:
            if number < times:
                quiet = number % 4 >= 2
                begin = QUIET_FROM_S + 2 if quiet else 2.0
                at_s = ROUND_S * chance.randrange(4) + chance.uniform(begin, begin + 55.0)
                what = f"{'room' if number % 2 else 'replay'}, {'silence' if quiet else 'talk'}"
                found = kill(room if number % 2 else replay, folder, at_s)
            else:
                what, who = "erasing", chance.choice(["ana", "ben", "cem", "hall"])
                at_s = round(ROUND_S * chance.randrange(2) + chance.uniform(20.0, 50.0), 1)
                found = kill_while_erasing(folder, who, at_s, chance.uniform(0.0, 0.03))
            results.append((what, found))
            tell(what, found)
        finally:
            shutil.rmtree(folder)
    return results


def bad(what: str, one: Killed) -> bool:
    """Whether a kill lost more than it may, or left anything of the erased person."""
    lost = max(one.journal_s, one.sound_s) > MOST_LOST_S
    return lost if what != "erasing" else bool(one.words) or one.heard > INAUDIBLE
