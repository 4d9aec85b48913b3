"""The embedded models: the registry is sound, and the installed ones are what it says."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from moderator.models.registry import EMBEDDED, REGISTRY
from moderator.models.spec import Installed, WheelMembers
from moderator.models.store import ModelStore


def test_names_are_unique_and_every_file_has_a_source() -> None:
    assert len({model.name for model in REGISTRY}) == len(REGISTRY)
    for model in REGISTRY:
        assert model.licence in {"MIT", "Apache-2.0", "CC0-1.0"}
        assert len({file.name for file in model.files}) == len(model.files)
        assert all(file.size > 0 and file.sources for file in model.files)


def test_embedded_models_need_no_hub() -> None:
    for model in EMBEDDED:
        for file in model.files:
            assert any(isinstance(source, Installed | WheelMembers) for source in file.sources)


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["silero-vad", "hibari-tts"])
def test_installed_models_have_the_pinned_hashes(name: str, tmp_path: Path) -> None:
    try:
        version(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    store = ModelStore(tmp_path, offline=True)
    found = store.verify(name)
    assert [status.state for status in found] == ["ok"] * len(store.model(name).files)
    assert store.directory(name).is_dir()
