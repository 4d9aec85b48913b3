"""The page as a file: inert, complete, the same every time, never half there."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from moderator.errors import InputError
from moderator.measure.report import page, sound
from moderator.measure.report.page import write_report
from moderator.testing import journals
from moderator.timeline import to_samples

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


class Reader(HTMLParser):
    """Tags with their attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data


def write_tone(path: Path, seconds: float, rate: int = 16_000) -> None:
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    sf.write(path, wave.astype(np.float32), rate)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    journals.write_journal(tmp_path / "journal.jsonl", journals.short_meeting())
    return tmp_path


def test_the_page_asks_nothing_of_the_network(run: Path) -> None:
    text = write_report(run).read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(|@import|//cdn", text)
    for tag, attributes in Reader(text).tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(name) or ""
            assert value.startswith(("#", "data:")) or not value, (tag, value)


def test_hostile_words_names_and_codes_stay_text(tmp_path: Path) -> None:
    people = {HOSTILE: {"name": HOSTILE, "position": HOSTILE}}
    lines = [
        journals.opened(HOSTILE, participants=people, agent=HOSTILE, models=[HOSTILE]),
        journals.heard(3.0, HOSTILE, 1.0, f"{HOSTILE} <!-- {{{{ 7*7 }}}} \u2028"),
        journals.proposal(4.0, HOSTILE, 0.9, cue=HOSTILE, addressee=HOSTILE),
        journals.decision(4.0, "speak", HOSTILE, act=HOSTILE, inputs={HOSTILE: HOSTILE}),
        *journals.turn(1, 4.1, HOSTILE, HOSTILE, lost=HOSTILE, addressee=HOSTILE),
        journals.closed(9.0, complete=False, why=HOSTILE),
    ]
    journals.write_journal(tmp_path / "journal.jsonl", lines)
    (tmp_path / "summary.json").write_text(json.dumps({"models": {HOSTILE: HOSTILE}}))
    text = write_report(tmp_path).read_text(encoding="utf-8")
    reader = Reader(text)
    assert [attrs.get("type") for tag, attrs in reader.tags if tag == "script"] == [
        "application/json",
        None,
    ]
    assert all(tag != "img" for tag, _ in reader.tags)
    assert not [name for _, attrs in reader.tags for name in attrs if name.startswith("on")]
    assert "{{ 7*7 }}" in text
    data = json.loads(reader.scripts[0])
    assert data["marks"][0]["reason"][:45] == HOSTILE[:45]
    assert "<" not in reader.scripts[0]
    assert "\u2028" not in reader.scripts[0]


def test_only_the_page_s_own_script_and_style_may_run(run: Path) -> None:
    reader = Reader(write_report(run).read_text(encoding="utf-8"))
    (policy,) = [attrs["content"] or "" for _, attrs in reader.tags if "http-equiv" in attrs]
    assert "default-src 'none'" in policy
    assert page._hash(reader.scripts[-1]) in policy
    assert "unsafe" not in policy
    assert not [tag for tag, attrs in reader.tags if "style" in attrs]


def test_the_same_run_gives_the_same_bytes(run: Path) -> None:
    write_tone(run / "meeting.wav", 5.0)
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


def test_every_word_is_in_the_page_and_lost_ones_are_struck(run: Path) -> None:
    text = write_report(run).read_text(encoding="utf-8")
    assert "The encoder costs forty cents and fits the board." in text
    assert "<s>time, please. Ana first.</s>" in text


def test_an_interrupted_run_makes_a_page(run: Path) -> None:
    journal = run / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:9000])
    (run / "meeting.wav").write_bytes(b"RIFF")
    assert "This run was interrupted." in write_report(run).read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(run).write_text("the old page")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "_write_all", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_report(run)
    assert (run / "report.html").read_text() == "the old page"
    assert {p.name for p in run.iterdir()} == {"journal.jsonl", "report.html"}


