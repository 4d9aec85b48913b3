"""Names put right after a run: in all files, undone again, and nobody escapes being forgotten."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from benchmarks.reliability.meeting import canaries
from integrations.files.disk.outdir import FORMATS, JOURNAL, RESULTS
from integrations.files.recovery import rebuilding
from integrations.files.recovery.command import report
from integrations.files.recovery.recovering import forget_in, recover_if_needed, settle_in
from integrations.files.recovery.relabelling import relabel_in, restore_in
from moderator.cli.app import run
from moderator.errors import InputError
from moderator.journal.lines import read
from moderator.journal.rerun import rerun
from tests.integrations.files.recovery.test_recovering import everything, interrupt
from tests.integrations.files.test_replay import record, replay

FORMS = ",".join(FORMATS)
TEXTS = ("transcript.seglst.json", "transcript.vtt", "diarization.rttm", *FORMATS.values())


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A replay of three people in every form; the agent answers one of them."""
    folder = tmp_path_factory.mktemp("replayed")
    meeting = record(folder / "weekly.json")
    assert replay(meeting, "--role", "facilitator", "--out", folder / "w", "--formats", FORMS) == 0
    return folder / "w"


@pytest.fixture
def weekly(replayed: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(replayed, tmp_path / "weekly"))


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def summary(out: Path) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = json.loads((out / "summary.json").read_text())
    return found


def test_a_name_is_put_right_in_all_files_and_decisions_come_out_the_same(weekly: Path) -> None:
    before = (weekly / JOURNAL).read_bytes()
    relabel_in(weekly, ["ana=Zoë Lee"], [])
    for name in TEXTS:
        if name != "transcript.uem":  # it names nobody
            text = (weekly / name).read_text().replace("%20", " ")
            assert "Zoë Lee" in text, name
            assert not re.search(r"\bana\b", text), name
    page = (weekly / "report.html").read_text()
    assert '<span class="who" dir="auto">Zoë Lee</span>' in page
    assert '<span class="who" dir="auto">ana</span>' not in page
    assert list(summary(weekly)["speakers"]) == ["Zoë Lee", "ben", "cleo"]
    assert (weekly / JOURNAL).read_bytes().startswith(before)
    assert rerun(weekly / JOURNAL) == []
    assert {path.name for path in weekly.iterdir()} == {*RESULTS, *FORMATS.values()}


def test_voices_become_one_persons(weekly: Path) -> None:
    parts = summary(weekly)["speakers"]
    labels = relabel_in(weekly, ["cleo=Dana"], ["ben,cleo"])
    assert labels.by_id == {"ben": "Dana", "cleo": "Dana"}
    whole = summary(weekly)["speakers"]
    assert list(whole) == ["Dana", "ana"]
    assert "2\N{NO-BREAK SPACE}names put right after" in (weekly / "report.html").read_text()
    for key in ("talk_s", "turns"):
        assert whole["Dana"][key] == pytest.approx(parts["ben"][key] + parts["cleo"][key])
    spoken = json.loads((weekly / "transcript.seglst.json").read_text())
    assert {segment["speaker"] for segment in spoken} == {"ana", "Dana", "Robin"}
    assert rerun(weekly / JOURNAL) == []


def test_a_merge_keeps_the_first_ones_name_and_can_be_named_later(weekly: Path) -> None:
    assert relabel_in(weekly, [], ["cleo,ben"]).by_id == {"ben": "cleo"}
    assert relabel_in(weekly, ["cleo=Dana"], []).by_id == {"ben": "Dana", "cleo": "Dana"}
    assert relabel_in(weekly, ["Dana=Eve"], []).by_id == {"ben": "Eve", "cleo": "Eve"}
    assert relabel_in(weekly, ["ben=Fay"], []).by_id == {"ben": "Fay", "cleo": "Fay"}


def test_what_they_were_is_kept_and_comes_back(weekly: Path) -> None:
    before = contents(weekly)
    assert run(["report", str(weekly), "--rename", "ana=Zoe", "--merge", "ben,cleo"]) == 0
    assert contents(weekly)["transcript.vtt"] != before["transcript.vtt"]
    assert run(["report", str(weekly), "--undo-names"]) == 0
    after = contents(weekly)
    assert {name: after[name] for name in TEXTS} == {name: before[name] for name in TEXTS}
    assert summary(weekly)["speakers"] == json.loads(before["summary.json"])["speakers"]
    with pytest.raises(InputError, match="no names were changed"):
        restore_in(weekly)


def test_two_may_exchange_their_names(weekly: Path) -> None:
    words = [(one["speaker"], one["words"]) for one in _segments(weekly)]
    relabel_in(weekly, ["ana=ben", "ben=ana"], [])
    other = {"ana": "ben", "ben": "ana"}
    assert [(one["speaker"], one["words"]) for one in _segments(weekly)] == [
        (other.get(who, who), said) for who, said in words
    ]


