"""The duties mind: asks every duty what it wishes and proposes the most pressing wish."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from moderator.events import Act, Percept, Proposal, SaidAt
from moderator.floor.state import FloorView
from moderator.language.phrases import phrases_of
from moderator.mind.base import Capabilities, Moment, Participant, names_of
from moderator.mind.duties import answering, floor_care, summing_up, timing
from moderator.mind.duties.base import DutyRunner, Scene, Wish
from moderator.mind.duties.parting import parted
from moderator.mind.duties.plan import Plan
from moderator.mind.grounding.wording import Wording
from moderator.mind.questions import Questions
from moderator.mouth.sentences import seconds_to_say
from moderator.transcript import Transcript
from roles import schema

_RUNNERS: dict[type[schema.Duty], Callable[[Any], DutyRunner]] = {
    schema.AnswerDuty: answering.Answer,
    schema.CloseDuty: timing.Close,
    schema.OpenDuty: timing.Open,
    schema.CrosstalkDuty: floor_care.CutInOnCrosstalk,
    schema.MonologueDuty: floor_care.EndMonologue,
    schema.AgendaDuty: timing.Agenda,
    schema.TimeCheckDuty: timing.TimeCheck,
    schema.SummariseDuty: summing_up.Summarise,
    schema.InviteQuietDuty: floor_care.InviteQuiet,
    schema.SilenceDuty: floor_care.BreakSilence,
}
"""In the order in which wishes of equal probability win."""


class Duties:
    """The mind that every role has: its duties, without any model."""

    @property
    def capabilities(self) -> Capabilities:
        """Words only, answers from measured facts."""
        return Capabilities(name="duties", live_step_s=0.1)

    async def open(
        self, role: schema.Role, participants: Mapping[str, Participant]
    ) -> DutiesSession:
        """Starts a session.

        Raises:
            InputError: there are no phrases in the role's language.
        """
        return DutiesSession(role, participants)


class DutiesSession:
    """The duties of one role in one meeting."""

    def __init__(self, role: schema.Role, participants: Mapping[str, Participant]) -> None:
        self._role, self._participants = role, participants
        self._phrases = phrases_of(role)
        self._wording = Wording(self._phrases)
        self._questions = Questions(role, self._phrases, others=partial(names_of, participants))
        self._transcript = Transcript()
        self._plan = Plan(role)
        self._runners = [
            make(duty)
            for kind, make in _RUNNERS.items()
            for duty in role.duties
            if type(duty) is kind
        ]
        self._scene: Scene | None = None
        self._partials: Mapping[str, str] = {}
        self._last: tuple[DutyRunner, Wish] | None = None
        self._wished: dict[str, tuple[DutyRunner, Wish]] = {}
        self._said: dict[str, Wish] = {}

    @property
    def open_question(self) -> bool:
        """The last proposal answers a question that no measured fact answers."""
        return self._last is not None and self._last[1].open_question

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk."""
        self._transcript.add(percept.words)
        for word in percept.words:  # so that its stem is known when something is asked
            self._wording.tokens(word.text)
        self._questions.hear(percept, self._transcript)
        self._partials = percept.partials
        self._scene = Scene(
            percept.end,
            self._role,
            floor,
            self._transcript,
            self._participants,
            self._plan,
            self._phrases,
            self._questions.open,
            self._questions.detector,
            self._wording,
        )

    async def recall(self, moment: Moment) -> None:
        """Takes what was said, and marks the duty as done whose wish was granted."""
        if moment.own:
            return
        await self.push(moment.percept, moment.floor)
        granted, scene = moment.granted, self._scene
        if granted is None or scene is None:
            return
        if granted.answering:
            self._questions.answered()
        runner = next((one for one in self._runners if one.name == granted.duty), None)
        if runner is not None:
            runner.wish(scene)  # it notes what it is granted for
            runner.granted(scene.now)

    async def propose(self) -> Proposal | None:
        """The most pressing wish of all duties."""
        scene = self._scene
        if scene is None:
            return None
        if scene.plan.closed:
            self._runners = [one for one in self._runners if isinstance(one, answering.Answer)]
        runners = self._runners
        if parted(self._transcript, self._phrases, len(self._participants)):
            runners = [one for one in runners if isinstance(one, answering.Answer)]
        wishes = [(runner, runner.wish(scene)) for runner in runners]
        made = [(runner, wish) for runner, wish in wishes if wish is not None]
        if not made:
            self._last = None
            return None
        runner, wish = max(made, key=lambda pair: pair[1].probability)
        self._last = self._wished[runner.name] = (runner, wish)
        return Proposal(
            at=scene.now,
            mind="duties",
            probability=wish.probability,
            act=wish.act,
            addressee=wish.addressee,
            duty=runner.name,
            answering=wish.answering,
            cue=wish.cue,
            facts=wish.facts,
            takes_s=self._takes_s(wish),
        )

    def _takes_s(self, wish: Wish) -> float | None:
        """How long its words take to say; those of a raised hand are shown."""
        if wish.act is Act.HAND_RAISE:
            return None
        return seconds_to_say(wish.words, self._role.voice.speed)

    def foreseen(self) -> str | None:
        """The answer from facts to what is being asked, by words that may still change."""
        scene = self._scene
        answers = [one for one in self._runners if isinstance(one, answering.Answer)]
        if scene is None or not answers:
            return None
        question = self._questions.coming(scene.now, self._partials, self._transcript)
        if question is None or self._phrases.question(question.text) is None:
            return None
        wish = answers[0].wish(replace(scene, question=question))
        return None if wish is None or wish.open_question else wish.words

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The words of a duty's last wish; marks the duty as done.

        Another duty may have become more pressing since: a live meeting decides a moment later.
        """
        made = self._wished.pop(proposal.duty or "", None)
        if made is None or self._scene is None:
            return
        runner, wish = made
        self._last, self._said[runner.name] = None, wish
        if wish.answering:
            self._questions.answered()
        runner.granted(self._scene.now)
        yield wish.words

    def quotes(self, proposal: Proposal) -> frozenset[str]:
        """Of whom a summary's words came, or who is read out."""
        wish = self._granted(proposal)
        return frozenset() if wish is None else wish.quotes

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """The line that is read out."""
        wish = self._granted(proposal)
        return () if wish is None else wish.lines

    def _granted(self, proposal: Proposal) -> Wish | None:
        made = self._wished.get(proposal.duty or "")
        return made[1] if made else self._said.get(proposal.duty or "")

    def heard(self, words: str) -> None:
        """Nothing to learn: duties speak in whole turns."""

    def forget(self, speaker: str) -> None:
        """Drops what somebody said, and wishes that may have come of it."""
        self._transcript.forget(speaker)
        self._questions.forget(speaker)
        self._partials = {}
        self._last = None
        self._wished.clear()

    def cancel(self) -> None:
        """Nothing is under way between two percepts."""

    async def close(self) -> None:
        """Holds nothing."""
