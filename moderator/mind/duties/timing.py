"""Duties that follow the clock: open, agenda, time checks, close."""

from __future__ import annotations

from moderator.events import Act
from moderator.mind.duties.base import Scene, Wish
from moderator.mind.duties.plan import MINUTE, Plan
from moderator.mind.duties.shares import shares_in_words
from moderator.timeline import Samples, to_samples, to_seconds
from roles.schema import AgendaDuty, CloseDuty, OpenDuty, TimeCheckDuty


def whole_minutes(samples: Samples) -> int:
    """Minutes, rounded, at least 1."""
    return max(1, round(samples / MINUTE))


class Open:
    """Opens the meeting, unless the others have long begun."""

    def __init__(self, duty: OpenDuty) -> None:
        self.name = duty.name or duty.type
        self._duty = duty
        self._done = False

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to open until it did or its time has passed."""
        if self._done or scene.now > to_samples(self._duty.within_s):
            return None
        say, plan = scene.phrases.say, scene.plan
        purpose = say("open_purpose", purpose=self._duty.purpose) if self._duty.purpose else ""
        agenda = ""
        if plan.item is not None:
            items = scene.phrases.listed(item.title for item in plan.items)
            length = scene.phrases.minutes(round(sum(item.minutes for item in plan.items)))
            agenda = say("open_agenda", items=items, duration=length, first=plan.item.title)
        identity = scene.role.identity
        words = say(
            "open",
            agent=identity.name,
            title=identity.title,
            called=_called(scene),
            purpose=f"{purpose} " if purpose else "",
            agenda=agenda,
        )
        return Wish(Act.OPEN, 0.9, words, "the meeting begins")

    def granted(self, now: Samples) -> None:
        """Opened."""
        self._done = True


def _called(scene: Scene) -> str:
    """How to call the agent, where somebody has its name."""
    namesakes, names = scene.detector.namesakes(), scene.detector.answers_to
    if not namesakes:
        return ""
    other = namesakes[0]
    if not names:
        return scene.phrases.say("open_namesake_unnamed", other=other) + " "
    return scene.phrases.say("open_namesake", other=other, name=names[0]) + " "


class Agenda:
    """Hands over to the next item when one's time and grace are used up."""

    def __init__(self, duty: AgendaDuty) -> None:
        self.name = duty.name or duty.type
        self._duty = duty
        self._scene: Scene | None = None
        self._count = 0

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to hand over once the item's time and grace are over."""
        plan = scene.plan
        over = -plan.item_left(scene.now)
        if plan.item is None or plan.next_item is None or over < to_samples(self._duty.grace_s):
            return None
        self._scene = scene
        facts = {
            "item": plan.item.title,
            "minutes": _number(plan.item.minutes),
            "next": plan.next_item.title,
            "next_minutes": _number(plan.next_item.minutes),
        }
        words = scene.phrases.say(
            "hand_over_one" if plan.item.minutes == 1 else "hand_over",
            self._count,
            item=plan.item.title,
            minutes=scene.phrases.number(plan.item.minutes),
            next=plan.next_item.title,
            next_duration=scene.phrases.minutes(plan.next_item.minutes),
        )
        cue = f"{plan.item.title!r} is {round(to_seconds(over))} s over its time"
        return Wish(Act.HAND_OVER, 0.8, words, cue, facts=facts)

    def granted(self, now: Samples) -> None:
        """The next item begins."""
        self._count += 1
        if self._scene is not None:
            self._scene.plan.go_on(now)


class TimeCheck:
    """Says how much of the planned time is left."""

    def __init__(self, duty: TimeCheckDuty) -> None:
        self.name = duty.name or duty.type
        self._marks = sorted(round(minutes * MINUTE) for minutes in duty.minutes_left)
        self._due: Samples | None = None
        self._reached: Samples | None = None
        self._count = 0

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to say the time left at a mark; a missed mark gives way to the next."""
        left = scene.plan.left(scene.now)
        length = scene.plan.length
        if left is None or length is None or left <= 0:
            return None
        reached = [mark for mark in self._marks if left <= mark < length]
        if not reached or reached[0] == self._reached:
            return None
        self._due = reached[0]
        words = self._words(scene, left)
        facts = {"seconds_left": round(to_seconds(left))}
        return Wish(Act.TIME_CHECK, 0.8, words, "time mark", facts=facts)

    def _words(self, scene: Scene, left: Samples) -> str:
        if left < MINUTE * 3 // 4:
            return scene.phrases.say("time_check_seconds", seconds=round(to_seconds(left)))
        minutes = whole_minutes(left)
        template = "time_check_one" if minutes == 1 else "time_check"
        return scene.phrases.say(template, self._count, minutes=minutes)

    def granted(self, now: Samples) -> None:
        """The mark was said; older ones are past as well."""
        self._count += 1
        self._reached = self._due


class Close:
    """Closes the meeting when its planned time is over; after that the agent only answers."""

    def __init__(self, duty: CloseDuty) -> None:
        self.name = duty.name or duty.type
        self._plan: Plan | None = None

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to close once the planned time is over."""
        left = scene.plan.left(scene.now)
        if left is None or left > 0:
            return None
        self._plan = scene.plan
        shares = shares_in_words(scene)
        words = scene.phrases.say("close", 0 if shares else 1, shares=shares)
        return Wish(Act.CLOSE, 0.9, words, "the planned time is over")

    def granted(self, now: Samples) -> None:
        """Closed."""
        if self._plan is not None:
            self._plan.closed = True


def _number(minutes: float) -> str:
    return f"{minutes:g}"
