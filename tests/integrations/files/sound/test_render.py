from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.base import SpeakerActivity
from integrations.files.sound.render import render_record, write_tracks
from integrations.files.transcripts.records import read_record
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.mind.base import Participant
from moderator.testing.mouth import ToneVoice
from moderator.timeline import to_samples


def record(*turns: tuple[str, float, float, str], duration_s: float = 20.0) -> MeetingWords:
    words = [
        Word(speaker, text, to_samples(start) + i, to_samples(start) + i + 1)
        for speaker, start, _, said in turns
        for i, text in enumerate(said.split())
    ]
    return MeetingWords(
        "m",
        to_samples(duration_s),
        tuple(sorted(words, key=lambda word: word.start)),
        tuple(SpeakerActivity(s, to_samples(a), to_samples(b)) for s, a, b, _ in turns),
        {name: Participant(name, name) for name in ("A", "B", "C")},
    )


def voices(count: int = 4) -> list[ToneVoice]:
    return [ToneVoice(0.4, 0.1, speaker=str(i)) for i in range(count)]


def test_turns_sound_where_they_were_also_when_they_overlap() -> None:
    meeting = render_record(
        record(("A", 1.0, 3.0, "one two three four"), ("B", 2.0, 3.0, "five six")), voices()
    )
    assert list(meeting.tracks) == ["A", "B", "C"]
    assert {len(track) for track in meeting.tracks.values()} == {to_samples(20)}
    assert not meeting.tracks["C"].any()
    for name, start, end in (("A", 1.0, 3.0), ("B", 2.0, 3.0)):
        sounding = np.flatnonzero(meeting.tracks[name])
        assert abs(sounding[0] - to_samples(start)) < 5
        assert to_samples(end) - to_samples(0.15) < sounding[-1] < to_samples(end)
    assert [word.text for word in meeting.words if word.speaker == "B"] == ["five", "six"]
    assert meeting.clipped == 0


def test_speech_is_hurried_to_fit_and_slowed_to_fill() -> None:
    # Four words last 2.0 s at the voice's own speed.
    meeting = render_record(
        record(("A", 0.0, 1.4, "one two three four"), ("B", 5.0, 7.6, "one two three four")),
        voices(),
    )
    fast, slow = (np.flatnonzero(meeting.tracks[name])[[0, -1]] / 16_000 for name in ("A", "B"))
    assert fast[1] - fast[0] == pytest.approx(1.33, abs=0.03)
    assert slow[1] - slow[0] == pytest.approx(2.47, abs=0.03)
    assert meeting.clipped == 0


def test_what_cannot_fit_is_faded_out_and_counted() -> None:
    meeting = render_record(record(("A", 0.0, 0.5, "one two three four five")), voices())
    track = meeting.tracks["A"]
    assert not track[8_000:].any()
    assert abs(track[7_999]) < 0.001
    assert [word.text for word in meeting.words] == ["one"]
    assert meeting.clipped == 4


def test_nothing_sounds_after_until() -> None:
    meeting = render_record(
        record(("A", 1.0, 5.0, "one two three"), ("B", 8.0, 9.0, "four")), voices(), to_samples(2)
    )
    assert meeting.duration == to_samples(2)
    assert all(word.end <= to_samples(2) for word in meeting.words)
    assert not meeting.tracks["B"].any()


def test_voices_are_shared_when_there_are_few() -> None:
    few = voices(1)
    meeting = render_record(record(("A", 0, 1, "same"), ("C", 3, 4, "same")), few)
    np.testing.assert_array_equal(
        meeting.tracks["A"][:16_000], meeting.tracks["C"][48_000 : 48_000 + 16_000]
    )
    with pytest.raises(ValueError, match="without a voice"):
        render_record(record(("A", 0, 1, "x")), [])


def test_words_without_letters_are_left_out() -> None:
    meeting = render_record(record(("A", 0.0, 1.0, "@ -")), voices())
    assert not meeting.tracks["A"].any()
    assert meeting.words == ()


def test_tracks_are_written_as_wav(tmp_path: Path) -> None:
    meeting = render_record(record(("A", 0.0, 1.0, "one"), duration_s=2.0), voices())
    paths = write_tracks(meeting, tmp_path)
    assert [path.name for path in paths.values()] == ["00-A.wav", "01-B.wav", "02-C.wav"]
    samples, rate = soundfile.read(paths["A"], dtype="float32")
    assert rate == 16_000
    np.testing.assert_allclose(samples, meeting.tracks["A"], atol=1e-4)
    with pytest.raises(InputError):
        write_tracks(meeting, tmp_path / "missing")


@pytest.mark.e2e
def test_a_real_record_with_real_voices(recorded_meetings: Path) -> None:
    from moderator.models.store import ModelStore
    from moderator.mouth.loading import HIBARI_SPEAKERS, VoiceLoader
    from roles.schema import VoiceChoice

    path = recorded_meetings / "ami" / "dev" / "ES2003a.json"
    load = VoiceLoader(ModelStore.default(offline=True))
    cast = [load(VoiceChoice(speaker=name)) for name in HIBARI_SPEAKERS]
    real = read_record(path)
    until = to_samples(60)
    meeting = render_record(real, cast, until)
    spoken = [word for word in real.words if word.end <= until]
    assert len(meeting.tracks) == 4
    assert len(meeting.words) > 0.85 * len(spoken)
    for name, track in meeting.tracks.items():
        inside = np.zeros(until, bool)
        for turn in real.turns:
            if turn.speaker == name:
                inside[turn.start : turn.end] = True
        assert not track[~inside].any()
        assert np.abs(track[inside]).max() > 0.1
