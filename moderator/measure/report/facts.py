"""What the report shows, worked out from what the journal says. Times become milliseconds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from moderator.measure.report.record import Mark, Record, Turn
from moderator.timeline import SAMPLE_RATE, Samples, to_samples

Ms: TypeAlias = int
Spans: TypeAlias = list[tuple[Ms, Ms]]

COLOURS = 8
_SHOWN_PAUSE: Ms = 250
_TURN_PAUSE: Ms = 1000
_TURN_LENGTH: Ms = 1000
_LINE_PAUSE = to_samples(1.5)
_LINK_EARLY: Ms = 100
_LINK_LATE: Ms = 4000
_LONG_LINE, _LONGEST_LINE = 60, 120


@dataclass(slots=True)
class Lane:
    """One person's line of the timeline, or the agent's.

    Attributes:
        colour: class of the page's style sheet: ``s0`` to ``s7``, ``agent``.
        spans: voice, by start, short pauses closed.
        talk: milliseconds of voice.
        share: of all talk, the agent's too, in [0, 1].
        turns: stretches of at least 1.0 s over pauses under 1.0 s; the agent's own count.
    """

    key: str
    name: str
    position: str
    colour: str
    spans: Spans
    talk: Ms = 0
    share: float = 0.0
    turns: int = 0


@dataclass(slots=True)
class Line:
    """One line of the transcript.

    Attributes:
        lane: index of its lane; -1 for a note.
        words: texts in order.
        starts: when each begins.
        lost: words of the agent that were cut off.
        turn: the agent's turn, or None.
        cut: the decision that ended the turn early.
    """

    start: Ms
    end: Ms
    lane: int
    words: list[str] = field(default_factory=list)
    starts: list[Ms] = field(default_factory=list)
    lost: str = ""
    turn: Turn | None = None
    cut: Mark | None = None
    note: str = ""


@dataclass(slots=True)
class Facts:
    """All that the page shows and the journal does not say outright.

    Attributes:
        end: how far the meeting came.
        lanes: of all people heard; the agent's is the last.
        lines: the transcript, the agent's turns and commands too, by start.
        overlaps: where two or more had a voice, `overlap` milliseconds together.
        silence: milliseconds in which nobody had.
        links: per mark of the record the line of the turn that it began or ended; -1: none.
    """

    record: Record
    end: Ms
    lanes: list[Lane]
    lines: list[Line]
    overlaps: Spans
    overlap: Ms
    silence: Ms
    links: list[int] = field(default_factory=list)

    @property
    def agent(self) -> Lane:
        """The agent's lane; always the last."""
        return self.lanes[-1]

    def name(self, who: str) -> str:
        """A participant's name as people know it."""
        return self.record.people.get(who, (who, ""))[0]


def ms(at: Samples) -> Ms:
    """Samples as whole milliseconds."""
    return at * 1000 // SAMPLE_RATE


def merged(spans: Iterable[tuple[Ms, Ms]], pause: Ms) -> Spans:
    """Spans by start, those joined that touch or lie closer together than `pause`."""
    result: Spans = []
    for start, end in sorted(spans):
        if result and start - result[-1][1] < pause:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def depth(lanes: Sequence[Spans]) -> tuple[Spans, Ms]:
    """Where two or more of `lanes` have a voice, and for how many milliseconds one or more has."""
    edges = sorted((at, step) for s in lanes for a, b in s for at, step in ((a, 1), (b, -1)))
    overlaps: Spans = []
    voices, since, talk = 0, 0, 0
    for at, step in edges:
        if voices >= 1:
            talk += at - since
        if voices >= 2 and at > since:
            overlaps.append((since, at))
        voices, since = voices + step, at
    return merged(overlaps, 1), talk


def _total(spans: Spans) -> Ms:
    return sum(end - start for start, end in spans)


def _lane(record: Record, key: str, colour: str, words: Spans) -> Lane:
    """A participant's lane; where no voice was told, the words stand for it."""
    name, position = record.people[key]
    voice = [(ms(a), ms(b)) for a, b in record.activities.get(key, ())] or words
    exact = merged(voice, 1)
    turns = sum(1 for a, b in merged(voice, _TURN_PAUSE) if b - a >= _TURN_LENGTH)
    return Lane(key, name, position, colour, merged(voice, _SHOWN_PAUSE), _total(exact), 0.0, turns)


