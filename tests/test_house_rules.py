"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.__main__ import CHECKS

ROOT = Path(__file__).parents[1]
PACKAGES = ("moderator", "roles", "diarize", "integrations")
MOST_LINES = 400
CLOCKS = {"time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "now", "today", "utcnow"}
CLOCK_OWNERS = {ROOT / "moderator" / "timeline.py"}
TEST_FOLDERS_OF_THEIR_OWN = {"integrations/livekit/rooms", "fuzz"}
"""Below `tests/`; what they test is many rooms at once, or every reader."""


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def rooms() -> Iterator[Path]:
    """The folders of the product with code in them."""
    for package in PACKAGES:
        yield from sorted({path.parent for path in modules(package)})


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in modules(*PACKAGES, "tests", "benchmarks", "examples")
        if (count := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert not long


def test_only_the_timeline_reads_a_clock() -> None:
    found = []
    for path in modules(*PACKAGES):
        if path in CLOCK_OWNERS:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in CLOCKS
                and isinstance(node.value, ast.Name)
                and node.value.id in ("time", "datetime", "date")
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_nothing_is_dumped_into_a_module_for_everything(name: str) -> None:
    assert not [path for path in modules(*PACKAGES) if name in (path.stem, path.parent.name)]


def test_a_room_says_what_it_is_for_and_hands_on_nothing() -> None:
    wrong = []
    for room in rooms():
        path = room / "__init__.py"
        tree = ast.parse(path.read_text("utf-8") if path.exists() else "")
        if not ast.get_docstring(tree):
            wrong.append(f"{path.relative_to(ROOT)} has no docstring")
        wrong += [
            f"{path.relative_to(ROOT)}:{node.lineno} is more than a docstring"
            for node in tree.body[1:]
            if room != ROOT / "moderator"
            and not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        ]
    assert not wrong


def test_the_root_hands_on_its_version_alone() -> None:
    tree = ast.parse((ROOT / "moderator" / "__init__.py").read_text("utf-8"))
    imported = [
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]
    assert imported == ["os", "__version__"]
    assert not [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def test_tests_stand_in_the_same_tree_as_the_code() -> None:
    folders = {
        str(path.parent.relative_to(ROOT / "tests")) for path in (ROOT / "tests").rglob("*.py")
    } - {"."}
    without = {folder for folder in folders if not list((ROOT / folder).glob("*.py"))}
    assert without == TEST_FOLDERS_OF_THEIR_OWN


READERS_OF_JSON = {"moderator/plain_json.py", "integrations/livekit/telling/given_json.py"}


def test_json_is_parsed_where_all_that_can_be_wrong_with_it_is_caught() -> None:
    """Python's own raises `RecursionError` as well, which is easily forgotten."""
    found = {
        str(path.relative_to(ROOT))
        for path in modules(*PACKAGES)
        if re.search(r"\bjson\.loads?\(", path.read_text("utf-8")) and "testing" not in path.parts
    }
    assert found == READERS_OF_JSON


QUOTES_NOBODY = {"NAME", "timeout_s", "error.status_code", "kind", "type(error).__name__"}
"""What may stand in the text of a mind's failure, which outlives an erasure."""


def test_a_failing_mind_quotes_nobody() -> None:
    found = []
    for path in modules("moderator/mind", "moderator/meeting", "integrations"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if not called or node.func.id != "MindError":  # type: ignore[attr-defined]
                continue
            (text,) = node.args  # type: ignore[attr-defined]
            values = text.values if isinstance(text, ast.JoinedStr) else [text]
            said = [v.value if isinstance(v, ast.FormattedValue) else v for v in values]
            if any(
                not isinstance(one, ast.Constant) and ast.unparse(one) not in QUOTES_NOBODY
                for one in said
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]
    assert not found


def test_deciding_imports_no_model() -> None:
    code = (
        "import sys; import moderator.meeting.loop, moderator.journal.rerun; "
        "import moderator.mind.duties.session; "
        "print([name for name in ('torch', 'pyannote', 'transformers', 'ctranslate2', "
        "'onnxruntime', 'openai', 'livekit') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip() == "[]"


def test_what_is_checked_before_a_commit_is_what_all_checks_begin_with() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    (only,) = YAML(typ="safe", pure=True).load(text)["repos"]
    quick = {
        name: ["python" if part == sys.executable else part for part in command]
        for name, command in CHECKS.items()
        if name not in ("tests", "rooms")
    }
    assert only["repo"] == "local"
    assert {one["id"]: shlex.split(one["entry"]) for one in only["hooks"]} == quick
    assert [one["id"] for one in only["hooks"]] == list(quick)
    for hook in only["hooks"]:  # nothing is fetched, and the whole tree is looked at
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
