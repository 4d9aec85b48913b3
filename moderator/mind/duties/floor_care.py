"""Duties that follow the floor: monologues, crosstalk, silence, quiet people."""

from __future__ import annotations

from moderator.events import Act
from moderator.floor.state import FloorStatus
from moderator.labels import unnamed
from moderator.mind.duties.base import Scene, Wish
from moderator.timeline import Samples, to_samples, to_seconds
from roles.schema import CrosstalkDuty, InviteQuietDuty, MonologueDuty, SilenceDuty

PAUSE_OF_MONOLOGUE = to_samples(2.0)
"""A pause of the holder shorter than this is the place to come in, not the monologue's end."""

UNANSWERED = 2
"""Prompts into one silence; after that the others want it, or have left."""


class EndMonologue:
    """Ends a monologue: a raised hand first, then a word in the next pause, or a cut-in."""

    def __init__(self, duty: MonologueDuty) -> None:
        self.name = duty.name or duty.type
        self._duty = duty
        self._holder: str | None = None
        self._long: Samples = 0
        self._hand_raised = False
        self._granted_act: Act | None = None
        self._count = 0

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes a turn while somebody's floor turn is longer than the limit, or just paused."""
        floor = scene.floor
        if floor.holder is not None:
            if floor.holder != self._holder or floor.held_for < self._long:
                self._holder, self._hand_raised = floor.holder, False
            self._long = floor.held_for
        elif floor.silence > PAUSE_OF_MONOLOGUE:
            self._holder, self._long, self._hand_raised = None, 0, False
        limit = to_samples(self._duty.after_s)
        if self._holder is None or self._long < limit or floor.agent_speaking:
            return None
        return self._graded_wish(scene, self._holder)

    def _graded_wish(self, scene: Scene, holder: str) -> Wish:
        holds = scene.floor.status is not FloorStatus.FREE
        act = Act.CUT_IN if self._duty.cut_in else Act.INVITE
        if holds and not self._duty.cut_in and not self._hand_raised:
            act = Act.HAND_RAISE
        self._granted_act = act
        other = scene.quietest(but=holder)
        duration = scene.duration(self._long)
        if other is None or unnamed(holder):
            words = scene.phrases.say("monologue_alone", holder=scene.name(holder))
        else:
            words = scene.phrases.say(
                "monologue",
                self._count,
                holder=scene.name(holder),
                name=scene.name(other),
                duration=duration,
            )
        cue = f"{scene.name(holder)} has had the floor for {duration}"
        return Wish(act, 0.8, words, cue, other, facts={"held_s": to_seconds(self._long)})

    def granted(self, now: Samples) -> None:
        """A raised hand stays up until the turn; a turn begins the count anew."""
        if self._granted_act is Act.HAND_RAISE:
            self._hand_raised = True
            return
        self._count += 1
        self._holder, self._long, self._hand_raised = None, 0, False


class CutInOnCrosstalk:
    """Gives the floor back to who had it first when several talk at once."""

    def __init__(self, duty: CrosstalkDuty) -> None:
        self.name = duty.name or duty.type
        self._duty = duty
        self._last: Samples | None = None
        self._count = 0

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to cut in while an overlap is longer than the limit."""
        floor = scene.floor
        if floor.agent_speaking or floor.overlap_for < to_samples(self._duty.after_s):
            return None
        if self._last is not None and scene.now - self._last < to_samples(self._duty.every_s):
            return None
        first = floor.holder if floor.holder in scene.participants else None
        template = "crosstalk" if first else "crosstalk_unnamed"
        words = scene.phrases.say(template, self._count, name=scene.name(first))
        seconds = to_seconds(floor.overlap_for)
        cue = f"{len(floor.voices)} people have talked at once for {round(seconds)} s"
        return Wish(Act.CUT_IN, 0.8, words, cue, first, facts={"overlap_s": seconds})

    def granted(self, now: Samples) -> None:
        """Said."""
        self._last = now
        self._count += 1


class BreakSilence:
    """Breaks a silence that is longer than the role's patience, but does not talk to the walls."""

    def __init__(self, duty: SilenceDuty) -> None:
        self.name = duty.name or duty.type
        self._duty = duty
        self._last: Samples | None = None
        self._count = 0
        self._unanswered = 0

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes a turn once the silence has outlasted `turn.silence_patience_s`."""
        patience = to_samples(scene.role.turn.silence_patience_s)
        if scene.floor.agent_speaking or scene.floor.silence < patience:
            return None
        if self._last is not None and scene.now - self._last < to_samples(self._duty.every_s):
            return None
        if self._last is not None and scene.last_voice > self._last:
            self._unanswered = 0
        if self._unanswered >= UNANSWERED:
            return None
        words, addressee = self._words(scene)
        seconds = to_seconds(scene.floor.silence)
        cue = f"nobody has spoken for {round(seconds)} s"
        return Wish(Act.PROMPT, 0.6, words, cue, addressee, facts={"silence_s": seconds})

    def _words(self, scene: Scene) -> tuple[str, str | None]:
        say, item = scene.phrases.say, scene.plan.item
        if item is not None and self._count % 2 == 0:
            return say("silence_agenda", item=item.title), None
        quiet = scene.quietest(but=scene.floor.last_speaker)
        if quiet is None:
            return say("silence_plain", self._count), None
        return say("silence", self._count, name=scene.name(quiet)), quiet

    def granted(self, now: Samples) -> None:
        """Said."""
        self._last = now
        self._count += 1
        self._unanswered += 1


class InviteQuiet:
    """Invites who has said little for long."""

    def __init__(self, duty: InviteQuietDuty) -> None:
        self.name = duty.name or duty.type
        self._duty = duty
        self._last: Samples = 0
        self._invited: dict[str, Samples] = {}
        self._candidate: str | None = None
        self._count = 0

    def wish(self, scene: Scene) -> Wish | None:
        """Wishes to invite the quietest of those below the share and silent for long enough."""
        duty = self._duty
        if scene.now - self._last < to_samples(max(duty.every_s, 1.0)):
            return None
        quiet = [name for name in sorted(scene.participants) if self._is_quiet(scene, name)]
        if not quiet:
            return None
        name = min(quiet, key=lambda one: (self._invited.get(one, -1), scene.talk(one), one))
        self._candidate = name
        words = scene.phrases.say("invite", self._count, name=scene.name(name))
        share = round(scene.floor.share(name), 3)
        cue = f"{scene.name(name)} has {share:.0%} of the talk"
        return Wish(Act.INVITE, 0.6, words, cue, name, facts={"share": share})

    def _is_quiet(self, scene: Scene, name: str) -> bool:
        tally = scene.floor.tallies.get(name)
        last = tally.last_voice if tally and tally.last_voice is not None else 0
        last = max(last, self._invited.get(name, 0), scene.floor.hearing_since)
        long = scene.now - last >= to_samples(self._duty.quiet_for_s)
        return (
            name not in scene.floor.voices
            and long
            and scene.floor.share(name) < self._duty.below_share
        )

    def granted(self, now: Samples) -> None:
        """Invited."""
        self._last = now
        self._count += 1
        if self._candidate is not None:
            self._invited[self._candidate] = now
