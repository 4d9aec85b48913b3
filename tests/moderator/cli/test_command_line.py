"""The command line as users meet it: a process, its exit code, one line on stderr."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

HEAVY = ("torch", "pyannote", "transformers", "ctranslate2", "faster_whisper", "openai")
RUN = "from moderator.cli.entry import main; main()"

PLUGIN = """
import time, errno, os
import typer

def slow() -> None:
    '''Sleep.'''
    print("started", flush=True)
    time.sleep(60)

def fail(how: str) -> None:
    '''Fail in a certain way.'''
    from moderator.errors import InputError

    class RoleFileError(ValueError):
        what, where, todo = "unknown key", "role.yaml:3:1", "remove it"

    if how == "input":
        raise InputError("bad\\nthing \\x1b[31m", where="line 3", todo="mend it")
    if how == "role":
        raise RoleFileError
    if how == "disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/journal.jsonl")
    if how == "long":
        raise InputError("x" * 100_000, todo="shorten it")
    raise RuntimeError("nobody foresaw this")

def bar() -> None:
    '''Show progress.'''
    from moderator.cli.console import loading, progress

    with progress("counting sheep", 3) as advance, loading() as begin:
        begin("the sheepdog")
        advance(3)

tree = typer.Typer(help="A tree of commands.")

@tree.command()
def leaf() -> None:
    print("leaf")

@tree.command()
def twig() -> None:
    print("twig")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment with an empty cache, and a distribution that adds commands."""
    site = tmp_path / "site"
    info = site / "plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    names = ("slow", "fail", "bar", "tree")
    points = [f"{name} = moderator_test_plugin:{name}" for name in names]
    points.append("broken = no_such_module:command")
    (info / "entry_points.txt").write_text("[moderator.commands]\n" + "\n".join(points))
    (site / "moderator_test_plugin.py").write_text(PLUGIN)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("MODERATOR_")},
        "PYTHONPATH": str(site),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "COLUMNS": "200",
    }


def moderator(
    environment: dict[str, str], *arguments: str, code: str = RUN
) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def assert_one_error(done: subprocess.CompletedProcess[str], start: str, code: int = 2) -> None:
    assert done.returncode == code
    assert done.stderr.startswith(f"error: {start}"), done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_help_lists_the_commands_and_imports_nothing_heavy(environment: dict[str, str]) -> None:
    code = (
        "import sys\nfrom moderator.cli.app import run\ncode = run(['--help'])\n"
        f"print('heavy', sorted(set({HEAVY!r}) & set(sys.modules)))\nsys.exit(code)"
    )
    done = moderator(environment, code=code)
    assert done.returncode == 0, done.stderr
    listed = [line.split()[0] for line in done.stdout.split("Commands:")[1].splitlines() if line]
    assert listed[:5] == ["demo", "replay", "convert", "join", "serve"]
    assert "heavy []" in done.stdout


def test_no_arguments_show_the_help_and_version_answers(environment: dict[str, str]) -> None:
    assert "Usage: moderator" in moderator(environment).stdout
    done = moderator(environment, "--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "moderator")


def test_a_plug_in_may_be_a_function_or_an_app(environment: dict[str, str]) -> None:
    assert moderator(environment, "tree", "leaf").stdout == "leaf\n"
    shown = moderator(environment, "tree", "--help").stdout
    assert "A tree of commands." in shown
    assert "completion" not in shown


def test_a_plug_in_that_does_not_import_is_a_note(environment: dict[str, str]) -> None:
    done = moderator(environment, "--help")
    assert done.returncode == 0
    assert re.search(r"broken +\(not available: ModuleNotFoundError", done.stdout)
    done = moderator(environment, "broken", "--option", "x")
    assert_one_error(done, "this command could not be loaded, moderator broken: ModuleNotFound")


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["nonsense"], "No such command 'nonsense', moderator, see `moderator --help`"),
        (["--nonsense"], "No such option: --nonsense, moderator, see"),
        (["models"], "Missing command, moderator models, see"),
        (["models", "pull"], "name models, or give --all, moderator models pull"),
        (["models", "path"], "Missing argument"),
        (["models", "path", "whisper-bas"], "unknown model 'whisper-bas'"),
        (["models", "pull", "--all", "--from", "/nowhere"], "not a directory, /nowhere"),
        (
            ["models", "path", "whisper-base", "--offline"],
            "model whisper-base is not on this machine",
        ),
        (["models", "verify", "whisper-base"], "not as registered, whisper-base/config.json"),
        (["fail", "input"], "bad thing \N{REPLACEMENT CHARACTER}[31m, line 3, mend it\n"),
        (["fail", "role"], "unknown key, role.yaml:3:1, remove it\n"),
        (["fail", "disk"], "the disk is full, out/journal.jsonl, free some space"),
        (["fail", "long"], "xxx"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    arguments: list[str], start: str, environment: dict[str, str]
) -> None:
    done = moderator(environment, *arguments)
    assert_one_error(done, start)
    assert len(done.stderr) < 3000


def test_internal_error_keeps_its_traceback_for_those_who_ask(environment: dict[str, str]) -> None:
    done = moderator(environment, "fail", "oddly")
    assert_one_error(done, "internal: RuntimeError: nobody foresaw this, set MODERATOR_DEBUG=1", 70)
    done = moderator({**environment, "MODERATOR_DEBUG": "1"}, "fail", "oddly")
    assert done.returncode == 70
    assert "Traceback" in done.stderr


def test_interrupt_is_one_word_and_130(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", RUN, "slow"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (130, "interrupted\n")


def test_a_reader_that_stops_early_is_no_error(environment: dict[str, str]) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", RUN, "models", "list", "--json"]
    done = subprocess.run(
        command, env=environment, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_progress_is_drawn_on_a_terminal_only(environment: dict[str, str]) -> None:
    assert moderator(environment, "bar").stderr == "loading the sheepdog\n"
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", RUN, "bar"]
    subprocess.run(command, env={**environment, "TERM": "xterm"}, stderr=theirs, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        shown = terminal.read(65_536)
    assert b"counting sheep" in shown
    assert b"loading the sheepdog" in shown


def test_models_list_for_machines(environment: dict[str, str]) -> None:
    done = moderator(environment, "models", "list", "--json")
    listed = {model["name"]: model for model in json.loads(done.stdout)}
    assert listed["whisper-base"]["present"] is False
    assert listed["whisper-base"]["licence"] == "MIT"
    assert len(listed["whisper-base"]["files"]) == 4


def test_models_come_from_a_directory_and_a_wrong_one_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "usb/campplus-zh-en"
    folder.mkdir(parents=True)
    (folder / "campplus_cn_en_common.pt").write_bytes(b"not these")
    arguments = ["models", "pull", "campplus-zh-en", "--offline", "--from", str(folder.parent)]
    done = moderator(environment, *arguments)
    assert_one_error(done, "wrong sha256 for campplus-zh-en/campplus_cn_en_common.pt")
    assert not list((tmp_path / "cache").rglob("*.pt"))
