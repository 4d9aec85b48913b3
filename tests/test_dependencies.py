"""What is installed is what was pinned: by hash, and under licences that somebody has looked at.

A database of known holes needs a network that tests do not have: `pip-audit -r requirements.lock`
asks one.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
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


def pinned(lock: Path) -> dict[str, str]:
    """Each requirement of a lock with the text up to the next."""
    parts = re.split(r"^(?=[A-Za-z0-9])", lock.read_text("utf-8"), flags=re.M)
    found = {}
    for part in parts:
        if not part.startswith("#") and part.strip():
            found[re.split(r"[=<>!~\[ ;@]", part, maxsplit=1)[0].lower()] = part
    return found


def licence(name: str) -> str | None:
    """What a distribution says of itself; None if it is not installed on this platform."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    listed = [one for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
    said = about.get_all("License-Expression") or listed or about.get_all("License") or [""]
    return " ".join(str(one).split("\n", maxsplit=1)[0] for one in said)


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
