"""The duty to answer who addressed the agent: measured facts, what somebody said, or neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from moderator.events import Act, SaidAt
from moderator.mind.duties.base import Scene, Wish
from moderator.mind.duties.shares import percent, shares_in_words
from moderator.mind.duties.summing_up import summary
from moderator.mind.grounding.quoting import Quote, quote
from moderator.mind.grounding.said_lines import said_lines
from moderator.mind.questions import Question
from moderator.timeline import Samples
from roles.schema import AnswerDuty


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer's words, whose they are, and the line that they are taken from."""

    words: str
    quotes: frozenset[str] = frozenset()
    lines: tuple[SaidAt, ...] = ()


class Answer:
    """Answers questions about time, agenda, shares of talk, and reads out what somebody said.

    Says so where it can do neither.
    """

    def __init__(self, duty: AnswerDuty) -> None:
        self.name = duty.name or duty.type
        self._could_not = 0
        self._open = False
        self._read_out = ReadOut()

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to answer while a question waits."""
        question = scene.question
        if question is None or question.going_on:
            return None
        kind = scene.phrases.question(question.text)
        reply = self._open_reply(scene, question) if kind is None else _known_reply(scene, kind)
        self._open = kind is None and not reply.lines
        return Wish(
            Act.ANSWER,
            0.95,
            reply.words,
            f"{scene.name(question.by)} asked: {question.text}"[:200],
            question.by,
            answering=True,
            open_question=kind is None,
            quotes=reply.quotes,
            lines=reply.lines,
        )

    def granted(self, now: Samples) -> None:
        """Answered; the session forgets the question."""
        self._could_not += self._open

    def _open_reply(self, scene: Scene, question: Question) -> _Reply:
        found = self._read_out.find(scene, question)
        if found is not None:
            line = found.line
            said_at = SaidAt(line.speaker, line.start)
            return _Reply(found.read_out(scene.phrases), frozenset({line.speaker}), (said_at,))
        # What it can answer is said once: it takes long.
        return _Reply(scene.phrases.say("answer_open", min(self._could_not, 1)))


class ReadOut:
    """Looks for what somebody said that answers a question; once for each question."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._found: Quote | None = None

    def find(self, scene: Scene, question: Question) -> Quote | None:
        """What is to be read out; None where nothing surely answers."""
        key = (question.by, question.text, len(scene.transcript))
        gone = self._found is not None and not any(
            one.speaker == self._found.line.speaker for one in scene.transcript
        )
        if key != self._key or gone:
            self._key, self._found = key, self._look(scene, question)
        return self._found

    def _look(self, scene: Scene, question: Question) -> Quote | None:
        names = {one: scene.name(one) for one in scene.participants}
        lines = said_lines(
            scene.transcript, names, but=question.utterances, calls=scene.detector.calls
        )
        return quote(question.text, lines, scene.phrases, scene.wording)


def _known_reply(scene: Scene, kind: str) -> _Reply:
    if kind == "summary":
        made = summary(scene)
        return _Reply(made.words, made.quotes)
    return _Reply(_REPLIES[kind](scene))


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