def _lanes(record: Record) -> list[Lane]:
    words: dict[str, Spans] = {}
    for speaker, _, start, end in record.words:
        words.setdefault(speaker, []).append((ms(start), ms(end)))
    heard = [k for k in record.people if k in record.activities or k in words or k != record.seat]
    lanes = [
        _lane(record, key, f"s{index % COLOURS}", words.get(key, []))
        for index, key in enumerate(heard)
    ]
    own = merged(((ms(t.start), ms(t.end)) for t in record.turns.values()), 1)
    lanes.append(Lane("", record.agent, "agent", "agent", own, _total(own), 0, len(record.turns)))
    talk = sum(lane.talk for lane in lanes)
    for lane in lanes:
        lane.share = lane.talk / talk if talk else 0.0
    return lanes


def _spoken_lines(record: Record, lanes: Sequence[Lane]) -> list[Line]:
    """Words joined to lines: one speaker's, over short pauses, not too long."""
    index = {lane.key: number for number, lane in enumerate(lanes[:-1])}
    lines: list[Line] = []
    current: dict[str, Line] = {}
    last: dict[str, Samples] = {}
    for speaker, text, start, end in sorted(record.words, key=lambda w: (w[2], w[3], w[0])):
        line = current.get(speaker)
        if line is None or start - last[speaker] > _LINE_PAUSE or _full(line):
            line = current[speaker] = Line(ms(start), ms(end), index[speaker])
            lines.append(line)
        line.words.append(text)
        line.starts.append(ms(start))
        last[speaker] = max(end, last.get(speaker, 0))
        line.end = max(line.end, ms(end))
    return lines


def _full(line: Line) -> bool:
    count = len(line.words)
    return count >= _LONGEST_LINE or (count >= _LONG_LINE and line.words[-1][-1:] in ".?!")


def _agent_lines(record: Record, lane: int) -> list[Line]:
    ends = [mark for mark in record.marks if mark.action in ("yield", "stop")]
    at = [mark.at for mark in ends]
    lines = []
    for turn in sorted(record.turns.values(), key=lambda t: (t.start, t.number)):
        line = Line(ms(turn.start), ms(turn.end), lane, lost=turn.lost, turn=turn)
        line.words = [text for text, _, _ in turn.words] or turn.heard.split()
        line.starts = [ms(start) for _, start, _ in turn.words]
        found = bisect_left(at, turn.start)
        if found < len(ends) and at[found] <= turn.end:
            line.cut = ends[found]
        lines.append(line)
    return lines


def _note_lines(record: Record) -> list[Line]:
    """Commands and failures, as notes between the lines."""
    lines = []
    for told in record.told:
        name = record.people.get(told.by, (told.by or "Somebody", ""))[0]
        more = f" “{told.argument}”" if told.argument else ""
        verdict = "" if told.accepted else "; not allowed to"
        note = f"{name} commanded: {told.command.replace('_', ' ')}{more}"
        by = f" (by {told.channel}{verdict})" if told.channel else verdict
        lines.append(Line(ms(told.at), ms(told.at), -1, note=note + by))
    for failed in record.failed:
        note = f"The {failed.part} failed: {failed.what}"
        lines.append(Line(ms(failed.at), ms(failed.at), -1, note=note))
    return lines


def _links(record: Record, lines: Sequence[Line]) -> list[int]:
    """Index of the line of the agent's turn that each decision began or ended; -1: none."""
    own = [(line.start, index) for index, line in enumerate(lines) if line.turn is not None]
    ended = {id(lines[index].cut): index for _, index in own if lines[index].cut is not None}
    links = []
    for mark in record.marks:
        link = ended.get(id(mark), -1)
        if mark.action in ("speak", "backchannel"):
            found = bisect_left(own, (ms(mark.at) - _LINK_EARLY, -1))
            if found < len(own) and own[found][0] <= ms(mark.at) + _LINK_LATE:
                link = own[found][1]
        links.append(link)
    return links


def work_out(record: Record) -> Facts:
    """Everything that the page shows, from one journal."""
    lanes = _lanes(record)
    lines = _spoken_lines(record, lanes) + _agent_lines(record, len(lanes) - 1)
    lines += _note_lines(record)
    lines.sort(key=lambda line: (line.start, line.lane, line.end))
    overlaps, voiced = depth([lane.spans for lane in lanes])
    end = max(ms(record.reached), 1)
    return Facts(
        record=record,
        end=end,
        lanes=lanes,
        lines=lines,
        overlaps=overlaps,
        overlap=_total(overlaps),
        silence=max(end - voiced, 0),
        links=_links(record, lines),
    )
