"""Finds where the parts of a role contradict each other.

An error is something the role asks for and forbids at once: a duty that can never be done. A note
is something that is allowed but has no effect, or an effect that surprises.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roles.errors import Level, Path, Problem
from roles.people import allows
from roles.schema import (
    Act,
    AgendaDuty,
    AnyDuty,
    CloseDuty,
    Command,
    MonologueDuty,
    People,
    Role,
    SummariseDuty,
    TimeCheckDuty,
    duty_name,
)
from roles.source import Source

_ACTS = {
    "open": Act.OPEN,
    "time_check": Act.TIME_CHECK,
    "invite_quiet": Act.INVITE,
    "cut_in_crosstalk": Act.CUT_IN,
    "break_silence": Act.PROMPT,
    "summarise": Act.SUMMARISE,
    "close": Act.CLOSE,
    "answer": Act.ANSWER,
}
"""The act without which a duty cannot be done; other duties have a choice."""

_SHORTEST_TURN_S = 3.0
"""A shorter turn ends before a sentence does."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at one place of a role, wherever the role came from."""

    level: Level
    path: Path
    what: str
    todo: str = ""


def review(role: Role, source: Source) -> list[Problem]:
    """Contradictions in a role, as problems with their place in its file."""
    return [
        source.problem(
            finding.what, finding.path, todo=finding.todo, note=finding.level == "note", key=True
        )
        for finding in findings(role)
    ]


def findings(role: Role) -> Iterator[Finding]:
    """Contradictions in a role, errors before notes."""
    for index, duty in enumerate(role.duties):
        yield from _impossible(role, duty, ("duties", index))
    for index, duty in enumerate(role.duties):
        yield from _without_time(role, duty, ("duties", index))
    yield from _times(role)
    yield from _turn_notes(role)
    yield from _people_notes(role)
    yield from _other_notes(role)


def self_initiated(duty: AnyDuty) -> bool:
    """Whether a duty makes the agent speak without having been addressed."""
    if isinstance(duty, SummariseDuty):
        return duty.every_minutes is not None
    return duty.type != "answer"


def cuts_in(duty: AnyDuty) -> bool:
    """Whether a duty speaks while somebody else holds the floor."""
    return duty.type == "cut_in_crosstalk" or (isinstance(duty, MonologueDuty) and duty.cut_in)


def _impossible(role: Role, duty: AnyDuty, path: Path) -> Iterator[Finding]:
    """Why a duty can never be done; the first reason is enough."""
    turn, name = role.turn, duty_name(duty)
    at = (*path, "type")
    if not turn.may_speak:
        what = f"duty '{name}' speaks, but turn.may_speak is false"
        yield Finding("error", at, what, "remove the duty or let the role speak")
    elif turn.only_when_addressed and self_initiated(duty):
        what = f"duty '{name}' speaks unasked, but turn.only_when_addressed is true"
        yield Finding("error", at, what, "remove one of the two")
    elif cuts_in(duty) and not turn.may_cut_in:
        what = f"duty '{name}' cuts in, but turn.may_cut_in is not true"
        yield Finding("error", at, what, "set turn.may_cut_in: true or remove the duty")
    elif cuts_in(duty) and turn.never_interrupt == "everyone":
        what = f"duty '{name}' cuts in, but turn.never_interrupt is everyone"
        yield Finding("error", at, what, "name the people who are never interrupted")
    elif (act := _needed_act(duty)) in turn.banned_acts:
        what = f"duty '{name}' needs the act '{act}', which turn.banned_acts forbids"
        yield Finding("error", at, what, "remove the duty or allow the act")


def _needed_act(duty: AnyDuty) -> Act | None:
    return Act.CUT_IN if cuts_in(duty) else _ACTS.get(duty.type)


def _without_time(role: Role, duty: AnyDuty, path: Path) -> Iterator[Finding]:
    if isinstance(duty, TimeCheckDuty | CloseDuty) and planned_minutes(role, duty) is None:
        what = f"duty '{duty_name(duty)}' does not know how long the meeting is to be"
        yield Finding("error", (*path, "type"), what, "add `meeting_minutes:` or an agenda duty")


def planned_minutes(role: Role, duty: TimeCheckDuty | CloseDuty) -> float | None:
    """How long the meeting is to be, for a duty that goes by it; None if nothing says so."""
    if duty.meeting_minutes is not None:
        return duty.meeting_minutes
    agendas = [duty for duty in role.duties if isinstance(duty, AgendaDuty)]
    return sum(item.minutes for duty in agendas for item in duty.items) if agendas else None


