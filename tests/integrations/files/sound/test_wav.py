"""Files go out whole or not at all; what was interrupted is told apart from what is complete."""

from __future__ import annotations

import html
import json
import os
import re
import wave
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from diarize.base import SpeakerActivity
from integrations.files.disk.atomic import replacing, write_text
from integrations.files.sound import wav
from integrations.files.sound.audio import AudioFile
from integrations.files.sound.wav import WavWriter
from integrations.files.transcripts.rttm import merged, write_rttm
from integrations.files.transcripts.seglst import write_seglst
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.vtt import write_vtt
from moderator.audio import to_pcm16
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import SAMPLE_RATE, to_samples


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, samples).astype(np.float32)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def record(path: Path, blocks: int, size: int = 1_600, error: BaseException | None = None) -> None:
    """Writes noise to a wav file, and fails if told to."""
    with WavWriter(path) as writer:
        for _ in range(blocks):
            writer.write(noise(size))
        if error is not None:
            raise error


# wav


def test_wav_holds_what_was_written(tmp_path: Path) -> None:
    path, samples = tmp_path / "agent.wav", noise(50_000)
    with WavWriter(path) as writer:
        writer.write(samples[:10])
        writer.write(samples[10:])
        writer.pad_to(60_000)
        writer.pad_to(1_000)
        assert writer.position == 60_000
        assert not path.exists()
    got, rate = soundfile.read(path, dtype="int16")
    assert rate == SAMPLE_RATE
    assert np.array_equal(got[:50_000], to_pcm16(samples))
    assert len(got) == 60_000
    assert not got[50_000:].any()
    assert names(tmp_path) == ["agent.wav"]
    assert AudioFile(path).duration == 60_000


def test_wav_without_a_sample_is_a_wav(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "agent.wav"):
        pass
    assert soundfile.info(tmp_path / "agent.wav").frames == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError()])
def test_interrupted_wav_stays_valid_under_its_part_name(
    tmp_path: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        record(tmp_path / "agent.wav", 7, error=error)
    assert names(tmp_path) == ["agent.part.wav"]
    assert soundfile.info(tmp_path / "agent.part.wav").frames == 7 * 1_600


def test_killed_wav_has_a_recent_header(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "agent.wav")
    for _ in range(255):
        writer.write(noise(1_600))
    with wave.open(str(tmp_path / "agent.part.wav")) as reader:  # as a killed process leaves it
        assert 255 * 1_600 - reader.getnframes() < 10 * SAMPLE_RATE
    AudioFile(tmp_path / "agent.part.wav")
    writer.discard()
    assert names(tmp_path) == []


def test_failed_run_leaves_no_wav(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        record(
            tmp_path / "agent.wav", 1, error=InputError("the disk is full", todo="free some space")
        )
    assert names(tmp_path) == []


def test_a_wav_ends_where_its_header_can_say_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 36 + 2 * wav.LONGEST < 2**32
    monkeypatch.setattr(wav, "LONGEST", 1_000)
    with WavWriter(tmp_path / "agent.wav") as writer:
        writer.write(noise(900))
        writer.write(noise(400))
        writer.pad_to(5_000)
        writer.write(noise(1))
    with wave.open(str(tmp_path / "agent.wav")) as file:
        assert file.getnframes() == 1_000


def test_wav_on_a_full_disk(tiny_disk: Path) -> None:
    with pytest.raises(InputError, match=r"the disk is full, .*agent\.wav, free"):
        record(tiny_disk / "agent.wav", 100)
    assert names(tiny_disk) == []


def test_wav_that_fits_until_it_is_closed(tiny_disk: Path) -> None:
    room = os.statvfs(tiny_disk)
    (tiny_disk / "ballast").write_bytes(bytes(room.f_bavail * room.f_bsize))
    with pytest.raises(InputError, match="the disk is full"):
        record(tiny_disk / "agent.wav", 1, size=100)  # stays in the buffer until the end
    assert names(tiny_disk) == ["ballast"]


# Whole or not at all

SAID = [
    Word("ann", "Good", 16_000, 20_000),
    Word("ann", "morning.", 20_000, 26_000),
    Word("bob", "Hi <b>&", 24_000, 30_000),
    Word("ann", "So", 34_000, 36_000),
]


def write_all(folder: Path, words: list[Word]) -> None:
    write_seglst(folder / "transcript.seglst.json", "M", words)
    write_vtt(folder / "transcript.vtt", words, {"ann": "Ann > Lee"})
    turns = [SpeakerActivity(word.speaker, word.start, word.end) for word in words]
    write_rttm(folder / "diarization.rttm", "M 1", turns)


def test_texts(tmp_path: Path) -> None:
    write_all(tmp_path, SAID)
    assert json.loads((tmp_path / "transcript.seglst.json").read_text())[0] == {
        "session_id": "M",
        "speaker": "ann",
        "start_time": 1.0,
        "end_time": 1.625,
        "words": "Good morning.",
    }
    assert (tmp_path / "transcript.vtt").read_text() == (
        "WEBVTT\n\n"
        "00:00:01.000 --> 00:00:01.625\n<v Ann &gt; Lee>Good morning.\n\n"
        "00:00:01.500 --> 00:00:01.875\n<v bob>Hi &lt;b&gt;&amp;\n\n"
        "00:00:02.125 --> 00:00:02.250\n<v Ann &gt; Lee>So\n"
    )
    assert (tmp_path / "diarization.rttm").read_text() == (
        "SPEAKER M%201 1 1.000000 0.625000 <NA> <NA> ann <NA> <NA>\n"
        "SPEAKER M%201 1 1.500000 0.375000 <NA> <NA> bob <NA> <NA>\n"
        "SPEAKER M%201 1 2.125000 0.125000 <NA> <NA> ann <NA> <NA>\n"
    )


def test_nothing_said(tmp_path: Path) -> None:
    write_all(tmp_path, [])
    assert (tmp_path / "transcript.seglst.json").read_text() == "[]\n"
    assert (tmp_path / "transcript.vtt").read_text() == "WEBVTT\n"
    assert (tmp_path / "diarization.rttm").read_text() == ""


def test_order_of_words_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write_all(tmp_path / "a", SAID)
    write_all(tmp_path / "b", SAID[::-1])
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_full_disk_keeps_the_old_file(tiny_disk: Path) -> None:
    path = tiny_disk / "summary.json"
    write_text(path, "old")
    with pytest.raises(InputError, match=r"the disk is full, .*summary\.json"):
        write_text(path, "new" * 50_000)
    assert path.read_text() == "old"
    assert names(tiny_disk) == ["summary.json"]


def test_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with replacing(tmp_path / "a.txt") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["none/a.txt", "file/a.txt", "x" * 300])
def test_unwritable_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / name, "text")
    with pytest.raises(InputError, match="cannot be written"):
        WavWriter(tmp_path / name)


