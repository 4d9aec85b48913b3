"""What the product is made of, as a CycloneDX bill of materials.

    python -m tests.sbom OUT.json

Every locked requirement with its version, hashes and licence, and every model with the hash of each
of its files. Licences are read from what is installed here; a requirement of another platform has
none.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from moderator.models.registry import REGISTRY
from moderator.models.spec import Model

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
VERSION = SchemaVersion.V1_6


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


def bill(lock: Path = LOCK) -> Bom:
    """The bill of a lock's requirements and of the models."""
    parts = [_requirement(name, text) for name, text in pinned(lock).items()]
    parts += [_model(model) for model in REGISTRY]
    bom = Bom(components=parts)
    bom.metadata.component = Component(
        name="livekit-moderator",
        version=metadata.version("livekit-moderator"),
        type=ComponentType.APPLICATION,
        bom_ref="livekit-moderator",
    )
    bom.register_dependency(bom.metadata.component, parts)
    return bom


def as_json(bom: Bom) -> str:
    """The bill as JSON, in the order of its names."""
    return make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string(indent=2) + "\n"


def _requirement(name: str, text: str) -> Component:
    version = text.split("==", maxsplit=1)[1].split(maxsplit=1)[0]
    said = licence(name)
    purl = PackageURL("pypi", name=name, version=version)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{name}=={version}",
        purl=purl,
        hashes=[_sha256(one) for one in re.findall(r"--hash=sha256:([0-9a-f]{64})", text)],
        licenses=[DisjunctiveLicense(name=said)] if said else [],
    )


def _model(model: Model) -> Component:
    files = [
        Component(
            name=file.name,
            type=ComponentType.FILE,
            bom_ref=f"model:{model.name}/{file.name}",
            hashes=[_sha256(file.sha256)],
        )
        for file in model.files
    ]
    return Component(
        name=model.name,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model:{model.name}",
        description=model.summary,
        licenses=[DisjunctiveLicense(name=model.licence)],
        components=files,
    )


def _sha256(content: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=content)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(as_json(bill()), "utf-8")
