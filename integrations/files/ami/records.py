"""Meeting records from a release."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from integrations.files.ami.annotations import Layers, Token, ontology
from integrations.files.ami.release import MEETINGS, NITE, Release, broken, time_of
from integrations.files.ami.splits import OTHER, split_of
from integrations.files.disk.foreign import clipped
from integrations.files.transcripts.records import WORD_OVERLAP_ALLOWED_S

PARTICIPANTS: Final = "corpusResources/participants.xml"
ACT_TYPES: Final = "ontologies/da-types.xml"
TOPIC_TYPES: Final = "ontologies/default-topics.xml"

LEADER: Final = "PM"
"""The project manager leads the meetings of the scenario."""

TURN_PAUSE_S: Final = 0.5
"""One speaker's words are one turn while pauses are shorter, s."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """A meeting as the release lists it.

    Attributes:
        id: its name.
        kind: of the scenario or not.
        duration: seconds, as stated.
        speakers: by NXT agent: position, a name that stays the same across meetings, and so on
    """

    id: str
    kind: str | None
    duration: float
    speakers: Mapping[str, Mapping[str, str]]

    @property
    def split(self) -> str:
        """The part of the partition."""
        return split_of(self.id)


def listed(release: Release) -> list[Listed]:
    """The meetings of a release, in its order.

    Raises:
        InputError: there is none, or a name is bad: it would become a file's.
    """
    place = release.place(MEETINGS)
    people = _people(release)
    found: dict[str, Listed] = {}
    for element in release.xml(MEETINGS).iter("meeting"):
        id_ = _checked(element.get("observation", ""), place, found)
        speakers: dict[str, Mapping[str, str]] = {}
        for one in element.iter("speaker"):
            agent = _checked(one.get("nxt_agent", ""), place, speakers)
            known = {key: one.get(key, "") for key in ("role", "global_name")}
            known |= people.get(known["global_name"], {})
            speakers[agent] = {key: value for key, value in known.items() if value}
        duration = time_of(element, "duration", place) or 0.0
        found[id_] = Listed(id_, element.get("type"), duration, dict(sorted(speakers.items())))
    if not found:
        raise broken("no meetings in it", place)
    return list(found.values())


def _checked(name: str, place: str, taken: Mapping[str, object]) -> str:
    if not _ID.fullmatch(name):
        raise broken(f"bad name '{clipped(name)}'", place)
    if name in taken:
        raise broken(f"'{name}' twice", place)
    return name


def _people(release: Release) -> dict[str, dict[str, str]]:
    """What is known of participants, by the name that stays the same across meetings."""
    if PARTICIPANTS not in release:
        return {}
    return {
        one.get(f"{NITE}id", ""): {key: one.get(key, "") for key in ("sex", "native_language")}
        for one in release.xml(PARTICIPANTS).iter("participant")
    }


def records(
    release: Release, meetings: Sequence[Listed], left_out: Counter[str]
) -> Iterator[tuple[Listed, Record | None]]:
    """A record for each meeting; None where nobody's words are in the release.

    Args:
        release: the files.
        meetings: which.
        left_out: counts what could not be used, by what it is.

    Raises:
        InputError: a file is broken.
    """
    acts, topics = ontology(release, ACT_TYPES), ontology(release, TOPIC_TYPES)
    for meeting in meetings:
        layers = Layers(release, meeting.id, list(meeting.speakers), left_out)
        layers.read_words()
        turns = [turn for agent in meeting.speakers for turn in _turns(agent, layers)]
        if not turns:
            yield meeting, None
            continue
        turns.sort(key=lambda turn: (turn["start"], turn["end"], turn["speaker"]))
        yield (
            meeting,
            {
                "meeting_id": meeting.id,
                "corpus": "AMI",
                "licence": "CC BY 4.0",
                "attribution": "AMI Consortium, University of Edinburgh",
                "type": meeting.kind,
                "duration": max(meeting.duration, *(turn["end"] for turn in turns)),
                "split_scenario": None if meeting.split == OTHER else meeting.split,
                "moderator": _leaders(meeting),
                "speakers": meeting.speakers,
                "turns": turns,
                "dialogue_acts": layers.acts(acts),
                "topics": layers.topics(topics),
                "vocal": _vocal(layers),
            },
        )


def as_text(record: Record) -> str:
    """A record as the text of its file."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"


def _leaders(meeting: Listed) -> list[str]:
    return [agent for agent, known in meeting.speakers.items() if known.get("role") == LEADER]


def _turns(agent: str, layers: Layers) -> list[Record]:
    """A speaker's words joined while pauses are short, by start."""
    turns: list[Record] = []
    for word in _words(layers.said_by(agent), layers.left_out):
        last = turns[-1] if turns else None
        if last is None or round(word["s"] - last["end"], 6) >= TURN_PAUSE_S:
            last = {"speaker": agent, "start": word["s"], "end": word["e"], "text": "", "words": []}
            turns.append(last)
        last["words"].append(word)
        last["end"] = max(last["end"], word["e"])
    for turn in turns:
        turn["text"] = " ".join(word["w"] for word in turn["words"])
    return turns


def _words(tokens: Sequence[Token], left_out: Counter[str]) -> list[Record]:
    """Words with times by start; a punctuation mark belongs to the word before it."""
    words: list[Record] = []
    before: Record | None = None
    for token in tokens:
        if token.kind != "w" or not token.text:
            continue
        if token.punctuation:
            if before is not None:
                before["w"] += token.text
            continue
        before = None
        if token.start is None or token.end is None:
            left_out["words without times"] += 1
            continue
        text = token.text + ("-" if token.cut_off else "")
        before = {"w": text, "s": token.start, "e": max(token.start, token.end)}
        words.append(before)
    words.sort(key=lambda word: (word["s"], word["e"]))
    for word, following in pairwise(words):
        if word["e"] > following["s"] + WORD_OVERLAP_ALLOWED_S:
            word["e"] = following["s"]  # an alignment that ran on over other words
    return words


def _vocal(layers: Layers) -> list[Record]:
    """Laughs, coughs and other sounds, by start."""
    found = [
        {"speaker": agent, "type": token.sound, "start": token.start, "end": end}
        for agent in layers.agents
        for token in layers.said_by(agent)
        if token.kind == "vocalsound" and token.start is not None
        for end in [max(token.start, token.end or 0.0)]
    ]
    return sorted(found, key=lambda one: (one["start"], one["end"], one["speaker"]))