# WebVTT

CUE = re.compile(r"(\d\d+):(\d\d):(\d\d)\.(\d{3}) --> (\d\d+):(\d\d):(\d\d)\.(\d{3})")


def parsed_vtt(text: str) -> list[tuple[int, int, str, str]]:
    """Start and end in ms, speaker and text of each cue, read as the standard's parser does."""
    blocks = text.split("\n\n")
    assert blocks[0].strip() == "WEBVTT"
    cues = []
    for block in blocks[1:]:
        times, said = block.rstrip("\n").split("\n")
        match = CUE.fullmatch(times)
        assert match
        h1, m1, s1, f1, h2, m2, s2, f2 = map(int, match.groups())
        assert max(m1, s1, m2, s2) < 60
        tag = re.fullmatch(r"<v ([^<>]*)>([^<>]*)", said)
        assert tag
        start, end = (
            ((h * 60 + m) * 60 + s) * 1000 + f
            for h, m, s, f in ((h1, m1, s1, f1), (h2, m2, s2, f2))
        )
        cues.append((start, end, html.unescape(tag[1]), html.unescape(tag[2])))
    return cues


tokens = (
    st.text(min_size=1, max_size=12)
    .map(lambda text: "".join(text.split()))
    .filter(lambda text: text.isprintable() and text)
)
said = st.lists(
    st.builds(
        lambda who, text, start, length: Word(who, text, start, start + length),
        st.sampled_from(["ann", "<b>", "a > b & c"]),
        tokens,
        st.integers(0, 400_000),
        st.integers(0, 60_000),
    ),
    max_size=30,
)


