"""The embedded mind computes in what its processor is quick at, and in the same each time."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from moderator.mind.moderator_lm import number_type as module
from moderator.mind.moderator_lm.number_type import faster, number_type
from moderator.models.store import ModelStore
from tests.moderator.mind.moderator_lm.test_embedded_mind import ROLE, record

CPU = torch.device("cpu")
OLD = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
"""Let a newer processor be taken for one without instructions for bfloat16."""


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What measuring will say, one after the other."""
    coming = ["float32", "bfloat16", "float32"]
    monkeypatch.setattr(module, "faster", lambda: coming.pop(0))
    return coming


def test_what_was_measured_is_kept(tmp_path: Path, answers: list[str]) -> None:
    kept = [number_type(ModelStore(tmp_path), CPU) for _ in range(3)]
    assert kept == 3 * [torch.float32]
    assert len(answers) == 2


def test_another_processor_is_measured_by_itself(
    tmp_path: Path, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert number_type(ModelStore(tmp_path), CPU) is torch.float32
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX")
    assert number_type(ModelStore(tmp_path), CPU) is torch.bfloat16
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    assert number_type(ModelStore(tmp_path), CPU) is torch.float32
    assert len(answers) == 1


def test_a_cache_that_cannot_be_written_is_no_hindrance(tmp_path: Path, answers: list[str]) -> None:
    (tmp_path / "file").write_text("no directory")
    assert number_type(ModelStore(tmp_path / "file"), CPU) is torch.float32
    assert len(answers) == 2


def test_graphics_processors_are_not_asked(tmp_path: Path, answers: list[str]) -> None:
    assert number_type(ModelStore(tmp_path), torch.device("cuda")) is torch.bfloat16
    assert len(answers) == 3


def test_it_is_one_of_the_two() -> None:
    assert faster() in {"bfloat16", "float32"}


@pytest.mark.e2e
@pytest.mark.skipif(platform.machine() != "x86_64", reason="of Intel's and AMD's processors")
def test_on_a_processor_without_bfloat16_it_decides_the_same(tmp_path: Path) -> None:
    role = tmp_path / "role.yaml"
    role.write_text(ROLE)
    meeting = record(tmp_path / "weekly.json")
    decided = {}
    for name, more in (("here", {}), ("old", OLD)):
        out = tmp_path / name
        command = [sys.executable, "-m", "moderator", "replay", str(meeting), "--role", str(role)]
        command += ["--out", str(out), "--offline"]
        subprocess.run(command, check=True, env={**os.environ, **more}, capture_output=True)
        lines = (out / "journal.jsonl").read_text().splitlines()
        decided[name] = [
            (line["at"], line["action"], line["reason"])
            for line in map(json.loads, lines)
            if line["kind"] == "decision"
        ]
    assert json.loads((tmp_path / "old" / "summary.json").read_text())["number_type"] == "float32"
    assert decided["old"] == decided["here"]
