"""Ears that follow who is in the room, and who may be heard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diarize.base import Diarizer
from integrations.livekit.hearing.ears import LINGER, RoomEars
from integrations.livekit.hearing.shared_diarization import SharedDiarization
from integrations.livekit.people.consent import Consent
from integrations.livekit.people.shared_microphones import SharedMicrophones
from moderator.audio import AudioChunk
from moderator.ears.live import LiveParts
from moderator.ears.loading import EarModels
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import RecogniserSpec
from moderator.ears.sources import OwnTrack, SharedMic
from moderator.ears.utterances import GateOptions
from moderator.events import Heard, SpeakerActivity, Word
from moderator.labels import SOMEBODY
from moderator.meeting.percepts import admitted
from moderator.testing.ears import EnergyVad, FakeDiarizer, FakeRecogniser
from moderator.timeline import TICK, Samples, Stopwatch, to_samples
from roles.loader import load_role
from roles.schema import Role


class FakeModels(EarModels):
    """Sources that hear loudness and count words."""

    def __init__(self) -> None:
        super().__init__(EnergyVad, FakeRecogniser())

    def own_track(
        self, participant: str, *, start: Samples = 0, gate: GateOptions | None = None
    ) -> OwnTrack:
        talk = [SpeakerActivity("x", 0, to_samples(60))]
        return OwnTrack(
            participant,
            EnergyVad(),
            self.recogniser.open(),
            lambda _: FakeDiarizer(talk),
            gate=gate,
            start=start,
        )

    def shared_mic(
        self,
        id: str,  # noqa: A002 - what everybody calls it
        diarizer: Diarizer,
        *,
        start: Samples = 0,
        gate: GateOptions | None = None,
        prefix: str = "",
    ) -> SharedMic:
        stream = self.recogniser.open()
        return SharedMic(id, EnergyVad(), stream, diarizer, gate=gate, start=start, prefix=prefix)


class Room:
    """Ticks of a meeting in which ana and the hall speak or are silent."""

    def __init__(self) -> None:
        role = load_role("facilitator").model_dump(mode="json")
        made = Role.model_validate(role | {"microphones": {"shared": ["hall"]}})
        self.now: Samples = 0
        self.consent = Consent(made, lambda: self.now)
        self.shared = SharedMicrophones(made)
        self.heard: list[Heard] = []
        parts = LiveParts(FakeModels(), ReadingPool(1), ReadingPool(1), Stopwatch())
        parts.models = FakeModels()  # what is recognised is there at once
        self.present = frozenset({"ana", "hall"})
        self.ears = RoomEars(
            parts,
            SharedDiarization(lambda: FakeDiarizer),
            self.shared,
            lambda: self.present,
            self.consent.allows,
        )

    def tick(self, level: float, who: str = "ana") -> Heard:
        sound = np.full(TICK, level, dtype=np.float32)
        self.now += TICK
        return self.ears.hear(self.now, [AudioChunk(who, self.now - TICK, sound)])

    def go_on(self, seconds: float, level: float, who: str = "ana") -> list[Word]:
        words: list[Word] = []
        for _ in range(round(seconds * 10)):
            words += admitted(self.tick(level, who), self.ears.admits).words
        return words


def test_what_was_being_recognised_at_a_refusal_is_dropped_also_when_they_agree_again() -> None:
    room = Room()
    room.go_on(1.0, 0.5)
    room.consent.refuse("ana", "chat")
    room.consent.agree("ana")
    agreed = room.now
    assert room.go_on(1.0, 0.0) == []
    room.go_on(1.0, 0.5)
    later = room.go_on(1.0, 0.0)
    assert later
    assert min(word.start for word in later) >= agreed


def test_a_refusal_while_it_is_heard_counts_for_what_was_heard() -> None:
    room = Room()
    room.go_on(1.0, 0.5)
    heard = Heard(room.now)
    while not heard.words:
        heard = room.tick(0.0)
    assert admitted(heard, room.ears.admits).words == heard.words
    room.consent.refuse("ana", "chat")
    assert admitted(heard, room.ears.admits) == Heard(room.now)
    room.consent.agree("ana")
    assert admitted(heard, room.ears.admits) == Heard(room.now)


def test_voices_without_a_name_are_those_of_their_microphone() -> None:
    room = Room()
    room.ears._diarization.prepare().result(5)
    room.tick(0.5, "hall")
    word = Heard(room.now, words=(Word(f"hall/{SOMEBODY}", "elephant", 0, 100),))
    assert admitted(word, room.ears.admits).words
    room.consent.refuse("hall", "chat")
    assert not admitted(word, room.ears.admits).words
    other = Heard(room.now, words=(Word(f"den/{SOMEBODY}", "giraffe", 0, 100),))
    assert admitted(other, room.ears.admits).words, "another microphone's are not theirs"


def test_nothing_is_kept_of_who_has_gone_and_their_last_words_are() -> None:
    room = Room()
    for number in range(20):
        who = f"guest-{number}"
        room.present = frozenset({who})
        room.go_on(1.0, 0.5, who)
        room.present = frozenset()
        words = room.go_on(LINGER / 16_000 + 0.5, 0.0, "nobody")
        assert {word.speaker for word in words} == {who}
        room.present = frozenset({"nobody"})
        room.tick(0.0, "nobody")
    kept = (room.ears._since, room.ears._as_shared, room.ears._gone)
    assert [set(one) - {"nobody"} for one in kept] == [set(), set(), set()]


class Diarizing(FakeRecogniser):
    """Says who spoke."""

    @property
    def spec(self) -> RecogniserSpec:
        return replace(super().spec, diarizes=True)


def test_a_recogniser_that_says_who_spoke_needs_no_diarization() -> None:
    room = Room()
    models = FakeModels()
    EarModels.__init__(models, EnergyVad, Diarizing())
    room.ears._parts.models = models
    room.tick(0.5, "hall")
    assert room.ears.sources == ("hall",)
    assert room.ears._diarization._made is None  # nothing was loaded for it