@given(words=said)
def test_vtt_round_trip(words: list[Word], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "round.vtt"
    write_vtt(path, words)
    cues = parsed_vtt(path.read_text(encoding="utf-8"))
    segments = join_words(words, longest=to_samples(7))
    assert [(who, text) for _, _, who, text in cues] == [(s.speaker, s.text) for s in segments]
    for (start, end, _, _), segment in zip(cues, segments, strict=True):
        assert start == segment.start // 16
        assert end == max(segment.end // 16, start + 1)
    assert cues == sorted(cues, key=lambda cue: cue[0])


def test_vtt_takes_no_markup_from_names_or_words(tmp_path: Path) -> None:
    words = [Word("a\n\n-->", "x\n\n00:00.000 --> 00:01.000\n<script>\x00", 0, 10)]
    write_vtt(tmp_path / "a.vtt", words)
    assert parsed_vtt((tmp_path / "a.vtt").read_text()) == [
        (0, 1, "a -->", "x 00:00.000 --> 00:01.000 <script>")
    ]


@given(words=said)
def test_segments(words: list[Word]) -> None:
    longest = to_samples(7)
    segments = join_words(words, longest=longest)
    assert sorted(" ".join(s.text for s in segments).split()) == sorted(w.text for w in words)
    for speaker in {word.speaker for word in words}:
        own = [segment for segment in segments if segment.speaker == speaker]
        assert all(a.end <= b.start for a, b in pairwise(own))
    for segment in segments:
        assert segment.start <= segment.end
        assert segment.end - segment.start <= longest or " " not in segment.text


def test_a_pause_of_half_a_second_ends_a_segment() -> None:
    def pair(gap_s: float) -> int:
        start = to_samples(1 + gap_s)
        return len(join_words([Word("a", "x", 0, 16_000), Word("a", "y", start, start + 10)]))

    assert pair(0.49) == 1
    assert pair(0.5) == 2


def test_a_caption_stands_for_seven_seconds_at_most() -> None:
    second = SAMPLE_RATE
    words = [Word("a", str(i), i * second, (i + 1) * second) for i in range(10)]
    cues = join_words(words, longest=to_samples(7))
    assert [cue.text for cue in cues] == ["0 1 2 3 4 5 6", "7 8 9"]
    assert len(join_words(words)) == 1


def test_a_word_that_begins_early_does_not_make_captions_overlap() -> None:
    words = [Word("a", "x", 0, to_samples(6)), Word("a", "y", to_samples(5), to_samples(8))]
    assert [(cue.start, cue.end) for cue in join_words(words, longest=to_samples(7))] == [
        (0, to_samples(6)),
        (to_samples(6), to_samples(8)),
    ]


def test_pieces_inside_a_turn_do_not_shorten_it() -> None:
    pieces = [SpeakerActivity("a", 0, 90), SpeakerActivity("a", 10, 20), SpeakerActivity("a", 5, 5)]
    assert merged(pieces) == [SpeakerActivity("a", 0, 90)]


# The run's directory


def test_sound_says_of_itself_that_a_machine_made_it(tmp_path: Path) -> None:
    path, samples = tmp_path / "agent.wav", noise(1_601)
    with WavWriter(path, wav.AGENTS) as writer:
        writer.write(samples)
    with av.open(str(path)) as file:
        assert "synthetic" in file.metadata["comment"]
    read, _ = soundfile.read(path, dtype="int16")
    assert np.array_equal(read, to_pcm16(samples))


@pytest.mark.parametrize("cut", [0, 1, 2_001])
@pytest.mark.parametrize("comment", ["", wav.AGENTS])
def test_what_a_killed_run_left_is_completed(tmp_path: Path, cut: int, comment: str) -> None:
    samples = noise(20_000)
    writer = WavWriter(tmp_path / "agent.wav")
    writer.write(samples)
    writer.keep_part()
    with writer.part.open("r+b") as file:
        file.truncate(writer.part.stat().st_size - cut)
    path = wav.complete_part(writer.part, 30_000, comment)
    read, _ = soundfile.read(path, dtype="int16")
    assert len(read) == 30_000
    kept = 20_000 - (cut + 1) // 2
    assert np.array_equal(read[:kept], to_pcm16(samples)[:kept])
    assert not read[kept:].any()
    again = wav.complete_part(path.rename(writer.part), 0, comment)
    assert soundfile.info(again).frames == 30_000


def test_spans_are_made_silent_in_finished_files_and_in_those_under_way(tmp_path: Path) -> None:
    samples = np.full(1_000, 0.5, np.float32)
    with WavWriter(tmp_path / "agent.wav", wav.AGENTS) as writer:
        writer.write(samples)
        writer.blank([(0, 10), (900, 5_000)])
        writer.write(samples)
    wav.blank(tmp_path / "agent.wav", [(1_500, 1_600), (1_990, 9_999)])
    read, _ = soundfile.read(tmp_path / "agent.wav", dtype="float32")
    silent = np.flatnonzero(read == 0.0)
    wanted = [*range(10), *range(900, 1_000), *range(1_500, 1_600), *range(1_990, 2_000)]
    assert silent.tolist() == wanted
