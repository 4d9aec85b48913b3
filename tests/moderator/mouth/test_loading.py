from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from moderator.errors import InputError, ModelMissingError
from moderator.mouth import loading
from moderator.mouth.loading import VoiceLoader, load_voice
from roles.schema import VoiceChoice


class NoModels:
    """A store on a machine without models."""

    root = Path("store")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def directory(self, name: str) -> Path:
        self.asked.append(name)
        raise ModelMissingError(f"model {name} is missing", where="store", todo="pull it")


@pytest.mark.parametrize(
    ("choice", "known"),
    [
        (VoiceChoice(speaker="fenrir"), "heart, heart-low"),
        (VoiceChoice(backend="piper", speaker="heart"), "joe"),
    ],
)
def test_an_unknown_speaker_is_named_with_the_known_ones(
    choice: VoiceChoice, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda name: object())
    store = NoModels()
    with pytest.raises(InputError, match="has no speaker") as caught:
        load_voice(choice, store)
    assert known in caught.value.todo
    assert store.asked == []


def test_a_missing_backend_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        VoiceLoader(NoModels())(VoiceChoice(backend="piper"))
    assert "livekit-moderator[piper]" in caught.value.todo
    assert "\n" not in str(caught.value)


def test_a_voice_of_piper_that_was_not_brought_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda name: object())
    choice = VoiceChoice(backend="piper", speaker="de_DE-thorsten-medium")
    with pytest.raises(InputError, match="is not here") as caught:
        load_voice(choice, NoModels())
    assert "piper.download_voices de_DE-thorsten-medium" in caught.value.todo
    for outside in ("../de_DE-x-low", "de_DE-x-low/../..", "de_DE-x"):
        with pytest.raises(InputError, match="has no speaker"):
            load_voice(VoiceChoice(backend="piper", speaker=outside), NoModels())


def test_the_store_speaks_for_itself() -> None:
    store = NoModels()
    with pytest.raises(ModelMissingError, match="hibari-tts is missing"):
        load_voice(VoiceChoice(), store)


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    heavy = "('hibari', 'piper', 'onnxruntime', 'soxr', 'scipy', 'markdown_it')"
    modules = "loading, playout, sentences, hibari, piper, cache"
    code = (
        f"import sys; from moderator.mouth import {modules};"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
