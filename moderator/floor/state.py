"""Who has the floor: a pure state machine fed by what the ears hear and what the agent plays."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from moderator.events import Heard, SpeakerActivity
from moderator.labels import SOMEBODY, unnamed
from moderator.timeline import TICK, Samples, to_samples

HOLD_PAUSE = to_samples(0.3)
"""A voice that pauses for less than this still holds the floor."""

TURN_PAUSE = to_samples(1.0)
"""Voice of one speaker over pauses shorter than this is one floor turn."""

TURN_LENGTH = to_samples(1.0)
"""Voice shorter than this is a backchannel and not a floor turn."""

RESUME_PAUSE = to_samples(2.0)
"""Somebody who goes on within this, nobody else having taken a turn, goes on with the old one."""

SHARE_BUCKET = to_samples(10.0)
SHARE_BUCKETS = 60
"""Shares of talk look back ten minutes, in steps of ten seconds."""


class FloorStatus(StrEnum):
    """Who has the floor now."""

    FREE = "free"
    HELD = "held"
    OVERLAP = "overlap"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Tally:
    """What one participant's talk adds up to.

    Attributes:
        talk: samples spoken.
        turns: floor turns: voice merged over pauses under 1.0 s, lasting at least 1.0 s.
        interruptions: times they took the floor from somebody who was still speaking.
        last_voice: meeting time at which their voice was last heard; None: never.
    """

    talk: Samples = 0
    turns: int = 0
    interruptions: int = 0
    last_voice: Samples | None = None


@dataclass(frozen=True, slots=True)
class FloorView:
    """The floor at one moment.

    Attributes:
        now: meeting time.
        status: who has the floor.
        holder: the participant who has it; under overlap, who had it first; None when free.
        voices: who has a voice or pauses for less than `HOLD_PAUSE`, and for how long the voice
            has lasted, pauses inside it included.
        held_for: how long `holder` has had the floor; others' backchannels and short pauses
            do not end it; 0 when free.
        overlap_for: since more than one voice was heard, short pauses included; 0 otherwise.
        silence: since any voice, the agent's too, was last heard, or since anything could be heard;
            0 while there is a voice, or while nothing can be heard.
        last_speaker: participant who had the floor last, or has it.
        agent_speaking: the agent's turn is sounding.
        agent_turn_for: since the agent's turn, or its backchannel, began; 0 when it is silent.
        since_agent: since the agent's last turn ended; None before its first.
        agent_talk: the agent's talk over the last ten minutes, its backchannels too.
        talk: all talk over the last ten minutes, the agent's too.
        agent_talk_leaving: the part of `agent_talk` that is too old one tick later.
        talk_leaving: the part of `talk` that is too old one tick later.
        tallies: per participant, over the whole meeting.
        hearing_since: meeting time since which the meeting could be heard without a break.
    """

    now: Samples
    status: FloorStatus
    holder: str | None = None
    voices: Mapping[str, Samples] = field(default_factory=dict)
    held_for: Samples = 0
    overlap_for: Samples = 0
    silence: Samples = 0
    last_speaker: str | None = None
    agent_speaking: bool = False
    agent_turn_for: Samples = 0
    since_agent: Samples | None = None
    agent_talk: Samples = 0
    talk: Samples = 0
    agent_talk_leaving: Samples = 0
    talk_leaving: Samples = 0
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    hearing_since: Samples = 0

    @property
    def agent_share(self) -> float:
        """The agent's share of all talk over the last ten minutes, in [0, 1]."""
        return self.agent_talk / self.talk if self.talk else 0.0

    def share(self, participant: str) -> float:
        """A participant's share of all participants' talk over the whole meeting, in [0, 1]."""
        total = sum(tally.talk for tally in self.tallies.values())
        tally = self.tallies.get(participant)
        return tally.talk / total if tally and total else 0.0


