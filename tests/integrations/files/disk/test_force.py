"""A run that takes an earlier one's place: until it has begun, the earlier one's files stay."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from integrations.files.disk import outdir
from integrations.files.disk.lock import LOCK
from integrations.files.disk.outdir import RESULTS, OutputDirectory, RunState, run_state
from moderator.errors import InputError

OLD = {name: f"old {name}" for name in RESULTS} | {
    "journal.jsonl": '{"kind":"opened"}\n{"kind":"percept"}\n{"kind":"closed"}\n',
    "agent.part.wav": "old part",
    "notes.txt": "mine",
}
OPENED, HEARD, CLOSED = '{"kind":"opened"}\n', '{"kind":"heard"}\n', '{"kind":"closed"}\n'


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def used(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    for name, text in OLD.items():
        (folder / name).write_text(text)
    return folder


def run(folder: Path, journal: str, error: BaseException | None = None) -> None:
    with OutputDirectory(folder, overwrite=True) as out:
        assert {path.name for path in folder.iterdir() if path.is_file()} == {LOCK, "notes.txt"}
        out.file("journal.jsonl").write_text(journal)
        (folder / "meeting.part.wav").write_text("new part")
        if error is not None:
            raise error
        out.finish({})


@pytest.mark.parametrize("error", [InputError("no model", todo="get it"), KeyboardInterrupt()])
@pytest.mark.parametrize("journal", ["", OPENED, OPENED + CLOSED, OPENED + HEARD[:-1]])
def test_a_run_that_never_began_leaves_the_earlier_one_whole(
    used: Path, journal: str, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        run(used, journal, error)
    assert contents(used) == OLD
    assert run_state(used) is RunState.FINISHED


def test_a_directory_that_was_only_looked_at_stays_as_it_was(used: Path) -> None:
    with OutputDirectory(used, overwrite=True):
        pass
    assert contents(used) == OLD


def test_a_run_that_had_begun_takes_the_place_of_the_earlier_one(used: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(used, OPENED + HEARD + CLOSED, KeyboardInterrupt())
    assert contents(used) == {
        "journal.jsonl": OPENED + HEARD + CLOSED,
        "meeting.part.wav": "new part",
        "notes.txt": "mine",
    }
    assert run_state(used) is RunState.INTERRUPTED


def test_the_earlier_one_makes_room_as_soon_as_the_new_one_has_begun(used: Path) -> None:
    def all_files() -> list[str]:
        return sorted(path.name for path in used.rglob("*") if path.is_file())

    with OutputDirectory(used, overwrite=True) as out:
        out.begun()
        assert len(all_files()) == len(OLD) + 1, "the journal says nothing yet"
        out.file("journal.jsonl").write_text(OPENED + HEARD)
        out.begun()
        out.begun()
        assert all_files() == [LOCK, "journal.jsonl", "notes.txt"]
        out.finish({})
    assert run_state(used) is RunState.FINISHED


class Killed(BaseException):
    """The process is gone: nothing after this runs."""


def killed_at(step: int, folder: Path, journal: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A forced run that is killed at its `step`-th change of a name; whether it got that far."""
    left = iter(range(step))

    def counted(change: object) -> object:
        def change_or_die(*args: object, **kwargs: object) -> object:
            if next(left, None) is None:
                raise Killed
            assert callable(change)
            return change(*args, **kwargs)

        return change_or_die

    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "unlink", "rmdir", "mkdir"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        patch.setattr(outdir, "rmtree", counted(shutil.rmtree))
        patch.setattr(OutputDirectory, "_release", lambda _: None)
        run_directory = OutputDirectory(folder, overwrite=True)
        try:
            run_directory.__enter__()
            with run_directory.file("journal.jsonl").open("w") as file:
                file.write(journal)
            run_directory.begun()
            error = InputError("fails", todo="")
            run_directory.__exit__(InputError, error, None)
        except Killed:
            return True
        finally:
            if run_directory._lock is not None:
                run_directory._lock.release()  # as the system does when a process ends
    return False


def steps() -> Iterator[int]:
    yield from range(60)


@pytest.mark.parametrize("journal", [OPENED, OPENED + HEARD])
@pytest.mark.parametrize("force", [True, False])
def test_killed_at_any_moment_one_of_the_two_runs_is_there_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str, force: bool
) -> None:
    for step in steps():
        folder = tmp_path / str(step)
        folder.mkdir()
        for name, text in OLD.items():
            (folder / name).write_text(text)
        died = killed_at(step, folder, journal, monkeypatch)
        refused: AbstractContextManager[object] = nullcontext()
        if not force:
            refused = pytest.raises(InputError, match="already holds")
        with refused, OutputDirectory(folder, overwrite=force):
            pass
        found = contents(folder)
        found.pop(LOCK, None)
        new = {"journal.jsonl": journal, "notes.txt": "mine"}
        assert found in ([OLD] if journal == OPENED else [OLD, new]), step
        if not died:
            assert step > len(RESULTS) + 3
            return
    pytest.fail("it never came to its end")
