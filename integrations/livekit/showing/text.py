"""Text in the room: everybody's words under their own identity, and what the agent writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass

from livekit import rtc

from integrations.livekit.people.shared_microphones import SharedMicrophones
from integrations.livekit.topics import CHAT, TRANSCRIPTION
from moderator.events import (
    ConsentGiven,
    Heard,
    Part,
    PartChanged,
    Percept,
    TurnEnded,
    TurnStarted,
    WordPlayed,
)
from moderator.journal.lines import Event
from moderator.labels import unnamed
from moderator.spacing import joined
from moderator.sparing import SparedChanged
from moderator.timeline import Samples, to_samples

TOLD = {
    (Part.RECOGNISER, False): "At the moment I do not understand what is said: speech recognition "
    "has failed. I notice who speaks, and read the chat.",
    (Part.RECOGNISER, True): "I understand what is said again.",
    (
        Part.DETECTOR,
        False,
    ): "At the moment I notice voices by their loudness alone: the detection of "
    "voices has failed. I may take a noise for somebody who speaks.",
    (Part.DETECTOR, True): "I tell voices from noise again.",
    (Part.DIARIZER, False): "At the moment I cannot tell apart who speaks on a shared microphone: "
    "diarization has failed. What is said there stands under no name.",
    (Part.DIARIZER, True): "I tell the voices on shared microphones apart again.",
    (Part.VOICE, False): "At the moment I cannot speak: my voice has failed. I go on listening.",
    (Part.VOICE, True): "I can speak again.",
}
"""What people are told when a part fails, and when it works again."""

BEHIND = "At the moment I am behind: this machine has too much to do. I listen, and say nothing."
KEEPS_UP = "I keep up again."

SEGMENT = "lk.segment_id"
TRACK = "lk.transcribed_track_id"
FINAL = "lk.transcription_final"
SPEAKER = "moderator.speaker"
"""Attribute that names a voice on a shared microphone."""

OVER_AFTER = to_samples(1.5)
"""A segment is final when nothing was added for this long."""

LONGEST = 60
"""Words of one segment."""

BACKLOG = 200
"""Messages that may wait; interim ones are left out before that."""


_Job = tuple[str | None, Callable[[], Awaitable[None]]]
"""Whose words are to be sent, if anybody's, and how."""


@dataclass
class _Segment:
    """What somebody is saying: words that are stable, and what may still change."""

    id: str
    words: list[str]
    partial: str
    touched: Samples

    @property
    def text(self) -> str:
        return joined([*self.words, self.partial])


