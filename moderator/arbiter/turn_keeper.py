"""The deciding core of a meeting: floor, commands and proposals in, decisions out.

It is fed events only and reads no clock, so the live loop, a replay and a journal that is run
again (see `moderator.journal.rerun`) decide alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from moderator.arbiter.decide import decide
from moderator.arbiter.rules import quotas
from moderator.arbiter.rules.base import Situation, Standing
from moderator.events import (
    Act,
    Action,
    Command,
    CommandGiven,
    ConnectionChanged,
    Decision,
    Heard,
    Proposal,
    TurnEnded,
    TurnStarted,
)
from moderator.floor.state import Floor, FloorView
from moderator.sparing import SparedChanged
from roles.schema import Role


class TurnKeeper:
    """Keeps the floor, the agent's standing and the proposal that awaits a decision.

    A turn lasts, for the rules, from the decision to speak to its `TurnEnded`, which always
    comes; the floor is the agent's from `TurnStarted` on, when it begins to sound.

    Args:
        role: the agent's role.
        names: participants' names by id; may grow while the meeting goes on.

    Attributes:
        heard: the tick heard last.
    """

    def __init__(self, role: Role, names: Mapping[str, str]) -> None:
        self.role = role
        self._names = names
        self._floor = Floor()
        self._standing = Standing()
        self._pending: Proposal | None = None
        self.heard = Heard(0)

    @property
    def floor(self) -> FloorView:
        """The floor now."""
        return self._floor.view()

    @property
    def standing(self) -> Standing:
        """Commands in force and the agent's own turn."""
        return self._standing

    @property
    def pending(self) -> Proposal | None:
        """The proposal that awaits a decision."""
        return self._pending

    @property
    def active(self) -> bool:
        """A decision other than waiting is possible before the next proposal."""
        return self._pending is not None or self._standing.turn_act is not None

    def hear(self, heard: Heard) -> None:
        """Takes one tick."""
        self.heard = heard
        self._floor.hear(heard)

    def propose(self, proposal: Proposal | None) -> None:
        """Takes the newest proposal; it replaces an older one."""
        self._pending = proposal

    def command(self, given: CommandGiven) -> None:
        """Takes a command; one that was not accepted changes nothing."""
        if not given.accepted:
            return
        if given.command is Command.HUSH:
            self._standing = replace(self._standing, hushed=True, hard_stop=True)
        elif given.command is Command.LISTEN_ONLY:
            self._standing = replace(self._standing, listen_only=True, hard_stop=True)
        elif given.command is Command.RESUME:
            self._standing = replace(self._standing, hushed=False, listen_only=False)

    def change(self, event: ConnectionChanged | SparedChanged) -> None:
        """The meeting was lost, is heard again, is late, or keeps up again."""
        if isinstance(event, SparedChanged):
            self._standing = replace(self._standing, spared=event.spared)
        else:
            self._connection(event)

    def _connection(self, event: ConnectionChanged) -> None:
        """What was proposed before is dropped."""
        self._standing = replace(self._standing, cut_off=not event.up)
        self._pending = None
        if event.up:
            self._floor.hears_again(event.at)
        else:
            self._floor.hears_nothing()

    def change_role(self, role: Role) -> None:
        """Goes on by another role; what was proposed in the old one is dropped."""
        self.role = role
        self._pending = None

    def turn_started(self, event: TurnStarted) -> None:
        """The agent's turn begins to sound; a backchannel does not take the floor."""
        if event.act is Act.BACKCHANNEL:
            self._floor.agent_signals(event.at)
        else:
            self._floor.agent_started(event.at)

    def turn_ended(self, event: TurnEnded) -> None:
        """The agent's turn is over, perhaps before anything of it was heard."""
        self._floor.agent_ended(event.at)
        self._standing = replace(
            self._standing, turn_act=None, turn_takes=None, ends_by=None, paused_at=None
        )

    def decide(self) -> Decision:
        """Decides for the tick heard last; a proposal that was granted is used up."""
        situation = Situation(
            self.role, self._names, self._floor.view(), self._standing, self._pending
        )
        decision = decide(situation)
        self._standing = replace(self._standing, hard_stop=False)
        if decision.action is Action.BACKCHANNEL:
            self._standing = replace(self._standing, last_backchannel=decision.at)
        if decision.action is Action.RAISE_HAND:
            self._standing = replace(self._standing, last_hand=decision.at)
        if decision.action in (Action.SPEAK, Action.BACKCHANNEL) and self._pending is not None:
            takes = quotas.planned(self._pending)
            self._standing = replace(self._standing, turn_act=decision.act, turn_takes=takes)
        if decision.action in (Action.YIELD, Action.STOP):
            ends_by = None if decision.silences else quotas.ends_by(situation)
            self._standing = replace(self._standing, ends_by=ends_by)
        if decision.action is Action.PAUSE:
            self._standing = replace(self._standing, paused_at=decision.at)
        if decision.action is Action.GO_ON:
            self._standing = replace(self._standing, paused_at=None)
        elif decision.action is not Action.WAIT:
            self._pending = None
        return decision
