"""Duties joined with a mind that decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from moderator.errors import MindError
from moderator.events import Act, Action, Decision, Failure, Percept, Proposal, TurnEnded
from moderator.floor.state import FloorView
from moderator.journal.lines import to_line
from moderator.language.phrases import load_phrases
from moderator.mind.base import Capabilities, MindSession, Participant
from moderator.mind.duties.session import Duties
from moderator.mind.ensemble import Ensemble
from moderator.mind.openai.mind import OpenAIMind
from moderator.mind.openai.settings import OpenAISettings
from moderator.testing.chat_server import ChatServer, Reply, always, wish
from moderator.testing.meetings import hold_meeting, of, people, talk
from moderator.timeline import to_samples
from roles.schema import Role

PEOPLE = people("Ana", "Ben")
NO_MODEL = load_phrases("en").say("answer_open")
SORRY = load_phrases("en").say("answer_failed")


def role(*duties: dict[str, Any], **turn: Any) -> Role:
    return Role.model_validate(
        {
            "id": "tested",
            "summary": "for tests",
            "identity": {"name": "Robin"},
            "duties": list(duties) or [{"type": "answer"}],
            "turn": turn,
        }
    )


class Decider:
    """A decider that does as it is told, and its own session."""

    def __init__(
        self,
        probability: float = 0.0,
        act: Act = Act.ANSWER,
        *,
        fails: bool = False,
        open_answers: bool = True,
        waits_s: float = 0.0,
        from_s: float = 0.0,
    ) -> None:
        self.probability, self.act, self.fails = probability, act, fails
        self.waits_s, self.from_s = waits_s, from_s
        self.capabilities = Capabilities("decider", open_answers=open_answers, models=("big",))
        self.at = 0
        self.calls: list[str] = []

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> MindSession:
        return self

    async def push(self, percept: Percept, floor: FloorView) -> None:
        self.at = percept.end

    async def propose(self) -> Proposal | None:
        at = self.at
        await asyncio.sleep(self.waits_s)
        if self.fails:
            raise MindError("out of order")
        if not self.probability or at < to_samples(self.from_s):
            return None
        return Proposal(at, "decider", self.probability, self.act)

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        self.calls.append(f"compose {proposal.duty}")
        if self.fails:
            raise MindError("no words")
        yield "From the decider."

    def heard(self, words: str) -> None:
        self.calls.append(f"heard {words}")

    def forget(self, speaker: str) -> None:
        self.calls.append(f"forget {speaker}")

    def cancel(self) -> None:
        self.calls.append("cancel")

    async def close(self) -> None:
        self.calls.append("close")


def said(events: list[Any]) -> list[str]:
    return [ended.heard for ended in of(events, TurnEnded)]


def test_capabilities_are_those_of_both() -> None:
    capabilities = Ensemble(Duties(), Decider()).capabilities
    assert capabilities == Capabilities("duties+decider", open_answers=True, models=("big",))


def test_a_measured_answer_stays_with_the_duties() -> None:
    words = talk("ana", 1.0, "Robin, who are you?")
    events = hold_meeting(role(), Ensemble(Duties(), Decider(0.99, from_s=2.2)), words, 8)
    assert said(events)[0].startswith("I am Robin")


def test_an_open_question_is_answered_by_the_decider_once() -> None:
    words = talk("ana", 1.0, "Robin, why is the sky blue?")
    decider = Decider()
    events = hold_meeting(role(), Ensemble(Duties(), decider), words, 15)
    assert said(events) == ["From the decider."]
    spoken = [one for one in of(events, Proposal) if one.mind == "decider"]
    assert {(one.duty, one.answering, one.addressee) for one in spoken} == {("answer", True, "ana")}
    assert decider.calls == ["compose answer", "heard From the decider.", "cancel", "close"]


def test_a_decider_without_open_answers_leaves_them_to_the_duties() -> None:
    words = talk("ana", 1.0, "Robin, why is the sky blue?")
    decider = Decider(open_answers=False)
    events = hold_meeting(role(), Ensemble(Duties(), decider), words, 15)
    assert NO_MODEL.startswith(said(events)[0].split(".")[0])


@pytest.mark.parametrize(("probability", "mind"), [(0.55, "duties"), (0.7, "decider")])
def test_the_more_pressing_wish_is_proposed(probability: float, mind: str) -> None:
    policy = role({"type": "break_silence"}, silence_patience_s=3.2)
    decider = Decider(probability, Act.PROMPT, from_s=5.0)
    words = talk("ana", 1.0, "Well then.")
    events = hold_meeting(policy, Ensemble(Duties(), decider), words, 8, participants=PEOPLE)
    granted = next(one for one in of(events, Decision) if one.action is Action.SPEAK)
    assert [one.mind for one in of(events, Proposal) if one.at <= granted.at][-1] == mind
    assert ("From the decider." in said(events)) is (mind == "decider")


def test_the_duties_stand_where_the_decider_fails() -> None:
    policy = role({"type": "break_silence"}, silence_patience_s=3)
    words = talk("ana", 1.0, "Well then.")
    events = hold_meeting(
        policy, Ensemble(Duties(), Decider(fails=True)), words, 8, participants=PEOPLE
    )
    assert said(events) != []
    assert "Ben" in said(events)[0]
    assert {failure.what for failure in of(events, Failure)} == {"decider: out of order"}


def test_the_agent_says_so_where_the_decider_finds_no_answer() -> None:
    words = talk("ana", 1.0, "Robin, why is the sky blue?")
    events = hold_meeting(role(), Ensemble(Duties(), Decider(fails=True)), words, 15)
    assert said(events) == [SORRY]
    assert any("no words" in failure.what for failure in of(events, Failure))


def test_a_slow_decider_does_not_delay_the_duties_of_a_live_meeting() -> None:
    words = talk("ana", 0.2, "Robin, who are you?", 0.2)
    mind = Ensemble(Duties(), Decider(0.5, waits_s=60), live=True)
    events = hold_meeting(role(), mind, words, 3.5, live=True)
    speaks = [one.at for one in of(events, Decision) if one.action is Action.SPEAK]
    assert len(speaks) == 1
    assert speaks[0] <= 2.2 * 16_000


def test_a_decider_in_time_is_heard_in_a_live_meeting() -> None:
    words = talk("ana", 0.2, "So it is.", 0.2)
    mind = Ensemble(Duties(), Decider(0.8, waits_s=0.1), live=True)
    events = hold_meeting(role(), mind, words, 3.0, live=True)
    assert {one.mind for one in of(events, Proposal)} == {"decider"}


def server_mind(server: ChatServer) -> Ensemble:
    settings = OpenAISettings(model="m", base_url=server.url, timeout_s=0.4, max_retries=0)
    return Ensemble(Duties(), OpenAIMind(settings))


def test_end_to_end_with_a_server() -> None:
    words = (
        talk("ana", 1.0, "Robin, who are you?")
        + talk("ben", 20.0, "The sky is blue because of the air.")
        + talk("ana", 30.0, "Robin, why is the sky blue?")
    )
    with ChatServer(always(wish(0.1), "It is blue because of the air [2].")) as server:
        runs = [
            hold_meeting(role(), server_mind(server), words, 45, participants=PEOPLE)
            for _ in range(2)
        ]
    identity, open_answer = said(runs[0])
    assert identity.startswith("I am Robin")
    assert open_answer == "According to Ben: It is blue because of the air."
    assert not of(runs[0], Failure)
    first, second = ([to_line(event) for event in events] for events in runs)
    assert first == second


def test_end_to_end_with_a_dead_server() -> None:
    words = talk("ana", 1.0, "Robin, who are you?") + talk("ana", 30.0, "Robin, why is it so?")
    with ChatServer(always(Reply("no", status=500), Reply(hold_s=60))) as server:
        events = hold_meeting(role(), server_mind(server), words, 45, participants=PEOPLE)
    assert said(events)[0].startswith("I am Robin")
    assert said(events)[1] == SORRY
    assert len(of(events, Failure)) >= 2
