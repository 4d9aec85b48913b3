"""Made-up journals of made-up meetings, for tests of what reads journals.

Times in the scripts are seconds; in the journals they are samples, as everywhere.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from moderator.timeline import to_samples

Entry: TypeAlias = dict[str, Any]

PEOPLE = {
    "ana": {"name": "Ana Brandt", "position": "project manager"},
    "ben": {"name": "Ben Okafor", "position": "designer"},
    "chloe": {"name": "Chloé Marchetti", "position": "engineer"},
}
"""Who is in the made-up meetings."""

ROLE: Entry = {
    "id": "facilitator",
    "summary": "Keeps the talk fair and on time.",
    "identity": {"name": "Robin", "aliases": [], "title": "Facilitator"},
    "turn": {"eagerness": 0.5, "may_cut_in": True},
    "duties": [{"type": "open"}, {"type": "invite_quiet"}, {"type": "cut_in_crosstalk"}],
}

_SAID = (
    ("ana", 4.0, "Let's start with the handset. I think the case should be a single curved piece."),
    ("ben", 9.5, "Right. I brought two sketches, one with a dial and one without."),
    ("ana", 14.2, "The dial is what people liked in the last round, wasn't it?"),
    ("ben", 17.4, "They did, but it doubles the price of the mould."),
    ("ana", 20.6, "Hang on, the mould is shared with"),
    ("ben", 23.6, "no, that was the other supplier, this one wants it paid up front"),
    ("ana", 24.2, "they told me the opposite on Monday, they said it was included"),
    (
        "chloe",
        34.5,
        "From my side the dial is easy. The encoder costs forty cents and fits the board.",
    ),
    ("ben", 40.5, "Forty cents? Then I take it back, let us keep the dial."),
    ("ana", 44.2, "Robin, how much time do we have left?"),
    ("chloe", 50.0, "Fine."),
    ("ana", 51.5, "Good. Ben sends the drawing tonight and Chloé orders the encoder."),
)


def opened(meeting_id: str = "handset", **changes: object) -> Entry:
    """The first line of a journal."""
    entry: Entry = {
        "kind": "opened",
        "version": 1,
        "meeting_id": meeting_id,
        "role": ROLE,
        "participants": PEOPLE,
        "seat": None,
        "agent": "Robin",
        "settings": {"chunk_s": 0.5},
        "models": ["duties"],
    }
    return entry | changes


def heard(at: float, speaker: str, start: float, text: str, pace: float = 0.32) -> Entry:
    """One speaker's words and voice, `pace` seconds a word from `start`, told at `at`."""
    words, now = [], start
    for word in text.split():
        words.append([speaker, word, to_samples(now), to_samples(now + 0.9 * pace)])
        now += pace
    piece = [speaker, to_samples(start), to_samples(now)]
    return {"kind": "heard", "at": to_samples(at), "activities": [piece], "words": words}


def proposal(at: float, act: str, probability: float, **more: object) -> Entry:
    """A mind's wish."""
    return {
        "kind": "proposal",
        "at": to_samples(at),
        "mind": "duties",
        "probability": probability,
        "act": act,
        "addressee": None,
        "duty": act,
        "answering": False,
        "cue": "",
        "facts": {},
    } | more


def decision(at: float, action: str, reason: str, **more: object) -> Entry:
    """The arbiter's decision."""
    inputs = {"floor": "free", "holder": None, "silence_s": 1.25, "agent_share": 0.031}
    entry = {"kind": "decision", "at": to_samples(at), "action": action, "reason": reason}
    return entry | {"act": None, "addressee": None, "inputs": inputs} | more


def turn(
    number: int, at: float, act: str, text: str, lost: str = "", **more: object
) -> list[Entry]:
    """A turn of the agent: it starts, its words are heard, the `lost` ones are not, it ends."""
    start = {"kind": "turn_started", "at": to_samples(at), "turn": number, "act": act}
    lines: list[Entry] = [start | {"addressee": None} | more]
    now = at
    for word in text.split():
        span = {"start": to_samples(now), "end": to_samples(now + 0.27)}
        lines.append({"kind": "word_played", "turn": number, "text": word} | span)
        now += 0.3
    ended = {"kind": "turn_ended", "at": to_samples(now), "turn": number}
    return [*lines, ended | {"heard": text, "lost": lost}]


