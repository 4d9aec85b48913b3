"""The package among LiveKit's plugins."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from livekit.agents import function_tool

from moderator.errors import InputError

ROOT = Path(__file__).parents[3]


@function_tool
async def find_date(topic: str) -> str:
    """Finds when something takes place."""
    return topic


def run(code: str) -> str:
    """What a fresh interpreter outside the checkout prints."""
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_is_found_among_the_plugins_and_the_namespaces_stay_namespaces() -> None:
    code = (
        "from livekit.agents.__main__ import _discover_and_import_plugins as discover; "
        "from livekit.agents import Plugin; found = discover(); "
        "import livekit, livekit.plugins as plugins; from livekit.plugins import moderator; "
        "name = 'livekit.plugins.moderator'; "
        "print(name in found, [one.package for one in Plugin.registered_plugins].count(name), "
        "livekit.__file__, plugins.__file__, "
        "all(hasattr(moderator, name) for name in moderator.__all__), moderator.join.__module__)"
    )
    assert run(code) == "True 1 None None True integrations.livekit.plugin"


def test_another_thread_may_import_it() -> None:
    code = (
        "import threading; found = []; "
        "run = lambda: found.append(__import__('livekit.plugins.moderator')); "
        "one = threading.Thread(target=run); one.start(); one.join(); print(len(found))"
    )
    assert run(code) == "1"


def test_the_shim_gives_all_that_the_plugin_offers() -> None:
    from integrations.livekit import namespace_shim, plugin

    assert namespace_shim.__all__ == plugin.__all__
    assert all(getattr(namespace_shim, n) is getattr(plugin, n) for n in plugin.__all__)


def test_a_role_that_a_program_made_is_reviewed_as_a_file_is() -> None:
    from integrations.livekit import plugin

    facts = {"id": "own", "summary": "x", "identity": {"name": "X"}}
    cuts_in = plugin.Role.model_validate(facts | {"duties": [{"type": "cut_in_crosstalk"}]})
    context = Mock(job=Mock(metadata=""))
    with pytest.raises(ValueError, match=r"turn.may_cut_in is not true, role own\.duties"):
        plugin.requested_role(context, cuts_in)
    with pytest.raises(ValueError, match=r"turn.may_cut_in is not true, role own\.duties"):
        plugin.DuplexModel(cuts_in, Mock(), Mock(), Mock())


def test_download_files_fetches_what_an_english_role_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from integrations.livekit.plugin import ModeratorPlugin
    from moderator.models.store import ModelStore

    pulled: list[str] = []
    monkeypatch.setattr(ModelStore, "pull", lambda _self, *names: pulled.extend(names))
    ModeratorPlugin().download_files()
    assert set(pulled) == {"silero-vad", "whisper-tiny.en", "hibari-tts"}


def test_the_wheel_adds_one_package_to_the_namespace(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling, which builds the wheel, is not installed")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    ours = {name for name in names if name.startswith("livekit/")}
    assert ours == {"livekit/plugins/moderator/__init__.py", "livekit/plugins/moderator/py.typed"}
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    folders = packages["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    missing = [
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if str(path.relative_to(ROOT)) not in names | {"integrations/livekit/namespace_shim.py"}
    ]
    assert not missing


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"turn_detector": object()}, "no turn detector is taken: .*, turn_detector, set turn.min"),
        ({"tools": [print]}, "a builtin_function_or_method is no tool of livekit-agents, tools"),
        ({"tools": [find_date]}, "tools, and a mind that calls none: duties, tools, give --mind"),
        (
            {"vad": "silero"},
            "a str is no VAD of livekit-agents, vad, give a livekit.agents.vad.VAD",
        ),
        (
            {"tools": [find_date], "mind": "openai:m", "mind_url": "http://127.0.0.1:9/v1"},
            "the role allows a tool weather, which is not there, role facilitator: tools, bring it",
        ),
    ],
)
def test_what_a_meeting_cannot_use_is_told_before_it_is_joined(
    given: dict[str, Any], told: str
) -> None:
    from integrations.livekit.plugin import join, load_role

    role = load_role("facilitator").model_copy(update={"tools": ["weather"]})
    with pytest.raises(InputError, match=f"^{told}"):
        asyncio.run(join(Mock(), role, **given))
