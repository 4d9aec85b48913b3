"""What is destroyed of somebody in a journal, and which erasures a journal still owes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderator.journal.lines import Line, parse, read, text_of
from moderator.labels import unnamed_beside
from moderator.timeline import TICK, Samples

ALL_ON = "/"
"""A label that ends with this stands for all that begin with it: voices on a microphone."""

_MAY_QUOTE = tuple(
    f'{{"kind":"{kind}"'.encode()
    for kind in (
        "heard",
        "proposal",
        "command",
        "turn_started",
        "word_played",
        "turn_ended",
        "tool",
    )
)
"""How lines begin that may hold words; all others are passed over unread."""

Span = tuple[Samples, Samples]


@dataclass(slots=True)
class Traces:
    """Where what is erased is to be heard.

    Attributes:
        spoke: spans in which the person spoke.
        turns: spans of the agent's turns that may quote them, by number; the end is None for a turn
            that had not ended.
        silent: numbers of such turns that never sounded.
    """

    spoke: list[Span] = field(default_factory=list)
    turns: dict[int, tuple[Samples, Samples | None]] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)

    def concerns(self, turn: int) -> bool:
        """Whether a turn's words go."""
        return turn in self.turns or turn in self.silent

    def own_spans(self, end: Samples) -> list[Span]:
        """Spans of the agent's turns, those that had not ended up to `end`."""
        return [(start, end if until is None else until) for start, until in self.turns.values()]


@dataclass(frozen=True, slots=True)
class Erasure:
    """Whose words are to be destroyed, and those from before when.

    Attributes:
        labels: their ids as a speaker; see `ALL_ON`.
        before: meeting time of their refusal; what they say later, if they agree anew, stays.
    """

    labels: tuple[str, ...]
    before: Samples

    def concerns(self, speaker: str) -> bool:
        """Whether this is one of theirs."""
        return any(
            speaker == label or (label.endswith(ALL_ON) and speaker.startswith(label))
            for label in self.labels
        )

    def _may_be(self, speaker: str) -> bool:
        """Whether a voice is theirs, or one that may become theirs once it is attributed."""
        return self.concerns(speaker) or any(
            speaker == unnamed_beside(label) for label in self.labels
        )

    def traces(self, lines: Iterable[Line]) -> Traces:
        """Finds where they, and the agent's turns that may quote them, are to be heard."""
        found, begun = Traces(), dict[int, Samples]()
        for line in lines:
            kind = line["kind"]
            if kind == "heard":
                found.spoke += [
                    (start, min(end, self.before))
                    for speaker, start, end in line.get("activities", ())
                    if self.concerns(speaker) and start < self.before
                ]
                found.spoke += [
                    (start, end)
                    for speaker, _, start, end, *_ in line.get("words", ())
                    if self.concerns(speaker) and start < self.before
                ]
            elif kind == "turn_started" and line["at"] < self.before:
                begun[line["turn"]] = line["at"]
                if self._quoted(line):
                    found.turns[line["turn"]] = (line["at"], None)
            elif kind == "turn_ended":
                self._end(line, found, begun)
        return found

    def _end(self, line: Line, found: Traces, begun: Mapping[int, Samples]) -> None:
        """A turn may have come to quote them after it had begun."""
        turn, at = line["turn"], line["at"]
        if turn in found.turns or (turn in begun and self._quoted(line)):
            found.turns[turn] = (begun[turn], at)
        elif self._quoted(line) and at <= self.before + 2 * TICK:
            found.silent.add(turn)

    def _quoted(self, line: Mapping[str, Any]) -> bool:
        return any(self.concerns(speaker) for speaker in line.get("quotes", ()))

    def without(self, line: Line, traces: Traces) -> Line:
        """A line without what they said, or what may quote it."""
        kind = line["kind"]
        if kind == "heard":
            return self._heard(line)
        kept = dict(line)
        if kind == "proposal" and line["at"] <= self.before:
            return {key: value for key, value in kept.items() if key not in ("cue", "thought")}
        if kind == "command" and self.concerns(line["by"]) and line["at"] <= self.before:
            kept["argument"] = ""
        if kind == "word_played" and traces.concerns(line["turn"]):
            kept["text"] = ""
        if kind == "turn_ended" and traces.concerns(line["turn"]):
            kept["heard"] = kept["lost"] = ""
            kept.pop("lines", None)
        if kind == "tool" and self._quoted(line) and line["at"] <= self.before + 2 * TICK:
            kept.pop("arguments", None)
            kept.pop("result", None)
        return kept

    def _heard(self, line: Line) -> Line:
        kept, words, partials = dict(line), line.get("words", ()), line.get("partials", {})
        kept["words"] = [
            word for word in words if not self.concerns(word[0]) or word[2] >= self.before
        ]
        if line["at"] <= self.before:
            partials = {who: said for who, said in partials.items() if not self._may_be(who)}
        kept["partials"] = partials
        return {key: value for key, value in kept.items() if value or key in ("kind", "at")}


def redact(path: Path, erasure: Erasure, end: int | None = None) -> Traces:
    """Takes somebody's words out of a journal's file, each line in its place.

    A line that loses something is filled up with spaces: nothing moves, so that others may go on
    writing behind `end`, no space is needed, and what a crash leaves undone can be done again.

    Args:
        path: the journal.
        erasure: of whom.
        end: bytes to look at; None: all.

    Returns:
        Where they are to be heard.

    Raises:
        OSError: it cannot be read or written.
        InputError: a line is none.
    """
    with path.open("r+b", buffering=1 << 20) as file:
        traces = erasure.traces(line for _, _, line in _talk(file, path, end))
        for at, raw, line in _talk(file, path, end):
            kept = erasure.without(line, traces)
            if kept != line:
                body = text_of(kept).encode()[:-1]
                os.pwrite(file.fileno(), body.ljust(len(raw) - 1) + b"\n", at)
        os.fsync(file.fileno())
    return traces


def _talk(file: Any, path: Path, end: int | None) -> Iterator[tuple[int, bytes, Line]]:
    """Whole lines that may hold words, with where they begin."""
    file.seek(0)
    at = 0
    while (end is None or at < end) and (raw := file.readline()).endswith(b"\n"):
        if raw.startswith(_MAY_QUOTE):
            yield at, raw, parse(raw, str(path))
        at += len(raw)


def owed(path: Path) -> list[Erasure]:
    """The erasures that people were promised and that a journal does not say were done.

    Raises:
        InputError: it cannot be read.
    """
    promised: dict[Erasure, None] = {}
    for line in read(path):
        if line["kind"] == "consent" and line.get("erases"):
            promised[Erasure(tuple(line["erases"]), line.get("before", 0))] = None
        elif line["kind"] == "erased":
            promised.pop(Erasure(tuple(line["erases"]), line.get("before", 0)), None)
    return list(promised)
