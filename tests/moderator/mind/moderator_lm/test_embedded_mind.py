"""The default mind with the real language model; the trained parts random where that will do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from moderator.cli.app import run
from moderator.cli.models import open_store
from moderator.errors import InputError
from moderator.mind.loading import load_mind
from moderator.mind.moderator_lm import loading
from moderator.mind.moderator_lm.loading import PIN, WEIGHTS, load
from moderator.models.store import ModelStore
from roles.loader import load_role

TALK = [
    ("ana", 3.0, "So I think that we should begin with the budget for this year."),
    ("ben", 9.0, "That is a good idea, and I have some figures here with me."),
    ("ana", 16.0, "Then let us go on with the second item on the list."),
    ("ana", 25.0, "As I said, the second item is the most important one for us."),
]
ROLE = """
id: tested
summary: for tests
identity: {name: Robin, title: Project Manager}
duties: [{type: invite_quiet, quiet_for_s: 10, below_share: 0.3, every_s: 12}]
turn: {eagerness: 0.6}
"""


def record(path: Path) -> Path:
    turns = []
    for speaker, start, text in TALK:
        words = [
            {"w": word, "s": round(start + 0.3 * i, 2), "e": round(start + 0.3 * i + 0.3, 2)}
            for i, word in enumerate(text.split())
        ]
        end = words[-1]["e"]
        turns.append({"speaker": speaker, "start": start, "end": end, "text": text, "words": words})
    people = {"ana": {"role": "UI"}, "ben": {"role": "ME"}, "cleo": {"role": "ID"}}
    content = {"meeting_id": "weekly", "duration": 34.0, "moderator": ["ana"], "speakers": people}
    path.write_text(json.dumps(content | {"turns": turns}))
    return path


@pytest.fixture
def untrained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint with random parts in the place of the shipped one."""
    import torch

    from moderator.mind.moderator_lm.about import About
    from moderator.mind.moderator_lm.backbone import load_backbone
    from moderator.mind.moderator_lm.checkpoint import save
    from moderator.mind.moderator_lm.network import Network
    from moderator.mind.moderator_lm.shape import Shape
    from moderator.mind.moderator_lm.unpacked import MODEL

    store = open_store(offline=True)
    torch.manual_seed(0)
    network = Network(Shape(), load_backbone(store))
    for parameter in network.head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    path = tmp_path / "random.safetensors"
    about = About(backbone=store.model(MODEL).files[0].sha256, threshold=0.5)
    pin = path.with_suffix(".json")
    pin.write_text(json.dumps({"sha256": save(network, about, path)}))
    assert path.stat().st_size < 25 * 2**20
    monkeypatch.setattr(loading, "WEIGHTS", path)
    monkeypatch.setattr(loading, "PIN", pin)
    return path


@pytest.mark.e2e
def test_a_replay_is_timed_by_the_model_and_gives_the_same_journal_twice(
    untrained: Path, tmp_path: Path
) -> None:
    role = tmp_path / "role.yaml"
    role.write_text(ROLE)
    meeting, journals = record(tmp_path / "weekly.json"), []
    for name in ("one", "two"):
        out = tmp_path / name
        arguments = [str(meeting), "--role", str(role), "--out", str(out), "--offline"]
        assert run(["replay", *arguments]) == 0
        journals.append((out / "journal.jsonl").read_bytes())
    assert journals[0] == journals[1]
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["models"][:2] == ["duties+moderator-lm", "smollm2-135m-instruct"]
    lines = [json.loads(line) for line in journals[0].splitlines()]
    wishes = [line for line in lines if line["kind"] == "proposal" and line["act"] == "invite"]
    assert wishes
    assert all("fits" in line["cue"] and "waited_s" in line["facts"] for line in wishes)


def test_another_hash_than_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moderator.mind.moderator_lm.checkpoint import build
    from tests.moderator.mind.moderator_lm.tiny import BACKBONE

    path = tmp_path / "other.safetensors"
    path.write_bytes(b"anything")
    with pytest.raises(InputError, match="another sha256"):
        build(_backbone(BACKBONE), path, "0" * 64)


def _backbone(shape: Any) -> Any:
    from moderator.mind.moderator_lm.backbone import new_backbone

    return new_backbone(shape)


def test_missing_weights_are_said_before_a_meeting_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loading, "PIN", tmp_path / "none.json")
    out = tmp_path / "out"
    arguments = [str(record(tmp_path / "weekly.json")), "--out", str(out), "--offline"]
    assert run(["replay", *arguments, "--role", "facilitator"]) == 2
    said = capsys.readouterr().err
    assert "trained weights are missing" in said
    assert "--mind duties" in said
    assert not out.exists()
    assert run(["replay", *arguments, "--role", "observer"]) == 0


def test_a_missing_language_model_is_said_with_the_command_that_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"")
    (tmp_path / "w.json").write_text('{"sha256": "0"}')
    monkeypatch.setattr(loading, "WEIGHTS", tmp_path / "w.safetensors")
    monkeypatch.setattr(loading, "PIN", tmp_path / "w.json")
    empty = ModelStore(tmp_path / "models", offline=True)
    with pytest.raises(InputError, match="moderator models pull smollm2-135m-instruct") as caught:
        load_mind("moderator-lm", role=load_role("facilitator"), store=empty)
    assert "--mind duties" in caught.value.todo
    silent = load_mind("moderator-lm", role=load_role("observer"), store=empty)
    assert silent.capabilities.name == "duties"


@pytest.mark.e2e
@pytest.mark.skipif(not WEIGHTS.exists(), reason="this tree has no trained weights yet")
def test_the_shipped_weights_load_and_are_small() -> None:
    assert WEIGHTS.stat().st_size + PIN.stat().st_size <= 25 * 2**20
    about = load(open_store(offline=True)).about
    assert 0 < about.threshold < 1
