"""The report's sentences and tables, as plain values for the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from moderator.measure.report import wording
from moderator.measure.report.data import purpose, shown
from moderator.measure.report.facts import Facts, Line, Ms, ms
from moderator.measure.report.record import Json, Mark, Turn, clip, listing, mapping, number

MOST_NOTES = 30
MOST_MOMENTS = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One reason of the table of decisions."""

    action: str
    did: str
    because: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class Moment:
    """One decision of the list of decisions."""

    at: Ms
    did: str
    purpose: str
    because: str
    code: str
    inputs: list[tuple[str, str]]
    line: int


@dataclass(frozen=True, slots=True)
class Told:
    """A transcript line and what is told beside it: why the agent spoke, why it was cut off."""

    line: Line
    purpose: str
    because: str
    cut: str
    sources: Sequence[Source] = ()
    tools: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A line that an answer was taken from: its place in the transcript, when it begins, whose."""

    index: int
    at: Ms
    name: str


def title(facts: Facts) -> str:
    """The role as people say it."""
    identity = mapping(facts.record.role.get("identity"))
    return clip(identity.get("title") or facts.record.role.get("id") or "moderator", 200)


def lede(facts: Facts) -> str:
    """The meeting in two sentences."""
    record, agent = facts.record, facts.agent
    counts = {action: sum(table.values()) for action, table in record.tally.items()}
    people = wording.plural(len(facts.lanes) - 1, "person", "people")
    seat = f" in the seat of {facts.name(record.seat)}" if record.seat else ""
    first = (
        f"{record.agent} sat in as {_lower(title(facts))}{seat}, "
        f"with {people}, for {wording.length(facts.end / 1000)}."
    )
    if not agent.turns:
        spoke = "It never spoke"
    else:
        talk = wording.percent(agent.share)
        spoke = f"It spoke {wording.times(agent.turns)}, {talk} of all talk"
    rest = []
    if gave := counts.get("yield", 0) + counts.get("stop", 0):
        rest.append(f"gave way {wording.times(gave)}")
    if record.held:
        rest.append(f"held back {wording.times(len(record.held))}")
    if len(rest) == 1:
        spoke += f"{',' if agent.turns else ''} and {rest[0]}"
    elif rest:
        spoke += f", {' and '.join(rest)}"
    return f"{first} {spoke}."


def _lower(text: str) -> str:
    """A title within a sentence: ``Facilitator`` gets small, ``CEO`` does not."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def figures(facts: Facts, summary: Json) -> list[tuple[str, str]]:
    """``(value, label)`` of the page's head."""
    record, name = facts.record, facts.record.agent
    shown_figures = [
        (wording.percent(facts.agent.share), f"of the talk by {name}"),
        (str(len(record.held)), f"times {name} held back"),
        (wording.percent(facts.overlap / facts.end), "of the time several spoke"),
        (wording.percent(facts.silence / facts.end), "of the time nobody spoke"),
    ]
    if (factor := number(summary.get("real_time_factor"))) > 0:
        shown_figures.append((f"{1 / factor:.3g} times", "the speed of the meeting"))
    if memory := number(summary.get("peak_rss_mb")):
        shown_figures.append((f"{memory:.0f} MB", "largest memory"))
    return shown_figures


def setting(facts: Facts, summary: Json) -> list[tuple[str, str]]:
    """``(what, value)`` of what the run was made with: role, duties, models, settings."""
    role = facts.record.role
    duties = role.get("duties")
    names = [
        clip(mapping(duty).get("name") or mapping(duty).get("type"), 60)
        for duty in (duties if isinstance(duties, list) else [])[:30]
    ]
    rows = [("role", clip(role.get("id"), 60)), ("duties", ", ".join(filter(None, names)))]
    rows.append(("models", "; ".join(listing(summary.get("models")) or facts.record.models)))
    told = list(facts.record.settings.items())[:40]
    rows += [(clip(key, 60), clip(value, 300)) for key, value in told]
    return [(key, value) for key, value in rows if value]


