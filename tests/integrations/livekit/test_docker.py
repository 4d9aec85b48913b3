"""The container files name only what the command line knows; docker itself is not needed."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from moderator.cli.app import app

FOLDER = Path(__file__).parents[3] / "docker"
ROOT = FOLDER.parent
OTHERS = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OMP_NUM_THREADS", "PYTHONUNBUFFERED", "PATH"}
"""Read by libraries or the shell."""

OURS = {"MODERATOR_OFFLINE"}
"""Read by the model store."""


def compose() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((FOLDER / "compose.yaml").read_text("utf-8"))
    return found


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments."""
    text = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text("utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line]


def parse(arguments: list[str]) -> Any:
    """The command that a line calls, its options parsed but not run; and its context."""
    group: Any = typer.main.get_command(app)
    command = group.get_command(None, arguments[0])
    assert command is not None, arguments
    rest = arguments[1:]
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    return command, command.make_context(arguments[0], list(rest))


def variables(command: Any) -> set[str]:
    return {option.envvar for option in command.params if getattr(option, "envvar", None)}


def test_the_workers_command_is_one_that_we_have() -> None:
    worker = compose()["services"]["worker"]
    command, context = parse(worker["command"])
    assert context.params["rooms"] == 4
    assert set(worker["environment"]) <= variables(command) | OTHERS
    assert worker["environment"].keys() >= {"LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"}
    volumes = dict(volume.split(":")[:2] for volume in worker["volumes"])
    assert str(context.params["out"]) == volumes["meetings"]
    assert set(volumes) <= set(compose()["volumes"])


def test_paths_and_ports_agree() -> None:
    services = compose()["services"]
    build = services["worker"]["build"]
    context = (FOLDER / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()
    source, target, _ = services["livekit"]["volumes"][0].split(":")
    assert (FOLDER / source).is_file()
    assert services["livekit"]["command"] == ["--config", target]
    config = YAML(typ="safe").load((FOLDER / source).read_text("utf-8"))
    assert f":{config['port']}}}" in services["worker"]["environment"]["LIVEKIT_URL"]
    metrics = services["worker"]["environment"]["MODERATOR_METRICS_PORT"]
    assert dict(pairs())["MODERATOR_METRICS_PORT"] in metrics


def pairs() -> list[tuple[str, str]]:
    """What ENV sets."""
    words = [word for name, rest in instructions() if name == "ENV" for word in shlex.split(rest)]
    return [(word.split("=", 1)[0], word.split("=", 1)[1]) for word in words]


def test_the_image_runs_our_commands_as_nobody_special() -> None:
    steps = instructions()
    entry = [json.loads(rest) for name, rest in steps if name == "ENTRYPOINT"]
    assert entry == [["moderator"]]
    command, context = parse(json.loads(next(rest for name, rest in steps if name == "CMD")))
    assert str(context.params["out"]) in [rest for name, rest in steps if name == "VOLUME"]
    for name, rest in steps:
        if name == "RUN" and rest.startswith("moderator "):
            parse(shlex.split(rest)[1:])
    last_user = [rest for name, rest in steps if name == "USER"][-1]
    assert last_user not in ("root", "0")
    known = variables(command) | OTHERS | OURS
    assert {name for name, _ in pairs() if not name.startswith("PIP_")} <= known


def test_versions_are_pinned_and_sources_exist() -> None:
    steps = instructions()
    images = [rest.split(" ")[0] for name, rest in steps if name == "FROM"]
    images.append(compose()["services"]["livekit"]["image"])
    assert all(re.search(r":v?\d+\.\d+\.\d+", image) for image in images), images
    copied = [
        source
        for name, rest in steps
        if name == "COPY" and "--from" not in rest
        for source in rest.split(" ")[:-1]
    ]
    assert all((ROOT / source).exists() for source in copied)
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").split()
    assert {f"!{source}" for source in copied} == {one for one in ignored if one.startswith("!")}


def pins(lock: Path) -> set[str]:
    """``name==version`` of all that a lock holds."""
    return set(re.findall(r"^([a-z0-9-]+==[^ ]+)", lock.read_text("utf-8"), re.M))


def test_the_image_installs_what_a_worker_needs_in_the_versions_that_are_tested() -> None:
    image = pins(FOLDER / "requirements.lock")
    assert image <= pins(ROOT / "requirements.lock")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["livekit"], "hatchling"]
    names = {re.split(r"[^a-z0-9.-]", one, maxsplit=1)[0].replace(".", "-") for one in needed}
    locked = {pin.partition("==")[0] for pin in image}
    assert names <= locked
    # What is only for development may need a compiler, which the image does not have.
    assert not locked & {"meeteval", "pytest", "playwright"}


def test_the_server_is_the_one_that_tests_run_against() -> None:
    tested = re.search(r"^livekit=(v\S+)$", (ROOT / ".ci/run").read_text("utf-8"), re.M)
    assert tested is not None
    assert compose()["services"]["livekit"]["image"].endswith(f":{tested[1]}")


@pytest.mark.parametrize("name", ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"])
def test_there_are_no_default_keys(name: str) -> None:
    assert compose()["services"]["worker"]["environment"][name] == f"${{{name}:?}}"
