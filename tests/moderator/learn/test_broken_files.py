"""Files of a training run that are no JSON, or JSON of another kind, are told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from moderator.errors import InputError
from moderator.learn import prepared
from moderator.learn.align_run import SETTINGS, claim, learned_from
from moderator.learn.run import read_settings

BROKEN = [
    b"",
    b"no",
    b"[]",
    b"{}",
    b"\xff",
    b"[" * 100_000,
    b'{"window": 1e999, "meetings": []}',
    b'{"window": ' + b"9" * 5000 + b', "meetings": []}',
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_settings(tmp_path: Path, content: bytes) -> None:
    for name in (SETTINGS, "settings.json"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="not an alignment"):
        learned_from(tmp_path)
    with pytest.raises(InputError, match="begun with other settings"):
        claim(tmp_path, {"window": 12})
    if content != b"{}":
        with pytest.raises(InputError, match="not a training run"):
            read_settings(tmp_path)


def test_a_prepared_meeting_about_which_deep_brackets_are_said(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"lengths": torch.zeros(1)}, path, {"about": "[" * 100_000})
    with pytest.raises(InputError, match="not a prepared meeting"):
        prepared.read(path)