def _times(role: Role) -> Iterator[Finding]:
    lengths: dict[float, str] = {}
    agenda = [item.minutes for d in role.duties if isinstance(d, AgendaDuty) for item in d.items]
    for index, duty in enumerate(role.duties):
        if not isinstance(duty, TimeCheckDuty | CloseDuty):
            continue
        path, minutes = ("duties", index), planned_minutes(role, duty)
        if minutes is None:
            continue
        lengths.setdefault(minutes, duty_name(duty))
        if sum(agenda) > minutes:
            what = f"the agenda takes {sum(agenda):g} minutes, the meeting only {minutes:g}"
            yield Finding("note", (*path, "meeting_minutes"), what)
        if isinstance(duty, TimeCheckDuty) and max(duty.minutes_left) >= minutes:
            what = f"{max(duty.minutes_left):g} minutes are never left of {minutes:g}"
            yield Finding("note", (*path, "minutes_left"), what, "leave that check out")
    if len(lengths) > 1:
        told = " and ".join(f"{minutes:g} ({name})" for minutes, name in lengths.items())
        yield Finding("note", ("duties",), f"duties disagree on the meeting's minutes: {told}")


def _turn_notes(role: Role) -> Iterator[Finding]:
    turn, kinds = role.turn, {duty.type for duty in role.duties}
    given = turn.model_fields_set
    if "silence_patience_s" in given and "break_silence" not in kinds:
        what = "turn.silence_patience_s has no effect without a duty 'break_silence'"
        yield Finding("note", ("turn", "silence_patience_s"), what)
    if turn.may_cut_in and Act.CUT_IN in turn.banned_acts:
        what = "turn.may_cut_in is true, but the act 'cut_in' is banned"
        yield Finding("note", ("turn", "may_cut_in"), what)
    if "never_interrupt" in given and turn.never_interrupt != "nobody" and not turn.may_cut_in:
        what = "turn.never_interrupt has no effect while turn.may_cut_in is false"
        yield Finding("note", ("turn", "never_interrupt"), what)
    silenced = not turn.may_speak or Act.BACKCHANNEL in turn.banned_acts
    if turn.backchannels.allowed and silenced:
        what = "backchannels are allowed, but the role may not make a sound"
        if turn.may_speak:
            what = "backchannels are allowed, but the act 'backchannel' is banned"
        yield Finding("note", ("turn", "backchannels", "allowed"), what)
    if not turn.may_speak:
        return
    if turn.max_turn_s < _SHORTEST_TURN_S:
        what = f"a turn of {turn.max_turn_s:g} s ends before a sentence does"
        yield Finding("note", ("turn", "max_turn_s"), what, f"allow {_SHORTEST_TURN_S:g} s or more")
    if turn.share_ceiling == 0 and role.duties:
        what = "a share_ceiling of 0 lets the role say almost nothing"
        yield Finding("note", ("turn", "share_ceiling"), what)
    if turn.only_when_addressed and not kinds & {"answer", "summarise"}:
        what = "the role speaks only when addressed, but has no duty to answer"
        yield Finding("note", ("turn", "only_when_addressed"), what, "add the duty 'answer'")


def _people_notes(role: Role) -> Iterator[Finding]:
    turn, commands = role.turn, role.authority.commands
    lists: list[tuple[Path, People]] = [
        (("turn", "yields_to"), turn.yields_to),
        (("turn", "never_interrupt"), turn.never_interrupt),
    ]
    lists += [(("authority", "commands", command.value), who) for command, who in commands.items()]
    for path, who in lists:
        for word in ("everyone", "nobody"):
            if isinstance(who, list) and allows(who, word):
                what = f"[{word}] means a person named {word}"
                yield Finding("note", path, what, f"write {word} without brackets")
    if turn.may_speak and not _anybody(commands.get(Command.HUSH, "nobody")):
        what = "nobody may tell the role to hush"
        yield Finding("note", ("authority", "commands"), what, "add `hush: everyone`")
    elif _anybody(commands.get(Command.HUSH, "nobody")) and not _anybody(
        commands.get(Command.RESUME, "nobody")
    ):
        what = "nobody may end a hush, so it lasts until the meeting ends"
        yield Finding("note", ("authority", "commands"), what, "add `resume: everyone`")
    if not turn.may_speak and _anybody(commands.get(Command.SAY, "nobody")):
        what = "the command 'say' has no effect, as turn.may_speak is false"
        yield Finding("note", ("authority", "commands", "say"), what)


def _anybody(people: People) -> bool:
    return bool(people) and people != "nobody"


def _other_notes(role: Role) -> Iterator[Finding]:
    if role.tools and not any(duty.type == "answer" for duty in role.duties):
        what = "tools have no effect, as the role has no duty to answer"
        yield Finding("note", ("tools",), what, "add the duty 'answer'")
    if role.thought.journal and role.thought.mode == "off":
        yield Finding("note", ("thought", "journal"), "there are no thoughts to journal")
    if role.consent.erase_on_opt_out and not role.consent.opt_out:
        what = "erase_on_opt_out has no effect, as nobody may opt out"
        yield Finding("note", ("consent", "erase_on_opt_out"), what)
    if not role.consent.announce:
        what = "people are not told that they are heard, which the law may require"
        yield Finding("note", ("consent", "announce"), what)
    if not role.instructions and role.turn.may_speak:
        what = "without instructions a language model knows only the summary"
        yield Finding("note", ("instructions",), what, "add `instructions: |`")
    if role.identity.name.casefold() in {alias.casefold() for alias in role.identity.aliases}:
        yield Finding("note", ("identity", "aliases"), "an alias repeats the name")
