"""What is named on the command line is told apart by its content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from integrations.files.inputs import open_inputs
from integrations.files.sound.tracks import RecordedTracks, SharedRecording, listening
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError

RTTM = "SPEAKER M 1 0 2 <NA> <NA> Ann <NA> <NA>\n"
CTM = "M A 0.2 0.3 hello\n"
SEGLST = [{"session_id": "S", "speaker": "A", "start_time": 0, "end_time": 1, "words": "so"}]
RECORD = {
    "meeting_id": "R",
    "speakers": {"A": {}},
    "turns": [{"speaker": "A", "start": 0, "end": 1, "text": "so"}],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    sound = 0.3 * np.sin(np.arange(8_000) / 5)
    for name in ("standup-ann.wav", "standup-bob.flac", "standup-carl.ogg", "odd=name.wav"):
        soundfile.write(tmp_path / name, sound, 16_000)
    for name in ("still.wav", "still2.wav"):
        soundfile.write(tmp_path / name, 0 * sound, 16_000)
    (tmp_path / "talk.rttm").write_text(RTTM)
    (tmp_path / "talk.ctm").write_text(CTM)
    (tmp_path / "talk.seglst.json").write_text(json.dumps(SEGLST))
    (tmp_path / "talk.json").write_text(json.dumps(RECORD))
    (tmp_path / "mail.txt").write_text("Dear all,\nsee below.\n")
    (tmp_path / "mail.wav").write_text("Dear all,\nsee below.\n")
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_shared_recording() -> None:
    opened = open_inputs(["standup-ann.wav"])
    assert isinstance(opened, SharedRecording)
    assert opened.meeting_id == "standup-ann"
    assert opened.duration == 8_000


@pytest.mark.usefixtures("folder")
def test_tracks() -> None:
    opened = open_inputs(["Ann Lee=standup-ann.wav", "Bob=standup-bob.flac", "C=still.wav"])
    assert isinstance(opened, RecordedTracks)
    assert list(opened.tracks) == ["Ann Lee", "Bob", "C"]
    assert opened.meeting_id == "meeting"
    assert opened.remarks == ("no sound from C",)
    assert opened.duration == 8_000
    opened = open_inputs(["a=standup-ann.wav", "c=standup-carl.ogg"])
    assert opened.meeting_id == "standup"


@pytest.mark.usefixtures("folder")
def test_a_file_with_an_equals_sign_is_a_file() -> None:
    assert isinstance(open_inputs(["odd=name.wav"]), SharedRecording)
    opened = open_inputs(["x=odd=name.wav"])
    assert isinstance(opened, RecordedTracks)
    assert list(opened.tracks) == ["x"]


@pytest.mark.parametrize(
    ("args", "meeting_id"),
    [
        (["talk.json"], "R"),
        (["talk.seglst.json"], "S"),
        (["talk.rttm", "talk.ctm"], "M"),
        (["talk.ctm", "talk.rttm"], "M"),
    ],
)
@pytest.mark.parametrize("renamed", [False, True])
def test_transcripts(folder: Path, args: Sequence[str], meeting_id: str, renamed: bool) -> None:
    if renamed:  # the ending says nothing
        args = [str((folder / arg).rename(folder / f"{i}.txt")) for i, arg in enumerate(args)]
    opened = open_inputs(args)
    assert isinstance(opened, MeetingWords)
    assert opened.meeting_id == meeting_id


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], "no input"),
        (["none.wav"], "no such file, none.wav"),
        (["x=none.wav"], "no such file, none.wav"),
        (["x="], "no path after 'x='"),
        (["=standup-ann.wav"], "bad participant name ''"),
        (["a\x1b[2J=standup-ann.wav"], r"bad participant name 'a\x1b[2J'"),
        (["a\n=standup-ann.wav\n"], "no such file"),
        (["x" * 61 + "=standup-ann.wav"], "bad participant name"),
        (["?=standup-ann.wav"], "reserved"),
        (["nul\0.wav"], "cannot be read"),
        (["x" * 5000], "cannot be read"),
        (["sub"], "a directory"),
        (["mail.txt"], "unknown kind of text, without times that are known here, mail.txt"),
        (["mail.wav"], "not a recording, mail.wav"),
        (["x=mail.txt"], "unknown kind of text"),
        (["still.wav"], "no sound in the recording, still.wav"),
        (["a=still.wav", "b=still2.wav"], "no sound in the recording"),
        (["standup-ann.wav", "standup-bob.flac"], "no name for one, standup-ann.wav"),
        (["a=standup-ann.wav", "standup-bob.flac"], "no name for one, standup-bob.flac"),
        (["a=standup-ann.wav", "a=standup-bob.flac"], "two inputs named 'a'"),
        (["a=standup-ann.wav", "a =standup-bob.flac"], "two inputs named 'a'"),
        (["e\u0301=standup-ann.wav", "\u00e9=standup-bob.flac"], "two inputs named"),
        (["a=standup-ann.wav", "b=./standup-ann.wav"], "the same file twice"),
        (["a=standup-ann.wav", "talk.json"], "do not go together"),
        (["a=talk.json"], "a name before a transcript"),
        (["talk.json", "talk.seglst.json"], "do not go together"),
        (["talk.rttm"], "no words in it, talk.rttm, add the CTM file"),
        (["talk.ctm"], "does not say who speaks, talk.ctm, add the RTTM file"),
        (["a=standup-ann.wav"] * 51, "give at most 50"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_bad_inputs(args: Sequence[str], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        open_inputs(args)
    assert expected in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.usefixtures("folder")
def test_offsets() -> None:
    opened = open_inputs(["Ann=standup-ann.wav", "Bob=standup-bob.flac@12.5"])
    assert isinstance(opened, RecordedTracks)
    assert opened.duration == 8_000 + 12.5 * 16_000
    blocks = np.concatenate(list(opened.tracks["Bob"].blocks(1600)))
    assert len(blocks) == opened.duration
    assert not blocks[: 12 * 16_000 + 8_000].any()
    assert np.abs(blocks[12 * 16_000 + 8_000 :]).max() > 0.2


@pytest.mark.usefixtures("folder")
def test_a_file_with_an_at_sign_is_a_file(folder: Path) -> None:
    (folder / "standup-ann.wav").rename(folder / "ann@2.5")
    opened = open_inputs(["ann@2.5"])
    assert opened.duration == 8_000
    assert open_inputs(["ann@2.5@1"]).duration == 8_000 + 16_000


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["a=standup-ann.wav@-3", "b=standup-bob.flac"], "add 3 s to the offsets of all"),
        (["a=standup-ann.wav@x"], "no such file"),
        (["standup-ann.wav@999999"], "an offset over 37 hours"),
        (["talk.json@3"], "an offset after a transcript"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_bad_offsets(args: Sequence[str], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        open_inputs(args)


def test_a_person_a_channel(folder: Path) -> None:
    sound = np.zeros((48_000, 3))
    sound[8_000:24_000, 0] = sound[24_000:40_000, 1] = 0.2
    soundfile.write(folder / "call.wav", sound, 16_000)
    opened = open_inputs(["call.wav"], listening("people", accept_damage=False))
    assert isinstance(opened, RecordedTracks)
    assert opened.meeting_id == "call"
    assert list(opened.tracks) == ["channel_1", "channel_2", "channel_3"]
    assert opened.remarks == ("no sound from channel_3",)
    second = np.concatenate(list(opened.tracks["channel_2"].blocks(1600)))
    assert np.flatnonzero(second)[[0, -1]].tolist() == [24_000, 39_999]


@pytest.mark.usefixtures("folder")
def test_chosen_channels_are_told(folder: Path) -> None:
    soundfile.write(folder / "call.wav", np.full((8_000, 3), 0.2), 16_000)
    opened = open_inputs(["call.wav"], listening("3,1", accept_damage=False))
    assert isinstance(opened, SharedRecording)
    assert opened.remarks == ("heard of its 3 channels: 1, 3",)


@pytest.mark.parametrize(
    ("args", "channels", "expected"),
    [
        (["standup-ann.wav"], "people", "people by channel, and 1 channel, standup-ann.wav"),
        (["a=standup-ann.wav"], "people", "give one recording without a name"),
        (["a=standup-ann.wav", "b=standup-bob.flac"], "people", "give one recording"),
        (["standup-ann.wav"], "2", "no channel 2, standup-ann.wav, it has one channel"),
        (["standup-ann.wav"], "0", "no channels '0', --channels, give mix"),
        (["standup-ann.wav"], "1,,2", "no channels"),
        (["standup-ann.wav"], "all", "no channels 'all'"),
        (["standup-ann.wav"], "", "no channels ''"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_channels_that_cannot_be(args: Sequence[str], channels: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        open_inputs(args, listening(channels, accept_damage=False))
    assert expected in str(caught.value)


@pytest.mark.usefixtures("folder")
def test_a_link_to_the_same_file_is_the_same_file(folder: Path) -> None:
    (folder / "link.wav").symlink_to("standup-ann.wav")
    with pytest.raises(InputError, match="same file twice"):
        open_inputs(["a=standup-ann.wav", "b=link.wav"])


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"{\x00}", b"[" * 10**6, b'{"turns": ' + b"[" * 10**6]
)
def test_garbage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "garbage.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_inputs([str(tmp_path / "garbage.json")])
    assert str(caught.value).isprintable()


def test_too_large(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        for _ in range(65):
            file.write(b"[" * 2**20)
    with pytest.raises(InputError, match="larger than 64 MiB"):
        open_inputs([str(tmp_path / "large.json")])
