"""The duty to answer who addressed the agent: from measured facts, or not at all."""

from __future__ import annotations

from collections.abc import Callable

from moderator.events import Act
from moderator.mind.duties.base import Scene, Wish
from moderator.mind.duties.shares import percent, shares_in_words
from moderator.mind.duties.summing_up import Summary, summary
from moderator.timeline import Samples
from roles.schema import AnswerDuty


class Answer:
    """Answers questions about time, agenda, shares of talk; says so where it cannot."""

    def __init__(self, duty: AnswerDuty) -> None:
        self.name = duty.name or duty.type
        self._could_not = 0
        self._open = False

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to answer while a question waits."""
        question = scene.question
        if question is None or question.going_on:
            return None
        kind = scene.phrases.question(question.text)
        self._open = kind is None
        made = summary(scene) if kind == "summary" else Summary(self._reply(scene, kind))
        return Wish(
            Act.ANSWER,
            0.95,
            made.words,
            f"{scene.name(question.by)} asked: {question.text}"[:200],
            question.by,
            answering=True,
            open_question=kind is None,
            quotes=made.quotes,
        )

    def granted(self, now: Samples) -> None:
        """Answered; the session forgets the question."""
        self._could_not += self._open

    def _reply(self, scene: Scene, kind: str | None) -> str:
        if kind is None:  # what it can answer is said once: it takes long
            return scene.phrases.say("answer_open", min(self._could_not, 1))
        return _REPLIES[kind](scene)


def _time_left(scene: Scene) -> str:
    left = scene.plan.left(scene.now)
    if left is None:
        return scene.phrases.say("answer_time_unplanned", duration=scene.duration(scene.now))
    template = "answer_time_left" if left > 0 else "answer_time_over"
    return scene.phrases.say(template, duration=scene.duration(abs(left)))


def _time_run(scene: Scene) -> str:
    return scene.phrases.say("answer_time_run", duration=scene.duration(scene.now))


def _agenda(scene: Scene) -> str:
    plan, say = scene.plan, scene.phrases.say
    if plan.item is None:
        return say("answer_no_agenda")
    left = plan.item_left(scene.now)
    rest = say("answer_agenda_rest", 0 if left > 0 else 1, duration=scene.duration(abs(left)))
    return say(
        "answer_agenda",
        item=plan.item.title,
        number=plan.index + 1,
        count=len(plan.items),
        rest=rest,
    )


def _talked_most(scene: Scene) -> str:
    shares = shares_in_words(scene)
    if not shares:
        return scene.phrases.say("answer_nobody")
    return scene.phrases.say("answer_talked_most", shares=shares)


def _talked_least(scene: Scene) -> str:
    quiet = scene.quietest()
    if quiet is None:
        return scene.phrases.say("answer_nobody")
    return scene.phrases.say(
        "answer_talked_least", name=scene.name(quiet), percent=percent(scene, quiet)
    )


def _identity(scene: Scene) -> str:
    identity = scene.role.identity
    return scene.phrases.say(
        "answer_identity",
        agent=identity.name,
        title=identity.title,
        summary=scene.role.summary,
    )


_REPLIES: dict[str, Callable[[Scene], str]] = {
    "time_run": _time_run,
    "time_left": _time_left,
    "agenda": _agenda,
    "talked_most": _talked_most,
    "talked_least": _talked_least,
    "identity": _identity,
    "status": lambda scene: scene.phrases.say("answer_status"),
}
