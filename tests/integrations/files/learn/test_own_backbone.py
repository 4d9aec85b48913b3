"""A language model of one's own: prepared for, trained on, exported and run with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moderator.cli import app
from moderator.cli.models import open_store
from moderator.mind.moderator_lm.loading import load
from moderator.mind.moderator_lm.own_backbone import OwnBackbone, shape_for
from tests.moderator.mind.moderator_lm.llamas import llama
from tests.moderator.mind.moderator_lm.tiny import BACKBONE


def language_model(directory: Path, vocabulary: str = " abcdefghijklmnopqrstuvwxyz") -> Path:
    """A tiny Llama with a tokenizer of letters, as anybody's would lie in a directory."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split
    from transformers import PreTrainedTokenizerFast

    letters = {letter: index for index, letter in enumerate(["?", *vocabulary])}
    tokenizer = Tokenizer(WordLevel(letters, unk_token="?"))
    tokenizer.pre_tokenizer = Split(Regex("."), "isolated")
    llama(BACKBONE).save_pretrained(directory)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)  # type: ignore[no-untyped-call]
    fast.save_pretrained(directory)
    return directory


def record(path: Path, seed: int) -> Path:
    """Two people, one of whom speaks after every second turn of the other."""
    turns = []
    for index in range(30):
        start = 6.0 * index + (seed * 0.37 + index * 1.3) % 2
        words = [
            {"w": w, "s": round(start + 0.5 * i, 2), "e": round(start + 0.5 * i + 0.4, 2)}
            for i, w in enumerate(("well", "then", "let", "us", "see", "what", "we", "have"))
        ]
        turns.append(
            {
                "speaker": ("ana", "ben", "ben")[index % 3],
                "start": start,
                "end": words[-1]["e"],
                "text": " ".join(str(word["w"]) for word in words),
                "words": words,
            }
        )
    people = {"ana": {"role": "PM"}, "ben": {"role": "UI"}}
    content = {"meeting_id": path.stem, "duration": 182.0, "moderator": ["ana"], "speakers": people}
    path.write_text(json.dumps(content | {"turns": turns}))
    return path


def learn(*arguments: object) -> int:
    return app.run(["learn", *map(str, arguments)])


@pytest.mark.e2e
def test_all_of_learning_on_another_language_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = language_model(tmp_path / "llama")
    taught, tuned = record(tmp_path / "one.json", 1), record(tmp_path / "two.json", 2)
    ready, held_out, run = tmp_path / "ready", tmp_path / "held_out", tmp_path / "run"
    weights = tmp_path / "own.safetensors"
    settings = ["--floor-epochs", 1, "--epochs", 1, "--trees", 2, "--batch", 1]
    assert learn("prepare", taught, "--out", ready, "--backbone", own, "--jobs", 1) == 0
    assert learn("prepare", tuned, "--out", held_out, "--backbone", own, "--jobs", 1) == 0
    assert learn("train", ready, "--run", run, *settings) == 0
    for name, real in {"seen": taught, "unseen": tuned}.items():
        made, plays = tmp_path / f"{name}-records", tmp_path / name
        assert learn("role-play", real, "--out", made, "--role", "observer") == 0
        assert learn("prepare", made, "--out", plays, "--backbone", own, "--jobs", 1) == 0
    export = ["export", run, "--tune", held_out, "--out", weights, "--plays"]
    capsys.readouterr()
    assert learn(*export, tmp_path / "seen") == 2
    assert "some of these were trained on" in capsys.readouterr().err
    assert learn(*export, held_out) == 2
    assert "nobody plays a role in 'two'" in capsys.readouterr().err
    assert learn(*export, tmp_path / "unseen") == 0

    loaded = load(open_store(offline=True), weights)
    assert list(loaded.about.roles) == ["Observer"]
    assert "Observer 0." in (tmp_path / "MODEL_CARD.md").read_text()
    assert loaded.network.shape.backbone.hidden == BACKBONE.hidden
    assert loaded.about.backbone == OwnBackbone.at(own).sha256
    assert loaded.encode("ab") == [2, 3]
    out = tmp_path / "bench.json"
    minds = f"moderator-lm:{weights}"
    command = ["bench", str(tuned), "--minds", minds, "--protocol", "stream", "--json", str(out)]
    assert app.run([*command, "--threshold", "0.5"]) == 0
    assert "moderator-lm" in out.read_text()

    capsys.readouterr()
    embedded = tmp_path / "embedded"
    assert learn("prepare", tuned, "--out", held_out, "--jobs", 1) == 2
    assert "prepared for another language model" in capsys.readouterr().err
    assert learn("prepare", tuned, "--out", embedded, "--jobs", 1) == 0
    capsys.readouterr()
    assert learn("eval", run, embedded) == 2
    assert "prepared for another language model" in capsys.readouterr().err

    language_model(own, " zyxwvutsrqponmlkjihgfedcba")
    assert app.run([*command, "--threshold", "0.5"]) == 2
    error = capsys.readouterr().err
    assert "another language model than the one that was learned with" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({}, "no language model in it"),
        ({"model_type": "gpt2"}, "not a language model that can be used"),
    ],
)
def test_what_is_no_language_model_is_refused(
    change: dict[str, str], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "llama"
    own.mkdir()
    if change:
        config = language_model(own) / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | change))
    taught = record(tmp_path / "one.json", 1)
    command = ["prepare", taught, "--out", tmp_path / "ready", "--backbone", own, "--jobs", 1]
    capsys.readouterr()  # writing the model shows its own progress
    assert learn(*command) == 2
    error = capsys.readouterr().err
    assert what in error
    assert error.count("\n") == 1


def test_the_sizes_are_read_off_the_configuration(tmp_path: Path) -> None:
    backbone, _ = OwnBackbone.at(language_model(tmp_path / "llama")).load()
    shape = shape_for(backbone.shape)
    assert shape.backbone == BACKBONE
    assert (shape.enter, shape.depth) == (1, 2)