def _segments(out: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((out / "transcript.seglst.json").read_text())
    return found


@pytest.mark.parametrize(
    ("renames", "merges", "told"),
    [
        (["zoe=Ana"], [], "nobody is called 'zoe'"),
        ([], ["ana,zoe"], "nobody is called 'zoe'"),
        (["ana=Zoe", "ben=zoe"], [], "ana and ben would both be 'Zoe'"),
        (["ana=Ben"], [], "ana and ben would both be 'Ben'"),
        (["ana=Zoe", "ben=Yve"], ["ana,ben"], "two names for ana"),
        (["Robin=Zoe"], [], "the agent cannot be renamed"),
        ([], ["ana,Robin"], "the agent cannot be merged"),
        (["ana=robin"], [], "'robin' is the agent"),
        (["ana"], [], "no '=' in it"),
        (["ana="], [], "bad participant name"),
        (["ana=" + "x" * 61], [], "bad participant name"),
        (["ana=a\nb"], [], "bad participant name"),
        (["ana=?"], [], "reserved"),
        ([], ["ana"], "one person"),
    ],
)
def test_refusals_are_one_line_and_nothing_is_written(
    weekly: Path, renames: list[str], merges: list[str], told: str
) -> None:
    before = contents(weekly)
    with pytest.raises(InputError) as caught:
        relabel_in(weekly, renames, merges)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(weekly) == before


def test_voices_that_were_not_told_apart_have_no_name(out: Path) -> None:
    with pytest.raises(InputError, match="not told apart"):
        relabel_in(out, ["hall/?=Zoe"], [])


def test_names_with_commas_and_equals_signs(weekly: Path) -> None:
    relabel_in(weekly, ["ana=Lee, Ana", "ben=B=C"], [])
    labels = relabel_in(weekly, ["B=C=Ben"], ["cleo,Lee, Ana"])
    assert labels.by_id == {"ana": "cleo", "ben": "Ben"}


@pytest.mark.parametrize("name", ["Zoe", "ana", "Ana", "ben"])
def test_whoever_was_renamed_or_merged_is_forgotten_under_every_name(out: Path, name: str) -> None:
    relabel_in(out, ["ana=Zoe"], ["ana,ben"])
    forget_in(out, name)
    kept = everything(out)
    for who in ("ana", "ben"):
        assert not [word for word in canaries(who, "before") if word in kept]
    assert any(word in kept for word in canaries("cem", "before"))
    assert '"relabelled"' in kept  # names stay, words go
    restore_in(out)
    kept = everything(out)
    for who in ("ana", "ben"):
        assert not [word for word in canaries(who, "before") if word in kept]


def test_a_name_means_whoever_has_it_now(out: Path) -> None:
    relabel_in(out, ["ana=ben", "ben=ana"], [])
    forget_in(out, "ben")
    kept = everything(out)
    assert not [word for word in canaries("ana", "before") if word in kept]
    assert any(word in kept for word in canaries("ben", "before"))


def test_a_crash_in_between_is_finished_by_whoever_opens_the_directory_next(
    weekly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise InputError("the disk is full", where="report.html", todo="free some space")

    with monkeypatch.context() as patched:
        patched.setattr(rebuilding, "write_pages", full)
        with pytest.raises(InputError, match="the disk is full"):
            relabel_in(weekly, ["ana=Zoe"], ["ben,cleo"])
    assert "Zoe" not in (weekly / "report.html").read_text()
    assert settle_in(weekly) == []
    assert "Zoe" in (weekly / "report.html").read_text()
    assert list(summary(weekly)["speakers"]) == ["Zoe", "ben"]
    finished = contents(weekly)
    assert recover_if_needed(weekly) is None
    assert contents(weekly) == finished


def test_a_run_that_broke_off_is_recovered_first(out: Path) -> None:
    interrupt(out)
    relabel_in(out, ["ana=Zoe"], [])
    assert "Zoe" in summary(out)["speakers"]
    (out / "summary.json").unlink()
    recover_if_needed(out)
    assert "Zoe" in summary(out)["speakers"]
    assert '"relabelled": {\n    "ana": "Zoe"\n  }' in (out / "summary.json").read_text()


def test_people_of_a_room_are_found_by_their_names(out: Path) -> None:
    opened = next(read(out / JOURNAL))
    names = {person["name"] for person in opened["participants"].values()}
    assert "Ana" in names
    report(out, embed_audio=False, rename=["Ana=Zoe Quinn"])
    assert "<v Zoe Quinn>" in (out / "transcript.vtt").read_text()
    assert "<v Ana>" not in (out / "transcript.vtt").read_text()


def test_both_at_once_is_refused(weekly: Path) -> None:
    with pytest.raises(InputError, match="both new names and the old ones"):
        report(weekly, rename=["ana=Zoe"], undo_names=True)