class TextPublisher:
    """Writes transcripts into the room; an observer of the meeting.

    Interim text is sent anew each time under the same segment, as the stock front-ends expect.
    What is said on a shared microphone stands under the identity of whose it is, with the voice
    named in front.

    Args:
        shared: knows the voices on shared microphones.
    """

    def __init__(self, shared: SharedMicrophones) -> None:
        self._shared = shared
        self._room: rtc.Room | None = None
        self._segments: dict[str, _Segment] = {}
        self._count = 0
        self._behind = False
        self._heard_at: Samples = 0
        self._own: rtc.TextStreamWriter | None = None
        self._waiting: asyncio.Queue[_Job] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def attach(self, room: rtc.Room) -> None:
        """Writes into this room from now on; it is joined."""
        self._room, self._own = room, None
        if self._task is None:
            self._task = asyncio.create_task(self._send(), name="text")

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, Heard):
            self._heard(event)
        elif isinstance(event, Percept) and event.end > self._heard_at:
            self._finish_over(event.end, frozenset())  # nobody speaks: nothing is heard then
        elif isinstance(event, TurnStarted):
            self._put(lambda: self._own_begins(event.turn))
        elif isinstance(event, WordPlayed):
            self._put(lambda: self._own_word(event.text))
        elif isinstance(event, TurnEnded):
            self._put(self._own_ends)
        elif isinstance(event, PartChanged):
            self.say(TOLD[event.part, event.up])
        elif isinstance(event, SparedChanged) and event.spared.speech != self._behind:
            self._behind = event.spared.speech
            self.say(BEHIND if self._behind else KEEPS_UP)
        elif isinstance(event, ConsentGiven) and not event.given:
            self._withhold(event.by)

    def say(self, text: str, to: str | None = None) -> None:
        """Writes into the chat, to one participant or to all."""
        self._put(lambda: self._chat(text, to))

    async def close(self) -> None:
        """Makes every segment final, sends what waits (for 2 s at most) and stops."""
        for speaker in list(self._segments):
            self._finish(speaker)
        if self._task is None:
            return
        try:
            async with asyncio.timeout(2.0):
                await self._waiting.join()
        except TimeoutError:
            pass
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def _heard(self, event: Heard) -> None:
        changed = dict.fromkeys([*(word.speaker for word in event.words), *event.partials])
        for word in event.words:
            self._segment(word.speaker, event.at).words.append(word.text)
        for speaker in changed:
            if unnamed(speaker):
                continue
            segment, partial = self._segment(speaker, event.at), event.partials.get(speaker, "")
            fresh = any(word.speaker == speaker for word in event.words)
            if fresh or partial != segment.partial:
                segment.partial, segment.touched = partial, event.at
                self._interim(speaker, segment)
        self._heard_at = event.at
        self._finish_over(event.at, event.speaking)

    def _finish_over(self, now: Samples, speaking: Set[str]) -> None:
        for speaker, segment in list(self._segments.items()):
            over = now - segment.touched >= OVER_AFTER and speaker not in speaking
            if over or (len(segment.words) >= LONGEST and not segment.partial):
                self._finish(speaker)

    def _segment(self, speaker: str, now: Samples) -> _Segment:
        if speaker not in self._segments:
            self._count += 1
            self._segments[speaker] = _Segment(f"SG_{self._count}", [], "", now)
        return self._segments[speaker]

    def _interim(self, speaker: str, segment: _Segment) -> None:
        if segment.text and self._waiting.qsize() < BACKLOG // 2:
            text = segment.text
            self._put(lambda: self._transcript(speaker, segment.id, text, final=False), speaker)

    def _finish(self, speaker: str) -> None:
        segment = self._segments.pop(speaker)
        text = joined(segment.words)
        if text:
            self._put(lambda: self._transcript(speaker, segment.id, text, final=True), speaker)

    def _withhold(self, identity: str) -> None:
        """Drops what was said on somebody's microphone and has not been sent."""
        for speaker in list(self._segments):
            if self._shared.microphone_of(speaker) == identity:
                del self._segments[speaker]
        for _ in range(self._waiting.qsize()):
            whose, job = self._waiting.get_nowait()
            self._waiting.task_done()
            if whose is None or self._shared.microphone_of(whose) != identity:
                self._waiting.put_nowait((whose, job))

    def _put(self, job: Callable[[], Awaitable[None]], speaker: str | None = None) -> None:
        if self._task is not None and self._waiting.qsize() < BACKLOG:
            self._waiting.put_nowait((speaker, job))

    async def _send(self) -> None:
        while True:
            _, job = await self._waiting.get()
            try:
                await job()
            except (ConnectionError, RuntimeError, TimeoutError):
                self._own = None  # the connection is gone; what follows may come through again
            finally:
                self._waiting.task_done()

    async def _transcript(self, speaker: str, segment: str, text: str, *, final: bool) -> None:
        if self._room is None:
            return
        attributes = {SEGMENT: segment, FINAL: str(final).lower()}
        identity, voice = self._shared.microphone_of(speaker), self._shared.name_of(speaker)
        if voice is not None:
            attributes[SPEAKER] = voice
            text = f"{voice}: {text}"
        person = self._room.remote_participants.get(identity)
        if person is not None:
            microphones = [
                pub.sid
                for pub in person.track_publications.values()
                if pub.kind == rtc.TrackKind.KIND_AUDIO
            ]
            attributes[TRACK] = microphones[0] if microphones else ""
        writer = await self._room.local_participant.stream_text(
            topic=TRANSCRIPTION, sender_identity=identity, attributes=attributes
        )
        await writer.write(text)
        await writer.aclose()

    async def _own_begins(self, turn: int) -> None:
        if self._room is None:
            return
        attributes = {SEGMENT: f"SG_agent_{turn}", FINAL: "false"}
        self._own = await self._room.local_participant.stream_text(
            topic=TRANSCRIPTION, attributes=attributes
        )

    async def _own_word(self, text: str) -> None:
        if self._own is not None:
            await self._own.write(text + " ")

    async def _own_ends(self) -> None:
        own, self._own = self._own, None
        if own is not None:
            await own.aclose(attributes={FINAL: "true"})

    async def _chat(self, text: str, to: str | None) -> None:
        if self._room is not None:
            people = None if to is None else [to]
            await self._room.local_participant.send_text(
                text, topic=CHAT, destination_identities=people
            )
