"""Durations and talk, found from a meeting's events."""

from __future__ import annotations

from integrations.livekit.measuring.timing import Lasted, Timed, Timing
from moderator.events import (
    Act,
    Action,
    Command,
    CommandGiven,
    Decision,
    Heard,
    Proposal,
    Reason,
    SpeakerActivity,
    TurnEnded,
    TurnStarted,
)
from moderator.journal.lines import Event
from moderator.timeline import TICK, Samples, to_samples


def s(seconds: float) -> Samples:
    return to_samples(seconds)


def voice(begin: float, end: float, speaker: str = "ana") -> list[Event]:
    """A voice, tick by tick, with its activity settled in each."""
    ticks = range(s(begin) + TICK, s(end) + 1, TICK)
    return [
        Heard(at, frozenset({speaker}), (SpeakerActivity(speaker, at - TICK, at),)) for at in ticks
    ]


def run(events: list[Event], now: Samples = 0) -> tuple[Timing, list[Lasted]]:
    timing = Timing(lambda: now)
    return timing, [found for event in events for found in timing.take(event)]


def test_the_gap_before_an_answer() -> None:
    events = [*voice(1.0, 3.0), TurnStarted(s(3.6), 1, Act.ANSWER, "ana")]
    _, found = run(events)
    assert found == [Lasted(Timed.RESPONSE, s(0.6), act=Act.ANSWER)]


def test_an_end_that_has_not_settled_is_the_last_tick_with_a_voice() -> None:
    late: list[Event] = [Heard(at, frozenset({"ana"})) for at in range(s(3.0), s(5.01), TICK)]
    _, found = run([*voice(1.0, 3.0), *late, TurnStarted(s(5.5), 1, Act.ANSWER, None)])
    assert found == [Lasted(Timed.RESPONSE, s(0.5), act=Act.ANSWER)]


def test_no_gap_without_a_voice_before_or_with_one_going_on() -> None:
    _, opening = run([TurnStarted(s(1.0), 1, Act.OPEN, None)])
    _, backchannel = run([*voice(0.0, 1.0), TurnStarted(s(2.0), 1, Act.BACKCHANNEL, None)])
    _, cut_in = run([*voice(0.0, 1.0), TurnStarted(s(1.0), 1, Act.CUT_IN, None)])
    assert opening == backchannel == cut_in == []


def test_giving_way_counts_from_the_beginning_of_the_talk_over_the_agent() -> None:
    events = [
        *voice(0.0, 1.0, "ben"),
        TurnStarted(s(2.0), 1, Act.ANSWER, None),
        *voice(3.0, 3.4),
        Decision(s(3.4), Action.YIELD, Reason.TALKED_OVER),
        TurnEnded(s(3.5), 1, "I", "will"),
    ]
    timing, found = run(events, now=s(3.45))
    assert Lasted(Timed.YIELD, s(0.5), reason=Reason.TALKED_OVER) in found
    assert Lasted(Timed.DECISION, s(0.05), action=Action.YIELD) in found
    assert (timing.agent_talk, timing.people_talk) == (s(1.5), s(1.4))


def test_a_hard_stop_counts_from_the_command_and_a_long_turn_not_at_all() -> None:
    def stop(reason: Reason) -> list[Lasted]:
        events: list[Event] = [
            TurnStarted(s(2.0), 1, Act.ANSWER, None),
            *voice(2.2, 3.9),
            CommandGiven(s(4.0), Command.HUSH, "ana", "rpc", True),
            Decision(s(4.1), Action.STOP, reason),
            TurnEnded(s(4.2), 1, "", ""),
        ]
        return [one for one in run(events)[1] if one.what is Timed.YIELD]

    assert stop(Reason.HARD_STOP) == [Lasted(Timed.YIELD, s(0.2), reason=Reason.HARD_STOP)]
    assert stop(Reason.TURN_TOO_LONG) == []


def test_what_computing_took_is_measured_against_the_clock() -> None:
    proposal = Proposal(s(1.0), "duties", 0.9, Act.ANSWER)
    _, found = run([proposal], now=s(1.25))
    assert found == [Lasted(Timed.MIND, s(0.25))]
    _, early = run([Decision(s(2.0), Action.WAIT, Reason.NO_PROPOSAL)], now=s(1.9))
    assert early[0].lasted == 0
