import os
import subprocess
import sys
from pathlib import Path

import pytest

from diarize.errors import DiarizeError

WITHOUT_EXTENSION = """
import sys, importlib.abc
import torch
torch.version.cuda = None

class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio._extension":
            raise RuntimeError("built for another torch")

sys.meta_path.insert(0, Broken())
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False
    )


def test_importing_the_package_loads_no_model_code() -> None:
    heavy = ("torch", "pyannote", "onnxruntime", "scipy")
    done = python(f"import diarize, sys; sys.exit(any(m in sys.modules for m in {heavy}))")
    assert done.returncode == 0, done.stderr


def test_a_shared_microphone_needs_neither_pyannote_audio_nor_torch() -> None:
    """But for torch, the first time: it exports the networks."""
    code = """
import sys
from moderator.ears.loading import load_diarization_models
from moderator.models.store import ModelStore
from moderator.errors import InputError
try:
    models = load_diarization_models(ModelStore.default(offline=True))
except InputError:
    sys.exit(3)
import numpy as np
models.online().push(np.zeros(160_000, np.float32))
heavy = ("torch", "pyannote", "lightning", "transformers", "asteroid_filterbanks")
print([name for name in heavy if name in sys.modules])
"""
    if python(code).returncode == 3:
        pytest.skip("no weights")
    done = python(code)
    assert done.stdout.strip() == "[]", done.stderr


def test_torchaudio_imports_beside_a_torch_it_was_not_built_for() -> None:
    broken = python(WITHOUT_EXTENSION + "import torchaudio")
    assert "built for another torch" in broken.stderr, "the simulation is a fault"
    code = """
from diarize.loading import stand_in_for_extension
stand_in_for_extension()
import torch, torchaudio.functional
from torchaudio.compliance import kaldi
print(tuple(kaldi.fbank(torch.zeros(1, 16000), num_mel_bins=80).shape))
print(tuple(torchaudio.functional.resample(torch.zeros(1, 48000), 48000, 16000).shape))
"""
    done = python(WITHOUT_EXTENSION + code)
    assert done.stdout.split("\n")[:2] == ["(98, 80)", "(1, 16000)"], done.stderr


@pytest.fixture(scope="module")
def harmful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    path: Path = tmp_path_factory.mktemp("weights") / "harmful.bin"

    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(path.with_suffix(".done")),)

    torch.save({"pyannote.audio": Harm(), "state_dict": {}}, path)
    return path


@pytest.mark.parametrize("loader", ["load_segmentation", "load_pyannote_model", "load_campplus"])
def test_a_file_that_would_run_code_is_refused_unrun(loader: str, harmful: Path) -> None:
    from diarize import loading

    with pytest.raises(DiarizeError, match="plain tensors"):
        getattr(loading, loader)(harmful)
    assert not harmful.with_suffix(".done").exists()


def test_other_files_are_refused(tmp_path: Path) -> None:
    import torch

    from diarize.loading import load_campplus, load_pyannote_model, load_segmentation

    with pytest.raises(DiarizeError, match="cannot read"):
        load_campplus(tmp_path / "none.pt")
    text = tmp_path / "text.pt"
    text.write_text("not weights", encoding="utf-8")
    with pytest.raises(DiarizeError, match="plain tensors"):
        load_campplus(text)
    other = tmp_path / "other.pt"
    torch.save({"weight": torch.zeros(2)}, other)
    with pytest.raises(DiarizeError, match="another network"):
        load_campplus(other)
    with pytest.raises(DiarizeError, match=r"not a pyannote\.audio checkpoint"):
        load_segmentation(other)
    torch.save({"pyannote.audio": {"architecture": {"module": "os", "class": "x"}}}, other)
    with pytest.raises(DiarizeError, match=r"not a pyannote\.audio checkpoint"):
        load_segmentation(other)
    with pytest.raises(DiarizeError, match=r"not a pyannote\.audio checkpoint"):
        load_pyannote_model(other)
    torch.save([1, 2], other)
    with pytest.raises(DiarizeError, match="not a checkpoint"):
        load_campplus(other)
