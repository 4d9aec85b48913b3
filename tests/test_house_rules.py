"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("moderator", "roles", "diarize", "integrations")
MOST_LINES = 400
CLOCKS = {"time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "now", "today", "utcnow"}
CLOCK_OWNERS = {ROOT / "moderator" / "timeline.py"}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in modules(*PACKAGES, "tests", "benchmarks")
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
