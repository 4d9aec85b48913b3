"""The directory of a run: taken once, told apart, never emptied by accident."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from integrations.files.disk.lock import LOCK
from integrations.files.disk.outdir import (
    FORMER,
    RESULTS,
    OutputDirectory,
    RunState,
    run_state,
)
from moderator.errors import InputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_output_directory(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert run_state(path) is RunState.ABSENT
    with OutputDirectory(path) as out:
        assert (path / LOCK).exists()
        out.file("journal.jsonl").write_text("{}\n")
        assert run_state(path) is RunState.INTERRUPTED
        out.finish({"meeting_id": "M"})
    assert run_state(path) is RunState.FINISHED
    assert json.loads((path / "summary.json").read_text()) == {"meeting_id": "M"}
    assert not (path / LOCK).exists()


def test_interrupted_run_is_told_apart(tmp_path: Path) -> None:
    def run() -> None:
        with OutputDirectory(tmp_path / "out") as out:
            out.file("journal.jsonl").write_text("{}\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert run_state(tmp_path / "out") is RunState.INTERRUPTED
    with pytest.raises(InputError, match=r"holds an unfinished run, .*--force"):
        OutputDirectory(tmp_path / "out").__enter__()


def test_failure_before_the_first_file_leaves_no_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError), OutputDirectory(tmp_path / "a" / "b"):
        raise InputError("no such model", todo="pull it")
    assert names(tmp_path) == []


def test_used_directory_is_refused_until_forced(tmp_path: Path) -> None:
    with OutputDirectory(tmp_path) as out:
        for name in RESULTS:
            out.file(name).write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "agent.part.wav").write_text("old")
    with pytest.raises(InputError, match="holds a finished run"), OutputDirectory(tmp_path):
        pass
    assert (tmp_path / "summary.json").read_text() == "old"
    with OutputDirectory(tmp_path, overwrite=True) as out:
        assert names(tmp_path) == [FORMER, LOCK, "notes.txt"]
        out.file("journal.jsonl").write_text("{}\n{}\n")
    assert names(tmp_path) == ["journal.jsonl", "notes.txt"]
    (tmp_path / "journal.jsonl").unlink()
    assert run_state(tmp_path) is RunState.OTHER
    with pytest.raises(InputError, match="holds other files"), OutputDirectory(tmp_path):
        pass


def test_two_runs_do_not_share_a_directory(tmp_path: Path) -> None:
    with OutputDirectory(tmp_path) as out:
        out.file("journal.jsonl").write_text("{}\n")
        with pytest.raises(InputError, match="another run is writing"):
            OutputDirectory(tmp_path, overwrite=True).__enter__()
        assert names(tmp_path) == [LOCK, "journal.jsonl"]


def test_a_killed_run_does_not_block_the_next(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    assert run_state(tmp_path) is RunState.INTERRUPTED
    (tmp_path / "summary.json").touch()
    assert run_state(tmp_path) is RunState.INTERRUPTED
    with OutputDirectory(tmp_path, overwrite=True) as out:
        out.finish({})
    assert run_state(tmp_path) is RunState.FINISHED


@pytest.mark.parametrize("name", ["file", "file/deeper", "/proc/none", "/dev/null", "nul\0"])
def test_directory_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written") as caught:
        OutputDirectory(tmp_path / name).__enter__()
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["file"]


def test_read_only_disk(tiny_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(InputError, match="cannot be written"):
        OutputDirectory(tiny_disk / "out").__enter__()
    with pytest.raises(InputError, match="cannot be written"):
        OutputDirectory(tiny_disk).__enter__()


def test_only_results_have_a_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no result"):
        OutputDirectory(tmp_path).file("../../etc/passwd")
