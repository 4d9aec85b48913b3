"""What is made of a model's files once, and kept."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from moderator.errors import InputError
from moderator.models import files
from moderator.models.store import ModelStore
from moderator.testing.models import WheelShelf, tiny_model


class Maker:
    """Writes two files, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, directory: Path) -> None:
        self.times += 1
        (directory / "weights.bin").write_bytes(b"unpacked" * 1000)
        (directory / "words.json").write_text("{}")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    shelf = WheelShelf(tmp_path)
    return ModelStore(tmp_path / "cache", [tiny_model(shelf)], download=shelf)


def test_it_is_made_once_and_hashed_once(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Maker()
    made = store.made("tiny", "unpacked", make)
    assert made == store.root / "tiny" / "unpacked"
    assert store.made("tiny", "unpacked", make) == made
    monkeypatch.setattr(files, "sha256_of", lambda path: pytest.fail(f"{path} is hashed again"))
    assert store.made("tiny", "unpacked", make) == made
    assert make.times == 1
    assert (made / "weights.bin").read_bytes() == b"unpacked" * 1000


@pytest.mark.parametrize("damage", ["changed", "missing", "digests"])
def test_what_is_not_as_it_was_made_is_made_again(store: ModelStore, damage: str) -> None:
    make = Maker()
    made = store.made("tiny", "unpacked", make)
    store.made("tiny", "unpacked", make)
    if damage == "changed":
        (made / "weights.bin").write_bytes(b"corrupt!" * 1000)
    elif damage == "missing":
        (made / "words.json").unlink()
    else:
        (made / "sha256.json").write_text('{"../weights.bin": "0"}')
    assert store.made("tiny", "unpacked", make) == made
    assert make.times == 2
    assert (made / "weights.bin").read_bytes() == b"unpacked" * 1000


@pytest.mark.parametrize("says", [b"[" * 100_000, b"\xff", b"[]", b'{"words.json": 7}'])
def test_digests_that_are_none_are_no_reason_to_trust(store: ModelStore, says: bytes) -> None:
    made = store.made("tiny", "unpacked", Maker())
    (made / "sha256.json").write_bytes(says)
    again = Maker()
    store.made("tiny", "unpacked", again)
    assert again.times == 1


def test_several_that_ask_at_once_make_it_once(store: ModelStore) -> None:
    make = Maker()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: store.made("tiny", "unpacked", make), range(4)))
    assert make.times == 1


def test_a_maker_that_fails_leaves_nothing(store: ModelStore) -> None:
    def full(directory: Path) -> None:
        Maker()(directory)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match="the disk is full"):
        store.made("tiny", "unpacked", full)
    left = {path.name for path in (store.root / "tiny").iterdir()}
    assert left <= {".unpacked.lock"}
