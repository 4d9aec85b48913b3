"""Progress in a log: lines, no bars."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from integrations.files.learn.run import stages
from moderator.cli import lines
from moderator.cli.console import loading, progress

MINUTE = 0.02
"""Seconds that stand for a minute between two lines here."""


class Elapsed:
    """Three minutes have gone by."""

    seconds = 180.0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "Elapsed", Elapsed)
    monkeypatch.setattr(lines.Lines.__init__, "__defaults__", (0.0, MINUTE))


def soon(is_true: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def written(capsys: pytest.CaptureFixture[str], text: str) -> Callable[[], bool]:
    seen: list[str] = []

    def look() -> bool:
        seen.append(capsys.readouterr().err)
        return text in "".join(seen)

    return look


@pytest.mark.usefixtures("quick")
def test_a_log_is_told_how_far_it_is_and_how_long_it_will_take(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("replaying ES2003a", 400.0, unit="seconds") as advance:
        soon(written(capsys, "replaying ES2003a: 0 %, 3 min so far\n"))
        advance(50.0)
        soon(written(capsys, "replaying ES2003a: 12 %, 21 min left\n"))
        advance(350.0)
        soon(written(capsys, "replaying ES2003a: 100 %, 1 min left\n"))
    assert not [one for one in threading.enumerate() if one.name == "progress-lines"]


@pytest.mark.usefixtures("quick")
def test_work_of_unknown_length_says_how_long_it_has_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("computing intervals"):
        soon(written(capsys, "computing intervals: 3 min so far\n"))


@pytest.mark.usefixtures("quick")
def test_what_was_done_before_does_not_count_for_the_speed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with stages() as notice:
        notice("words", 501, 1000, {"loss": 0.25})
        soon(written(capsys, "words: loss 0.2500: 50 %, 24 h 57 min left\n"))
        notice("words", 510, 1000, {"loss": 0.25})
        soon(written(capsys, "words: loss 0.2500: 51 %, 2 h 27 min left\n"))
        notice("trees", 1, 4, {})
        soon(written(capsys, "trees: 25 %, 9 min left\n"))


def test_short_work_and_work_for_machines_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("hashing", 3.0) as advance:
        advance(3.0)
    with progress("hashing", 3.0, enabled=False) as advance, loading(enabled=False) as begin:
        begin("whisper-tiny.en")
        advance.now("nothing")
        advance(3.0)
    assert capsys.readouterr().err == ""


def test_a_log_names_what_is_being_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    with loading() as begin:
        begin("whisper-tiny.en")
        assert capsys.readouterr().err == "loading whisper-tiny.en\n"
        begin("hibari-tts")
    assert capsys.readouterr().err == "loading hibari-tts\n"
