from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from integrations.files.demo import ROLE, Line, Script, load_script, render
from moderator.errors import InputError
from moderator.events import Word
from moderator.mouth.base import Voice
from moderator.testing.mouth import ToneVoice
from roles.loader import load_role
from roles.schema import VoiceChoice

PEOPLE = {"anna": {"name": "Anna"}, "ben": {"name": "Ben"}}


def tone(choice: VoiceChoice) -> Voice:
    return ToneVoice(word_s=0.3, gap_s=0.05)


def script(*lines: dict[str, object]) -> Script:
    return Script.model_validate(
        {"meeting_id": "test", "speakers": PEOPLE, "lines": list(lines), "end_s": 1}
    )


def test_lines_follow_each_other_or_overlap() -> None:
    meeting = render(
        tone,
        script=script(
            {"speaker": "anna", "pause_s": 2, "text": "One two three four."},
            {"speaker": "ben", "into_s": 0.5, "text": "Yes."},
            {"speaker": "ben", "pause_s": 1, "text": "Well."},
        ),
    )
    four, one = 4 * (4_800 + 800), 4_800 + 800
    assert [(w.speaker, w.text, w.start) for w in meeting.words] == [
        ("anna", "One", 32_000),
        ("anna", "two", 32_000 + 5_600),
        ("ben", "Yes.", 32_000 + 8_000),
        ("anna", "three", 32_000 + 2 * 5_600),
        ("anna", "four.", 32_000 + 3 * 5_600),
        ("ben", "Well.", 32_000 + four + 16_000),
    ]
    assert meeting.duration == 32_000 + four + 16_000 + one + 16_000
    assert {len(track) for track in meeting.tracks.values()} == {meeting.duration}
    anna, ben = meeting.tracks["anna"], meeting.tracks["ben"]
    assert anna[32_000 : 32_000 + four].any()
    assert not anna[:32_000].any()
    assert not anna[32_000 + four :].any()
    assert ben[40_000 : 40_000 + one].any()
    assert not ben[:40_000].any()
    assert meeting.names == {"anna": "Anna", "ben": "Ben"}


def test_nobody_talks_over_themselves() -> None:
    wrong = script(
        {"speaker": "anna", "text": "One two three."},
        {"speaker": "anna", "into_s": 0.1, "text": "Four."},
    )
    with pytest.raises(InputError, match=r"anna would talk over themselves.*line 2"):
        render(tone, script=wrong)


def test_progress_reaches_the_end() -> None:
    seen: list[float] = []
    render(tone, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("meeting_id: [", "not YAML"),
        ("meeting_id: x\nspeakers: {a: {name: A}}\nlines: []\n", "lines"),
        ("meeting_id: x\nspeakers: {a: {name: A}}\nlines: [{speaker: b, text: t}]\n", "'b'"),
        (
            "meeting_id: x\nspeakers: {a: {name: A}}\nlines: [{speaker: a, txt: t}]\n",
            "lines.0.text",
        ),
        (
            "meeting_id: x\nspeakers: {a: {name: A}}\nlines: [{speaker: a, text: t, into_s: 1}]\n",
            "first line",
        ),
        ("- 1\n- 2\n", "script.yaml"),
        ('meeting_id: "\\U00110000"\n', "not YAML (chr()"),
        ("meeting_id: " + "9" * 5000 + "\n", "not YAML"),
        ("meeting_id: 2001-99-99\n", "not YAML"),
        ("%YAML 1.9999\n---\na: 1\n", "not YAML"),
        ("meeting_id: " + "[" * 5000, "not YAML"),
    ],
)
def test_a_bad_script_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_script(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("meeting_id: " + "[" * 60_000, "nested too deep"),
        ("meeting_id: " + "{" * 17 + "}" * 17, "nested too deep"),
        ("a: &x [1, 2]\nb: *x", "an alias"),
        ("#" * 70_000, "more than 65,536 characters"),
    ],
)
def test_a_script_that_would_take_long_is_not_read(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "script.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        load_script(tmp_path / "script.yaml")


def test_the_demo_has_what_it_is_meant_to_show() -> None:
    shown = load_script()
    role = load_role(ROLE)
    duties = {duty.type: duty for duty in role.duties}
    texts = [line.text for line in shown.lines]
    assert len(shown.speakers) == 3
    questions = [line for line in texts if role.identity.name in line and "?" in line]
    assert len(questions) >= 2
    assert {"open", "answer", "end_monologue", "cut_in_crosstalk", "break_silence"} <= set(duties)
    said = {
        id_: sum(len(w.text) for w in shown.lines if w.speaker == id_) for id_ in shown.speakers
    }
    assert min(said.values()) < 0.1 * sum(said.values())
    assert max(line.pause_s for line in shown.lines) > role.turn.silence_patience_s + 5


def test_pauses_leave_room_after_every_question_to_the_agent() -> None:
    lines: list[Line] = load_script().lines
    for line, following in pairwise(lines):
        if "Robin" in line.text:
            assert following.pause_s >= 6
            assert following.into_s is None


@pytest.mark.e2e
def test_the_demo_with_the_real_voices() -> None:
    from moderator.models.store import ModelStore
    from moderator.mouth.loading import VoiceLoader

    load = VoiceLoader(ModelStore.default(offline=True))
    meeting, again = render(load), render(load)
    assert 90 <= meeting.duration / 16_000 <= 150
    for name, track in meeting.tracks.items():
        np.testing.assert_array_equal(track, again.tracks[name])
        assert np.abs(track).max() < 0.9
    assert meeting.words == again.words
    assert _longest(meeting.words, "ben") >= 30 * 16_000
    assert _overlap(meeting.words) >= 6 * 16_000
    assert _longest_silence(meeting.words) >= 12 * 16_000


def _stretches(words: tuple[Word, ...], speaker: str) -> list[tuple[int, int]]:
    """Where somebody talks, over pauses under 1 s."""
    found: list[tuple[int, int]] = []
    for word in (word for word in words if word.speaker == speaker):
        if found and word.start - found[-1][1] < 16_000:
            found[-1] = (found[-1][0], word.end)
        else:
            found.append((word.start, word.end))
    return found


def _longest(words: tuple[Word, ...], speaker: str) -> int:
    return max(end - start for start, end in _stretches(words, speaker))


def _overlap(words: tuple[Word, ...]) -> int:
    return max(
        min(e1, e2) - max(s1, s2)
        for s1, e1 in _stretches(words, "anna")
        for s2, e2 in _stretches(words, "ben")
    )


def _longest_silence(words: tuple[Word, ...]) -> int:
    reached, longest = words[0].end, 0
    for word in words:
        longest = max(longest, word.start - reached)
        reached = max(reached, word.end)
    return longest