def test_the_sound_is_in_the_page_as_mp3(run: Path) -> None:
    import av

    write_tone(run / "meeting.wav", 60.0)
    reader = Reader(write_report(run).read_text(encoding="utf-8"))
    data = base64.b64decode(reader.scripts[1], validate=True)
    assert len(data) == pytest.approx(60 * 32_000 / 8, rel=0.05)
    (run / "back.mp3").write_bytes(data)
    with av.open(str(run / "back.mp3")) as file:
        assert file.duration is not None
        assert file.duration / av.time_base == pytest.approx(60.0, abs=0.1)


@pytest.mark.parametrize(
    ("name", "embed", "most", "source"),
    [
        ("meeting.wav", False, 10**9, "meeting.wav"),
        ("agent.wav", False, 10**9, "agent.wav"),
        ("meeting.wav", True, 100, "meeting.wav"),
        ("meeting.wav", True, 10**9, None),
    ],
)
def test_the_sound_stays_beside_the_page_when_told_or_too_long(
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    embed: bool,
    most: int,
    source: str | None,
) -> None:
    monkeypatch.setattr(sound, "MOST_BYTES", most)
    write_tone(run / name, 3.0)
    reader = Reader(write_report(run, embed_audio=embed).read_text(encoding="utf-8"))
    (audio,) = [attrs for tag, attrs in reader.tags if tag == "audio"]
    assert audio.get("src") == source


def test_longer_meetings_get_the_lower_bit_rate(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tone(run / "meeting.wav", 20.0)
    monkeypatch.setattr(sound, "MOST_BYTES", 70_000)
    found = sound.find_sound(run, embed=True)
    assert found is not None
    assert found.data is not None
    assert len(found.data) < 70_000


def test_progress_rises_to_the_end(run: Path) -> None:
    write_tone(run / "meeting.wav", 30.0, rate=8000)
    shares: list[float] = []
    write_report(run, progress=shares.append)
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_all_colours_of_text_stand_out_from_the_paper() -> None:
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5 to 1."""
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in page._asset("report.css").split(
            "@media screen and (prefers-color-scheme: dark)"
        )
    )
    for scheme in (light, dark):
        tones = [name for name in scheme if re.fullmatch(r"s\d|agent|ink|muted", name)]
        assert len(tones) == 11
        for back in ("paper", "raised", "wash"):
            for name in tones:
                a, b = sorted((_luminance(scheme[name]), _luminance(scheme[back])))
                assert (b + 0.05) / (a + 0.05) >= 4.5, (name, back)


def test_an_answer_links_to_the_lines_it_was_taken_from(tmp_path: Path) -> None:
    turn = journals.turn(9, 50.0, "answer", "According to Ana: it is so.")
    said = [["ana", to_samples(3.0)], ["nobody", 5], ["ana", 1]]
    turn[-1] = turn[-1] | {"lines": said}
    lines = [journals.opened(), journals.heard(8.0, "ana", 3.0, "It is so."), *turn]
    journals.write_journal(tmp_path / "journal.jsonl", lines)
    text = write_report(tmp_path).read_text("utf-8")
    assert re.findall(r'taken from <a href="#(l\d+)">([^<]+)</a></span>', text) == [
        ("l0", "Ana Brandt, 0:03")
    ]
    assert '<li id="l0" class="s' in text


def test_an_answer_shows_what_a_tool_returned(tmp_path: Path) -> None:
    turn = journals.turn(9, 50.0, "answer", "According to weather: rain.")
    called = {"kind": "tool", "at": to_samples(49.0), "turn": 9, "tool": "weather", "lasted": 0}
    calls = [
        called | {"call": 1, "outcome": "ok", "result": "Sun."},
        called | {"call": 2, "outcome": "ok", "result": "<b>Rain.</b>"},
    ]
    turn[-1] = turn[-1] | {"calls": [2, 7]}
    journals.write_journal(tmp_path / "journal.jsonl", [journals.opened(), *calls, *turn])
    text = write_report(tmp_path).read_text("utf-8")
    assert "from the tool weather: &lt;b&gt;Rain.&lt;/b&gt;" in text
    assert "Sun." not in text