class RecentTalk:
    """Talk over the last ten minutes: the agent's and everybody's."""

    def __init__(self) -> None:
        self._buckets: deque[list[int]] = deque()
        self._agent = self._all = 0

    def add(self, at: Samples, length: Samples, *, agent: bool) -> None:
        """Counts `length` samples of talk at meeting time `at`."""
        index = at // SHARE_BUCKET
        if not self._buckets or self._buckets[-1][0] < index:
            self._buckets.append([index, 0, 0])
        bucket = self._buckets[-1]
        own = length if agent else 0
        bucket[1] += own
        bucket[2] += length
        self._agent += own
        self._all += length

    def totals(self, now: Samples) -> tuple[Samples, Samples]:
        """Samples of (the agent's talk, all talk); time does not go back."""
        oldest = now // SHARE_BUCKET - SHARE_BUCKETS
        while self._buckets and self._buckets[0][0] <= oldest:
            _, own, talk = self._buckets.popleft()
            self._agent -= own
            self._all -= talk
        return self._agent, self._all

    def leaving(self, now: Samples) -> tuple[Samples, Samples]:
        """The part of both that is too old one tick after `now`."""
        oldest = (now + TICK) // SHARE_BUCKET - SHARE_BUCKETS
        gone = [bucket for bucket in islice(self._buckets, 1) if bucket[0] <= oldest]
        return sum(bucket[1] for bucket in gone), sum(bucket[2] for bucket in gone)


class Tallies:
    """Talk time and floor turns per participant, from settled activity."""

    def __init__(self) -> None:
        self.by_speaker: dict[str, Tally] = {}
        self._runs: dict[str, tuple[Samples, Samples]] = {}

    def add(self, pieces: Iterable[SpeakerActivity]) -> None:
        """Counts pieces of voice; those of one speaker come by start and do not overlap."""
        for piece in pieces:
            old = self.by_speaker.get(piece.speaker, Tally())
            run_start, run_end = self._runs.get(piece.speaker, (piece.start, piece.start))
            counted = run_end - run_start >= TURN_LENGTH
            if piece.start - run_end >= TURN_PAUSE:
                run_start, counted = piece.start, False
            grown = piece.end - run_start >= TURN_LENGTH
            self._runs[piece.speaker] = (run_start, piece.end)
            self.by_speaker[piece.speaker] = Tally(
                talk=old.talk + piece.end - piece.start,
                turns=old.turns + (1 if grown and not counted else 0),
                interruptions=old.interruptions,
                last_voice=piece.end,
            )

    def interrupted(self, by: str) -> None:
        """Counts that somebody took the floor from a person who was still speaking."""
        old = self.by_speaker.get(by, Tally())
        self.by_speaker[by] = Tally(old.talk, old.turns, old.interruptions + 1, old.last_voice)