def notices(facts: Facts, summary: Json) -> list[str]:
    """What a reader has to know before trusting the page."""
    record = facts.record
    found = []
    reached = wording.clock(facts.end / 1000)
    why = f": {record.why}" if record.why else ""
    if not record.closed:
        found.append(f"This run was interrupted. Its journal ends at {reached}.")
    elif not record.complete:
        found.append(f"This run ended early, at {reached}{why}.")
    if mapping(record.role.get("retention")).get("transcript") is False:
        found.append("The role keeps no transcript: what people said is not in the journal.")
    if record.failed:
        found.append(
            f"A part failed {wording.times(len(record.failed))}; the transcript says when."
        )
    if record.unreadable:
        lines = wording.plural(record.unreadable, "line")
        found.append(f"{lines} of the journal could not be read.")
    if record.left_out:
        entries = wording.plural(record.left_out, "entry", "entries")
        found.append(f"The journal holds more than this page can show: {entries} left out.")
    if record.relabelled:
        names = wording.plural(record.relabelled, "name")
        found.append(f"{names} put right after the meeting. The agent's words are as they were.")
    told = summary.get("notes")
    for note in (told if isinstance(told, list) else [])[:MOST_NOTES]:
        found.append(f"About the input: {clip(note, 300)}.")
    return found


def reasons(facts: Facts) -> list[Row]:
    """Decisions by action and reason: what it did, then why it waited, the most frequent first."""
    rows = [
        Row(
            action,
            wording.said(wording.ACTIONS, action),
            wording.said(wording.REASONS, reason),
            reason,
            count,
        )
        for action, table in facts.record.tally.items()
        for reason, count in table.items()
    ]
    order = {action: index for index, action in enumerate(wording.ACTIONS)}
    return sorted(rows, key=lambda r: (order.get(r.action, 4), r.action, -r.count, r.code))


def moments(facts: Facts) -> list[Moment]:
    """Every decision other than to wait, in words; as many as a page can bear."""
    linked = list(zip(facts.record.marks, facts.links, strict=True))[:MOST_MOMENTS]
    return [_moment(facts, mark, link) for mark, link in linked]


def _moment(facts: Facts, mark: Mark, link: int) -> Moment:
    return Moment(
        at=ms(mark.at),
        did=wording.said(wording.ACTIONS, mark.action),
        purpose=purpose(facts, mark.act, mark.addressee),
        because=wording.said(wording.REASONS, mark.reason),
        code=mark.reason,
        inputs=[(key, shown(value)) for key, value in mark.inputs.items()],
        line=link,
    )


def line_notes(facts: Facts) -> Iterator[Told]:
    """The transcript, line by line."""
    linked = zip(facts.record.marks, facts.links, strict=True)
    begun = {link: mark for mark, link in linked if mark.action in ("speak", "backchannel")}
    for index, line in enumerate(facts.lines):
        if line.turn is None:
            yield Told(line, "", "", "")
            continue
        mark, cut = begun.get(index), line.cut
        yield Told(
            line,
            purpose(facts, line.turn.act, line.turn.addressee),
            wording.said(wording.REASONS, mark.reason) if mark else "",
            f"{wording.said(wording.ACTIONS, cut.action)}: "
            f"{wording.said(wording.REASONS, cut.reason)}"
            if cut
            else "",
            _sources(facts, line.turn),
            line.turn.tools,
        )


def _sources(facts: Facts, turn: Turn) -> list[Source]:
    """The lines of the transcript in which the utterances stand that a turn was taken from."""
    found: dict[int, Source] = {}
    lanes = {lane.key: number for number, lane in enumerate(facts.lanes[:-1])}
    for who, start in turn.lines:
        said = (i for i, line in enumerate(facts.lines) if line.lane == lanes.get(who))
        for index in said:
            if ms(start) in facts.lines[index].starts:
                line = facts.lines[index]
                found[index] = Source(index, line.start, facts.name(who))
                break
    return list(found.values())
