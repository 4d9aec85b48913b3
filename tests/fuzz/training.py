"""Readers of what `moderator learn` keeps on the disk between its steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fuzz.models import kept_network, network
from tests.fuzz.mutations import Form
from tests.fuzz.target import Target

if TYPE_CHECKING:
    from torch import Tensor


def _prepared(folder: Path) -> Sequence[bytes]:
    from integrations.files.bench.records import to_bench
    from integrations.files.transcripts.records import parse_record
    from moderator.learn.prepared import prepare, write
    from tests.fuzz.transcripts import RECORD

    meeting = to_bench(parse_record(json.dumps(RECORD), folder / "x.json"))
    path = folder / "one.safetensors"
    write(prepare(meeting, kept_network(), lambda text: [one % 300 for one in text.encode()]), path)
    return [path.read_bytes()]


def _read_prepared(data: bytes, folder: Path) -> None:
    from moderator.learn.prepared import read_all

    (folder / "one.safetensors").write_bytes(data)
    read_all(folder)


def _heard(folder: Path) -> Sequence[bytes]:
    import torch

    from moderator.learn import intermediate
    from moderator.learn.heard_meeting import HeardMeeting

    numbers = [torch.arange(4) for _ in range(4)]
    made = HeardMeeting(torch.zeros(2, 3, 6).half(), *numbers)
    intermediate.write(made, folder / "one.safetensors", "source")
    return [(folder / "one.safetensors").read_bytes()]


def _read_heard(data: bytes, folder: Path) -> None:
    from moderator.learn import intermediate
    from moderator.learn.heard_meeting import HeardMeeting

    (folder / "one.safetensors").write_bytes(data)
    found = intermediate.read(HeardMeeting, folder / "one.safetensors", "source")
    assert found is None or isinstance(found, HeardMeeting)


def _safetensors(tensors: dict[str, Tensor], about: dict[str, str]) -> bytes:
    from safetensors.torch import save

    return save({name: one.detach().contiguous() for name, one in tensors.items()}, about)


def _settings(folder: Path) -> Sequence[bytes]:
    from moderator.learn.run import Settings

    return [Settings(meetings=("a", "b")).model_dump_json(indent=1).encode()]


def _words(folder: Path) -> Sequence[bytes]:
    from moderator.mind.moderator_lm.checkpoint import trained

    return [_safetensors(trained(network()), {"step": "17"})]


def _trees(folder: Path) -> Sequence[bytes]:
    import torch

    leaf = torch.tensor([[[1, 1, 2]]] * 4)
    right = torch.tensor([[[2, 1, 2]]] * 4)
    parts = {"column": leaf * 0, "left": leaf, "right": right}
    numbers = {"threshold": leaf.double(), "value": leaf.double(), "base": torch.zeros(4).double()}
    return [_safetensors(parts | numbers, {})]


def _thoughts(folder: Path) -> Sequence[bytes]:
    made = network().learn_to_think().state_dict()
    return [_safetensors(made, {"thought": json.dumps({"words": "0" * 64, "settings": {}})})]


def _run(changed: str, data: bytes, folder: Path) -> None:
    """A run's directory with one file changed."""
    from moderator.learn.run import TREES, WORDS, load_run
    from moderator.learn.thought_run import FILE, load_thoughts

    whole = {"settings.json": _settings, WORDS: _words, TREES: _trees, FILE: _thoughts}
    for name, seeds in whole.items():
        content = data if name == changed else seeds(folder)[0]
        (folder / name).write_bytes(content)
    made = network()
    load_run(made, folder)
    load_thoughts(made, folder)


def _alignments(folder: Path) -> Sequence[bytes]:
    from moderator.learn.align_stage import AlignSettings

    known = {**AlignSettings().model_dump(), "meetings": ["a", "b"], "made_of": "[]"}
    return [json.dumps(known, indent=1).encode()]


def _alignment(data: bytes, folder: Path) -> None:
    from moderator.learn.align_run import SETTINGS, claim, learned_from

    (folder / SETTINGS).write_bytes(data)
    learned_from(folder)
    claim(folder, {"window": 12})


def _projectors(folder: Path) -> Sequence[bytes]:
    return [_safetensors(network().projector.state_dict(), {"aligned": "{}"})]


def _projector(data: bytes, folder: Path) -> None:
    from moderator.learn.align_run import load_projector

    (folder / "one.safetensors").write_bytes(data)
    load_projector(kept_network(), folder / "one.safetensors")


TARGETS: Final = (
    Target("prepared meeting", Form.BYTES, _prepared, _read_prepared),
    Target("heard meeting", Form.BYTES, _heard, _read_heard),
    *(
        Target(f"run's {name}", form, seeds, partial(_run, name))
        for name, form, seeds in (
            ("settings.json", Form.JSON, _settings),
            ("words.safetensors", Form.BYTES, _words),
            ("trees.safetensors", Form.BYTES, _trees),
            ("thought.safetensors", Form.BYTES, _thoughts),
        )
    ),
    Target("alignment", Form.JSON, _alignments, _alignment),
    Target("projector", Form.BYTES, _projectors, _projector),
)