class Floor:
    """The floor of one meeting. Pure: fed tick by tick, no clock, no I/O."""

    def __init__(self) -> None:
        self._now: Samples = 0
        self._onset: dict[str, Samples] = {}
        self._last: dict[str, Samples] = {}
        self._pause: dict[str, Samples] = {}
        self._voices: list[str] = []
        self._holder: str | None = None
        self._held_since: Samples = 0
        self._turn: tuple[str | None, Samples] = (None, 0)
        self._last_speaker: str | None = None
        self._overlap_since: Samples | None = None
        self._last_sound: Samples = 0
        self._deaf = False
        self._hearing_since: Samples = 0
        self._agent_since: Samples | None = None
        self._signal_since: Samples | None = None
        self._agent_ended: Samples | None = None
        self._recent = RecentTalk()
        self._tallies = Tallies()

    def agent_started(self, at: Samples) -> None:
        """The agent's turn begins to sound at `at`."""
        self._agent_since = at

    def agent_signals(self, at: Samples) -> None:
        """The agent's backchannel begins to sound at `at`: talk that does not take the floor."""
        self._signal_since = at

    def agent_ended(self, at: Samples) -> None:
        """The agent's turn or backchannel is over, if it had begun; `at`: first silent sample."""
        if self._signal_since is not None:
            self._recent.add(at, max(0, at - self._signal_since), agent=True)
            self._signal_since = None
        if self._agent_since is None:
            return
        self._recent.add(at, max(0, at - self._agent_since), agent=True)
        self._agent_since, self._agent_ended = None, at
        self._last_sound = max(self._last_sound, at)

    def hears_nothing(self) -> None:
        """From now on nothing can be heard: that nobody is heard is no silence."""
        self._deaf = True

    def hears_again(self, at: Samples) -> None:
        """From `at` on the meeting is heard: how long it had been silent is not known."""
        self._deaf, self._hearing_since = False, at
        self._last_sound = max(self._last_sound, at)

    def hear(self, heard: Heard) -> None:
        """Goes on to `heard.at`."""
        self._now = heard.at
        for speaker in heard.speaking:
            last = self._last.get(speaker)
            if last is None or heard.at - last > HOLD_PAUSE:
                self._onset[speaker] = heard.at - TICK
                self._pause[speaker] = heard.at - (last or 0)
            self._last[speaker] = heard.at
        if heard.speaking or self._agent_since is not None or self._deaf:
            self._last_sound = heard.at
        for piece in heard.activities:
            self._recent.add(heard.at, piece.end - piece.start, agent=False)
            self._last_sound = max(self._last_sound, self._sounded_until(piece))
        self._tallies.add(heard.activities)
        self._find_voices()
        self._find_holder()

    def _sounded_until(self, piece: SpeakerActivity) -> Samples:
        """Where a voice ended inside a tick, its activity says so to the sample.

        Activity that settles late may go on into the pause after the voice: that is no sound.
        """
        last = self._last.get(piece.speaker)
        if last is None or piece.start >= self._now - TICK:
            return piece.end
        return min(piece.end, last + TICK)

    def _find_voices(self) -> None:
        """Who has a voice or a short pause, by onset, then by name."""
        current = [name for name, last in self._last.items() if self._now - last <= HOLD_PAUSE]
        self._voices = sorted(current, key=lambda name: (self._onset[name], name))
        if len(current) < 2:
            self._overlap_since = None
        elif self._overlap_since is None:
            self._overlap_since = self._onset[self._voices[1]]

    def _find_holder(self) -> None:
        named = self._named()
        if named is not None:
            # The voice has got its name; the floor does not change hands.
            if self._turn[0] == self._holder:
                self._turn = (named, self._turn[1])
            self._holder = self._last_speaker = named
        elif self._holder not in self._voices:
            self._pass_floor()
        speaker, since = self._turn
        if self._holder is not None and (self._holder, self._held_since) != (speaker, since):
            long_enough = self._now - self._held_since >= TURN_LENGTH
            if speaker is None or speaker == self._holder or long_enough:
                self._turn = (self._holder, self._held_since)

    def _named(self) -> str | None:
        """What the holder is called now, if it was a voice without a name and has got one."""
        holder = self._holder
        if holder is None or not unnamed(holder) or holder in self._voices:
            return None
        microphone = holder.removesuffix(SOMEBODY)
        return next((one for one in self._voices if one.startswith(microphone)), None)

    def _pass_floor(self) -> None:
        before = self._holder
        self._holder = self._voices[0] if self._voices else None
        if self._holder is None:
            return
        onset = self._onset[self._holder]
        resumes = self._holder == self._turn[0] and self._pause[self._holder] < RESUME_PAUSE
        self._held_since = self._turn[1] if resumes else onset
        if before is None or unnamed(before):
            pass
        elif not resumes and onset < self._last[before]:
            self._tallies.interrupted(self._holder)
        self._last_speaker = self._holder

    def view(self) -> FloorView:
        """The floor as it is now."""
        now, agent = self._now, self._agent_since
        if agent is not None:
            status = FloorStatus.AGENT
        elif len(self._voices) > 1:
            status = FloorStatus.OVERLAP
        else:
            status = FloorStatus.HELD if self._voices else FloorStatus.FREE
        agent_talk, talk = self._recent.totals(now)
        agent_talk_leaving, talk_leaving = self._recent.leaving(now)
        sounding = agent if agent is not None else self._signal_since
        own = now - sounding if sounding is not None else 0
        return FloorView(
            now=now,
            status=status,
            holder=self._holder,
            voices={name: self._last[name] - self._onset[name] for name in self._voices},
            held_for=now - self._held_since if self._holder is not None else 0,
            overlap_for=now - self._overlap_since if self._overlap_since is not None else 0,
            silence=now - self._last_sound,
            last_speaker=self._last_speaker,
            agent_speaking=agent is not None,
            agent_turn_for=own,
            since_agent=now - self._agent_ended if self._agent_ended is not None else None,
            agent_talk=agent_talk + own,
            talk=talk + own,
            agent_talk_leaving=agent_talk_leaving,
            talk_leaving=talk_leaving,
            tallies=dict(self._tallies.by_speaker),
            hearing_since=self._hearing_since,
        )
