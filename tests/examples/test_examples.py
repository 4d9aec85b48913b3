"""The programs in `examples/`: each is run, and does what its first lines say."""

from __future__ import annotations

import ast
import asyncio
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import cli
from livekit.plugins import moderator as plugin

from examples import livekit_app, livekit_plugins_app
from examples.journal_to_pandas import decisions, words
from examples.own_mind import Abbreviations
from examples.own_role import ROLE
from moderator.events import Act, Action, Decision, Percept, TurnEnded, WordPlayed
from moderator.journal.file import Journal
from moderator.journal.lines import Closed, Opened, read
from moderator.journal.rerun import rerun
from moderator.mind.duties.session import Duties
from moderator.mind.ensemble import Ensemble
from moderator.testing.meetings import hold_meeting, of, people, talk
from moderator.testing.scenes import free
from moderator.timeline import to_samples
from roles.loader import load_role
from roles.review import findings

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(path for path in EXAMPLES.glob("*.py") if path.name != "__init__.py")
PEOPLE = people("Ana", "Ben")


def run(name: str, argument: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a program as its first lines say."""
    program = EXAMPLES / f"{name}.py"
    monkeypatch.setattr("sys.argv", [str(program), str(argument)])
    runpy.run_path(str(program), run_name="__main__")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_is_short_and_says_how_to_run_it(program: Path) -> None:
    text = program.read_text("utf-8")
    tree = ast.parse(text)
    assert f"python examples/{program.name}" in (ast.get_docstring(tree) or "")
    assert "main" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert len(text.splitlines()) < 80
    assert "sys.path" not in text


def test_the_table_lists_every_program() -> None:
    table = (EXAMPLES / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\w+\.py)\]", table, re.MULTILINE)
    assert sorted(listed) == [program.name for program in PROGRAMS]


@pytest.mark.e2e
def test_a_meeting_is_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("replay_meeting", tmp_path / "out", monkeypatch)
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[1:3] for line in told[:-1]] == [["speak:", "answer"], ["speak:", "prompt"]]
    assert "Idris 72 percent of the talk" in told[0]
    assert told[-1].startswith("2 turns, ")
    assert (tmp_path / "out" / "report.html").is_file()
    assert rerun(tmp_path / "out" / "journal.jsonl") == []


def test_the_own_role_does_not_contradict_itself() -> None:
    assert list(findings(ROLE)) == []


@pytest.mark.e2e
def test_the_own_role_cuts_in_but_not_on_whom_it_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("own_role", tmp_path / "out", monkeypatch)
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[2].split()[:2] for line in told] == [["cut", "in"], ["time", "check"]]
    assert "Thank you, Idris." in told[0]
    decisions = [line for line in read(tmp_path / "out" / "journal.jsonl") if "inputs" in line]
    assert [one["inputs"]["holder"] for one in decisions if one["action"] == "speak"] == [
        "idris",
        None,
    ]


def test_the_own_mind_asks_once_and_only_soon_after() -> None:
    words = [
        *talk("ana", 1.0, "They have an SLA with us."),
        *talk("ben", 8.0, "The SLA is old, I think"),
        *talk("ana", 14.0, "and the RPC is slow"),
        *talk("ben", 15.2, " ".join(["well"] * 60)),  # nobody can be asked for 18 s
    ]
    role = load_role("facilitator")
    turn = role.turn.model_copy(update={"cool_down_s": 1.0, "share_ceiling": 1.0})
    role = role.model_copy(update={"turn": turn})
    mind = Ensemble(Duties(), Abbreviations())
    events = hold_meeting(role, mind, words, 40.0, participants=PEOPLE)
    acts = [one for one in of(events, Decision) if one.action is Action.SPEAK]
    assert [(one.act, one.addressee) for one in acts if one.act is Act.INVITE] == [
        (Act.INVITE, "ana")
    ]
    said = [one.heard for one in of(events, TurnEnded)]
    assert "Sorry, what does SLA stand for?" in said
    assert not any("RPC" in one for one in said)


def test_the_own_mind_forgets_who_does_not_want_to_be_heard() -> None:
    async def wishes() -> list[object]:
        session = await Abbreviations().open(load_role("facilitator"), PEOPLE)
        words = tuple(talk("ana", 1.0, "an SLA"))
        await session.push(Percept(0, 0, to_samples(3.0), words=words), free())
        before = await session.propose()
        session.forget("ana")
        return [before, await session.propose()]

    before, after = asyncio.run(wishes())
    assert before is not None
    assert after is None


@pytest.mark.e2e
def test_the_own_mind_speaks_in_a_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("own_mind", tmp_path / "out", monkeypatch)
    told = capsys.readouterr().out
    assert told.count("<v Robin>Sorry, what does SLA stand for?") == 1
    assert "<v Robin>Idris 72 percent" in told  # the duties are there as well


def test_the_app_has_its_entry_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert livekit_app.server._entrypoint_fnc is livekit_app.meeting
    assert livekit_app.server._agent_name == "moderator"
    assert livekit_plugins_app.server._entrypoint_fnc is livekit_plugins_app.meeting
    joined: list[Any] = []

    async def join(context: Any, role: Any, *, out: Path) -> dict[str, Any]:
        joined.append((role.id, out))
        return {"agent": {"turns": 0}}

    async def take(metadata: str) -> None:
        context: Any = SimpleNamespace(job=SimpleNamespace(id="AJ_1", metadata=metadata))
        await livekit_app.meeting(context)

    monkeypatch.setattr(plugin, "join", join)
    asyncio.run(take(""))
    asyncio.run(take('{"role": "scribe"}'))
    folder = Path("meetings", "AJ_1")
    assert joined == [("facilitator", folder), ("scribe", folder)]


def test_the_app_with_plugins_brings_its_own_three(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: dict[str, Any] = {}

    async def join(context: Any, **options: Any) -> dict[str, Any]:
        given.update(options)
        return {"usage": {}}

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr(plugin, "join", join)
    context: Any = SimpleNamespace(job=SimpleNamespace(id="AJ_1", metadata=""))

    async def take() -> None:
        await livekit_plugins_app.meeting(context)

    asyncio.run(take())
    kinds = [type(given[one]).__module__.rsplit(".", 1)[0] for one in ("stt", "llm", "tts")]
    assert kinds == ["livekit.plugins.openai"] * 3


def test_the_app_with_tools_brings_what_its_role_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mcp", reason="extra `mcp`")
    from examples import livekit_tools_app

    joined: list[dict[str, Any]] = []

    async def join(context: Any, **given: Any) -> dict[str, Any]:
        joined.append(given)
        return {}

    meeting: Any = livekit_tools_app.meeting
    monkeypatch.setattr(plugin, "join", join)
    context: Any = SimpleNamespace(job=SimpleNamespace(id="AJ_1", metadata=""))
    for command in ("", "python my_tools.py --all"):
        monkeypatch.setenv("TOOLS_COMMAND", command)
        asyncio.run(meeting(context))
    alone, both = joined
    assert (alone["role"].tools, alone["mcp_servers"]) == (["find_room"], [])
    assert both["role"].tools == ["find_room", "find_date"]
    assert [one.args for one in both["mcp_servers"]] == [["my_tools.py", "--all"]]
    found = asyncio.run(livekit_tools_app.find_room(people=10))
    assert found == "The library has 12 seats."


def test_the_app_runs_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[object] = []
    monkeypatch.setattr(cli, "run_app", ran.append)
    livekit_app.main()
    assert ran == [livekit_app.server]


def test_a_journal_becomes_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    role, path = load_role("facilitator"), tmp_path / "journal.jsonl"
    events = hold_meeting(
        role, Duties(), talk("ana", 1.0, "Robin, who has talked most?"), 20.0, participants=PEOPLE
    )
    journal = Journal(path)
    journal.write(Opened("made up", role.model_dump(mode="json"), {}, "Robin"))
    for event in events:
        journal.write(event)
    journal.write(Closed(to_samples(20.0), True, "the end"))
    journal.close()

    said = words(path, agent="Robin")
    spoken = of(events, WordPlayed)
    assert said["speaker"].value_counts().to_dict() == {"ana": 5, "Robin": len(spoken)}
    assert said[said["speaker"] == "ana"]["start"].tolist() == [1.0, 1.3, 1.6, 1.9, 2.2]
    made = decisions(path)
    acted = [one for one in of(events, Decision) if one.action is Action.SPEAK]
    assert (made["action"] == "speak").sum() == len(acted) > 0
    run("journal_to_pandas", path, monkeypatch)
    assert "floor_free" in capsys.readouterr().out
