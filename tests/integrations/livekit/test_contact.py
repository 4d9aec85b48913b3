"""Whether the room can be heard: the connection, and the sound that comes by it."""

from __future__ import annotations

import numpy as np

from integrations.livekit.contact import Contact
from moderator.audio import AudioChunk
from moderator.timeline import LiveClock, Samples, to_samples


class Clock(LiveClock):
    """A clock that a test moves."""

    seconds = 0.0

    def now(self) -> Samples:
        return to_samples(self.seconds)


class Room:
    """Ticks of 100 ms, with the times at which the room was lost and found."""

    def __init__(self) -> None:
        self.told: list[tuple[float, bool]] = []
        self.clock = Clock()
        self.contact = Contact(
            self.clock, lambda up: self.told.append((round(self.clock.seconds, 1), up))
        )

    def bring(self, seconds: float, *, frames: bool = True, level: float = 0.1) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.seconds += 0.1
            sound = np.full(1600, level, dtype=np.float32)
            self.contact.take([AudioChunk("ana", self.clock.now(), sound)] if frames else [])


def test_a_room_is_found_with_its_first_sound() -> None:
    room = Room()
    room.bring(2.0)
    room.contact.connection(up=False)
    room.bring(4.0, frames=False)
    room.contact.connection(up=True)
    room.bring(0.7, frames=False)
    room.bring(1.0)
    assert room.told == [(2.5, False), (6.8, True)]


def test_a_room_without_microphones_is_found_as_well() -> None:
    room = Room()
    room.contact.connection(up=False)
    room.bring(1.0, frames=False)
    room.contact.connection(up=False)
    room.contact.connection(up=True)
    room.contact.connection(up=True)
    room.bring(10.0, frames=False)
    assert room.told == [(0.5, False), (4.0, True)]


def test_signalling_alone_may_be_repaired_while_the_sound_goes_on() -> None:
    room = Room()
    room.bring(1.0)
    room.contact.connection(up=False)
    room.bring(3.0)
    room.contact.connection(up=True)
    room.bring(1.0)
    assert room.told == []


def test_zeros_are_no_sound() -> None:
    """The client library goes on with them when nothing comes any more."""
    room = Room()
    room.bring(1.0)
    room.contact.connection(up=False)
    room.bring(3.0, level=0.0)
    assert room.told == [(1.5, False)]
    quiet = Room()
    quiet.bring(60.0, level=0.0)
    assert quiet.told == [], "a silent meeting is not lost while the connection stands"
