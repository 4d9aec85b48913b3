"""What is installed is what was pinned: by hash, and under licences that somebody has looked at.

A database of known holes needs a network that tests do not have: `pip-audit -r requirements.lock`
asks one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cyclonedx.validation.json import JsonStrictValidator

from moderator.models.registry import REGISTRY
from tests import sbom
from tests.sbom import ROOT, licence, pinned

LOCKS = (ROOT / "requirements.lock", ROOT / "docker" / "requirements.lock")

FREE = re.compile(
    r"(Apache|BSD|0BSD|MIT|ISC|MPL|Mozilla|PSF|Python Software Foundation|Zlib|CC0|CNRI)", re.I
)

LOOKED_AT = {
    "soxr": "LGPL, linked as a library of its own",
    "piper-tts": "GPL, an extra that is installed on wish alone, and no part of the image",
    "httpx2-jsfetch": "for browsers alone, not installed here",
    "livekit-local-inference": "Apache; the weights inside have a licence of LiveKit's own",
}
"""Others, and why they may be there. NVIDIA's are torch's own choice for GPUs."""

UNSAID = ("pyannote", "cuda-toolkit", "torch-audiomentations", "primepy", "asteroid")
"""How names begin of distributions whose metadata has no licence; their repositories have."""


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_requirement_is_one_version_with_hashes(lock: Path) -> None:
    found = pinned(lock)
    assert len(found) > 100
    for name, text in found.items():
        assert re.match(r"[\w.\-]+(\[[\w,\-]+\])?==[\w.+!]+", text), name
        assert "--hash=sha256:" in text, name


def test_licences_are_known() -> None:
    unknown = {}
    for name in pinned(LOCKS[0]):
        if name in LOOKED_AT or name.startswith(("nvidia-", *UNSAID)):
            continue
        said = licence(name)
        if said is None:
            continue
        if not FREE.search(said) or re.search(r"GPL|Proprietary", said):
            unknown[name] = said
    assert not unknown, "look at these licences, and say so in LOOKED_AT"


def test_nothing_is_excused_that_is_gone() -> None:
    assert set(LOOKED_AT) <= set(pinned(LOCKS[0]))


def test_the_bill_of_materials_names_all_of_it() -> None:
    bill = sbom.bill()
    text = sbom.as_json(bill)
    assert JsonStrictValidator(sbom.VERSION).validate_str(text) is None
    content = json.loads(text)
    libraries, models = (
        {one["name"]: one for one in content["components"] if one["type"] == kind}
        for kind in ("library", "machine-learning-model")
    )
    for name in pinned(LOCKS[0]):
        found = libraries[name]
        assert found["purl"] == f"pkg:pypi/{name}@{found['version']}"
        assert found["hashes"], name
    assert libraries["torch"]["licenses"]
    for model in REGISTRY:
        files = {one["name"]: one["hashes"] for one in models[model.name]["components"]}
        for file in model.files:
            assert files[file.name] == [{"alg": "SHA-256", "content": file.sha256}]