def closed(at: float, *, complete: bool = True, why: str = "") -> Entry:
    """The last line of a journal."""
    return {"kind": "closed", "at": to_samples(at), "complete": complete, "why": why}


def short_meeting() -> list[Entry]:
    """A minute of a meeting in which the agent does each of the things it can do."""
    lines: list[Entry] = []
    for speaker, start, text in _SAID:
        lines.append(heard(start + 0.32 * len(text.split()) + 1.0, speaker, start, text))
    lines += [proposal(0.5, "open", 0.9), decision(0.5, "speak", "floor_free", act="open")]
    lines += turn(1, 0.6, "open", "Good morning. Ana, the floor is yours.")
    for step in range(6):
        at = 21.5 + 0.5 * step
        lines.append(proposal(at, "cut_in", 0.6 + step / 50, cue="Two people talk at once."))
        lines.append(decision(at, "wait", "floor_held", act="cut_in"))
    lines += [
        proposal(25.0, "cut_in", 0.82, addressee="ana", cue="Two people have talked for 4 s."),
        decision(25.0, "speak", "may_cut_in", act="cut_in", addressee="ana"),
        *turn(2, 25.1, "cut_in", "One at a", lost="time, please. Ana first.", addressee="ana"),
        decision(26.0, "yield", "talked_over"),
        proposal(31.0, "invite", 0.91, addressee="chloe", cue="Chloé has 0 % of the talk."),
        decision(31.0, "speak", "floor_free", act="invite", addressee="chloe"),
        *turn(3, 31.1, "invite", "Chloé, we have not heard you yet.", addressee="chloe"),
        decision(39.0, "backchannel", "backchannel_due", act="backchannel"),
        decision(43.9, "raise_hand", "wants_floor", act="time_check"),
        proposal(47.0, "answer", 0.95, addressee="ana", answering=True, duty=None),
        decision(47.0, "speak", "floor_free", act="answer", addressee="ana"),
        *turn(4, 47.1, "answer", "Four minutes are left.", addressee="ana"),
        {
            "kind": "command",
            "at": to_samples(56.0),
            "command": "hush",
            "by": "ben",
            "channel": "chat",
            "accepted": True,
            "argument": "",
        },
    ]
    ticks = (decision(t / 2, "wait", "no_proposal") for t in range(1, 120) if not 40 < t < 56)
    return in_order([*lines, *ticks], closed(60.0))


def in_order(lines: Iterable[Entry], last: Entry) -> list[Entry]:
    """A whole journal from lines in any order."""
    order = {"heard": 0, "proposal": 1, "decision": 2}

    def key(line: Entry) -> tuple[int, int]:
        return int(line["at"] if "at" in line else line.get("start", 0)), order.get(line["kind"], 3)

    return [opened(), *sorted(lines, key=key), last]


def long_meeting(hours: float = 8.0, seed: int = 1) -> Iterator[Entry]:
    """A long meeting of six people, line by line: a decision every half second, many words."""
    rng = random.Random(seed)  # noqa: S311 - a script, not a secret
    people = {f"p{n}": {"name": f"Person {n}", "position": ""} for n in range(1, 7)}
    yield opened("long", participants=people)
    vocabulary = ("we", "could", "say", "that", "this", "plan", "is", "late", "but", "not", "lost")
    number, free_at = 0, 0.0
    for step in range(1, int(hours * 7200)):
        at = step / 2
        if at >= free_at:
            text = " ".join(rng.choices(vocabulary, k=rng.randint(1, 16)))
            start = at + rng.uniform(-1.5, 1.0) if step > 4 else at
            free_at = start + 0.32 * len(text.split()) + rng.choice((-0.8, 0.4, 6.0))
            yield heard(at, rng.choice(list(people)), start, text)
        if step % 200 == 0:
            number += 1
            yield decision(at, "speak", "floor_free", act="invite", addressee="p2")
            yield from turn(number, at + 0.1, "invite", "Would you add something, please?")
        elif step % 60 == 0:
            yield proposal(at, "invite", 0.8, addressee="p3", cue="Person 3 has said little.")
            yield decision(at, "wait", "floor_held", act="invite")
        else:
            yield decision(at, "wait", "no_proposal")
    yield closed(hours * 3600)


def write_journal(path: Path, lines: Iterable[Entry]) -> Path:
    """Writes lines as a journal's file."""
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    return path
