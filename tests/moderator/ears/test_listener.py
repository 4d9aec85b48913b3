from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from diarize.base import SpeakerActivity
from moderator.audio import AudioChunk, Waveform, silence
from moderator.ears.leakage import LeakageGuard, likeness
from moderator.ears.listener import Listener
from moderator.ears.sources import OwnTrack, SharedMic
from moderator.errors import InputError
from moderator.events import Heard
from moderator.labels import SOMEBODY
from moderator.testing.ears import EnergyVad, FakeDiarizer, FakeRecogniser
from moderator.timeline import TICK, to_samples


def voice(*spans: tuple[float, float], length_s: float, seed: int = 0) -> Waveform:
    """Noise where somebody speaks, silence elsewhere."""
    audio = silence(to_samples(length_s))
    rng = np.random.default_rng(seed)
    for start, end in spans:
        part = slice(to_samples(start), to_samples(end))
        audio[part] = 0.2 * rng.standard_normal(len(audio[part]))
    return np.clip(audio, -1, 1)


def own(name: str, *, start: int = 0) -> OwnTrack:
    stream = FakeRecogniser().open()
    return OwnTrack(
        name,
        EnergyVad(),
        stream,
        lambda vad: FakeDiarizer([SpeakerActivity("x", 0, to_samples(60))]),
        start=start,
    )


def room(*activities: tuple[str, float, float], latency_s: float = 1.0) -> SharedMic:
    known = [SpeakerActivity(who, to_samples(a), to_samples(b)) for who, a, b in activities]
    diarizer = FakeDiarizer(known, to_samples(latency_s))
    return SharedMic("room", EnergyVad(), FakeRecogniser().open(), diarizer)


def run(listener: Listener, tracks: dict[str, Waveform], size: int = TICK) -> list[Heard]:
    length = max(map(len, tracks.values()))
    found = []
    for at in range(0, length, TICK):
        chunks = [
            AudioChunk(name, start, audio[start : min(start + size, at + TICK)])
            for name, audio in tracks.items()
            for start in range(at, at + TICK, size)
        ]
        found.append(listener.hear(at + TICK, chunks))
    return [*found, listener.finish(length)]


def speaking(heard: Sequence[Heard], at_s: float) -> set[str]:
    return next(set(h.speaking) for h in heard if h.at >= to_samples(at_s))


def test_a_voice_is_heard_at_once_and_gone_soon() -> None:
    heard = run(Listener([own("ana")]), {"ana": voice((1.0, 2.0), length_s=3.0)})
    first = next(h.at for h in heard if h.speaking)
    last = max(h.at for h in heard if h.speaking)
    assert to_samples(1.0) < first <= to_samples(1.2)
    assert to_samples(2.0) <= last <= to_samples(2.3)


@pytest.mark.parametrize("source", [own("room"), room(("ana", 0, 60))], ids=["own", "shared"])
def test_words_begin_where_the_voice_does(source: OwnTrack | SharedMic) -> None:
    """A recogniser is given some silence before it, and its words begin there."""
    spans = (1.0, 2.0), (4.0, 5.5)
    heard = run(Listener([source]), {"room": voice(*spans, length_s=8.0)})
    words = [word for h in heard for word in h.words]
    for (start, _), before in zip(spans, (0.0, 2.5), strict=True):
        first = next(word for word in words if word.start >= to_samples(before))
        assert first.start == pytest.approx(to_samples(start), abs=to_samples(0.04))
        assert first.end > first.start
    assert [word.text for word in words] == [f"w{index}" for index in range(len(words))]


def test_words_of_an_own_track_are_the_participants() -> None:
    heard = run(Listener([own("ana")]), {"ana": voice((1.0, 2.0), length_s=4.0)})
    words = [word for h in heard for word in h.words]
    assert len(words) >= 4
    assert {word.speaker for word in words} == {"ana"}
    assert {a.speaker for h in heard for a in h.activities} == {"ana"}
    assert all(word.end <= h.at for h in heard for word in h.words)


def test_the_size_of_chunks_does_not_matter_nor_do_workers() -> None:
    tracks = {
        "ana": voice((0.5, 1.4), length_s=4.0),
        "ben": voice((1.1, 2.6), length_s=4.0, seed=1),
    }
    whole = run(Listener([own("ana"), own("ben")]), tracks)
    assert run(Listener([own("ana"), own("ben")]), tracks, size=123) == whole
    with ThreadPoolExecutor(2) as workers:
        assert run(Listener([own("ana"), own("ben")], workers=workers), tracks) == whole


def test_on_a_microphone_a_voice_is_somebody_until_it_has_a_name() -> None:
    mic = room(("s1", 1.0, 4.0))
    heard = run(Listener([mic]), {"room": voice((1.0, 4.0), length_s=6.0)})
    assert speaking(heard, 1.3) == {SOMEBODY}
    assert speaking(heard, 2.6) == {"s1"}
    assert speaking(heard, 5.0) == set()


def test_words_on_a_microphone_wait_for_diarization() -> None:
    mic = room(("s1", 1.0, 2.0), ("s2", 2.0, 3.0), latency_s=2.0)
    heard = run(Listener([mic]), {"room": voice((1.0, 3.0), length_s=8.0)})
    found = [(word.speaker, h.at - word.end) for h in heard for word in h.words]
    assert {who for who, _ in found} == {"s1", "s2"}
    assert all(delay >= to_samples(2.0) - 512 for _, delay in found)


def test_own_tracks_and_a_microphone_together() -> None:
    mic = room(("guest", 1.0, 2.0))
    tracks = {
        "room": voice((1.0, 2.0), length_s=5.0),
        "ana": voice((2.5, 3.5), length_s=5.0, seed=1),
    }
    heard = run(Listener([own("ana"), mic]), tracks)
    assert {word.speaker for h in heard for word in h.words} == {"ana", "guest"}


def test_somebody_joins_late_and_somebody_leaves() -> None:
    listener = Listener([own("ana")])
    talk = voice((0.0, 3.0), length_s=3.0)
    listener.hear(TICK, [AudioChunk("ana", 0, talk[:TICK])])
    with pytest.raises(InputError, match="no track 'ben'"):
        listener.hear(2 * TICK, [AudioChunk("ben", TICK, talk[:TICK])])
    listener.add(own("ben", start=TICK))
    with pytest.raises(InputError, match="two tracks"):
        listener.add(own("ben"))
    for at in range(TICK, 10 * TICK, TICK):
        heard = listener.hear(at + TICK, [AudioChunk("ben", at, talk[at : at + TICK])])
    assert "ben" in heard.speaking
    listener.remove("ben")
    heard = listener.hear(11 * TICK, [])
    assert [word.speaker for word in heard.words] == ["ben"] * len(heard.words) != []
    assert "ben" not in heard.speaking
    assert listener.sources == ("ana",)
    with pytest.raises(InputError):
        listener.remove("ben")


def test_a_track_that_stops_sending_stops_speaking() -> None:
    listener = Listener([own("ana")])
    talk = voice((0.0, 1.0), length_s=1.0)
    for at in range(0, len(talk), TICK):
        listener.hear(at + TICK, [AudioChunk("ana", at, talk[at : at + TICK])])
    late = [listener.hear(now, []) for now in range(11 * TICK, 30 * TICK, TICK)]
    assert not late[-1].speaking
    assert any(h.words for h in late)


def test_leakage_is_taken_off_a_quiet_track_but_another_voice_is_not() -> None:
    loud = voice((1.0, 2.0), length_s=4.0)
    leaked = 0.1 * np.roll(loud, 40)
    murmur = 0.3 * voice((1.2, 1.8), length_s=4.0, seed=5)

    def who(quiet: Waveform) -> set[str]:
        listener = Listener([own("ana"), own("ben")], guard=LeakageGuard())
        heard = run(listener, {"ana": loud, "ben": quiet.astype(np.float32)})
        return {name for h in heard for name in h.speaking}

    assert who(leaked) == {"ana"}
    assert who(leaked + murmur) == {"ana", "ben"}


def test_likeness_of_silence_is_nothing() -> None:
    assert likeness(silence(2048), silence(2048)) == 0.0
    noise = voice((0.0, 0.128), length_s=0.128)
    assert likeness(noise, 0.1 * noise) == pytest.approx(1.0, abs=1e-5)
