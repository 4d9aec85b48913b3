"""Where roles come from: the library, files, text; and back to text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from roles.errors import RoleError
from roles.loader import (
    _examine_text,
    dump_role,
    examine,
    library,
    load_role,
    parse_role,
    role_text,
)
from roles.people import allows
from roles.review import findings
from roles.schema import Act, Command, Role

NEEDED = {"facilitator", "chair", "timekeeper", "interviewer", "scribe", "observer"}


def test_the_library_has_the_promised_roles() -> None:
    assert set(library()) > NEEDED
    assert library() == sorted(library())


@pytest.mark.parametrize("name", library())
def test_library_roles_load_without_as_much_as_a_note(name: str) -> None:
    examined = examine(name)
    assert examined.problems == ()
    assert examined.role is not None
    assert examined.role.id == name
    assert examined.role.instructions


def test_library_roles_behave_differently() -> None:
    """Not in their duties' parameters alone, and not in wording: in what the arbiter sees."""
    for one, other in combinations(map(load_role, library()), 2):
        turn = {key for key, value in one.turn if value != getattr(other.turn, key)}
        kinds = {duty.type for duty in one.duties} ^ {duty.type for duty in other.duties}
        assert len(turn) + len(kinds) >= 4, (one.id, other.id)


def test_what_scribe_and_observer_promise() -> None:
    observer, scribe = load_role("observer"), load_role("scribe")
    assert not observer.turn.may_speak
    assert observer.duties == []
    assert scribe.turn.only_when_addressed
    assert {duty.type for duty in scribe.duties} == {"answer", "summarise"}


def test_a_file_loads_by_path_and_by_text_of_a_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(role_text("chair"), "utf-8")
    assert load_role(file) == load_role(str(file)) == load_role("chair")


def test_a_byte_order_mark_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_bytes(b"\xef\xbb\xbf" + role_text("scribe").encode())
    assert load_role(file).id == "scribe"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"id: x\nsummary: caf\xe9\n",
            ":2:13: byte 0xe9 is not UTF-8 text, save the file as UTF-8",
        ),
        ("id: x\n".encode("utf-16"), ":1:1: byte 0xff is not UTF-8 text, save the file as UTF-8"),
        (b"a" * 1_000_000, ": is larger than 64 KiB, give the YAML file of a role"),
        (b"", ":1:1: the file is empty, begin with `id:`, `summary:` and `identity:`"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(content)
    assert [str(problem) for problem in examine(file).problems] == [f"{file}{expected}"]


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    told = {}
    for path in (tmp_path, pipe, tmp_path / "none.yaml", Path("/dev/zero"), Path("a\0.yaml")):
        with pytest.raises(RoleError) as caught:
            load_role(path)
        told[path.name] = caught.value.what
    assert list(told.values()) == [
        "is a directory",
        "is not a regular file",
        "there is no such file",
        "is not a regular file",
        "cannot be read: embedded null byte",
    ]


def test_the_package_data_is_found_without_the_source_tree(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    shutil.copytree(root / "roles", tmp_path / "roles")
    code = "import roles.loader as l; print(l.__file__, *map(l.load_role, l.library()), sep='\\n')"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    first, *others = result.stdout.splitlines()
    assert Path(first).is_relative_to(tmp_path)
    assert len(others) == len(library())


people = st.sampled_from(["everyone", "nobody"]) | st.lists(
    st.text("abé Ω'#:-", min_size=1).filter(str.strip), max_size=3
)
share = st.floats(0, 1)
seconds = st.floats(0, 86_400)
turns = st.fixed_dictionaries(
    {"may_cut_in": st.just(True)},
    optional={
        "eagerness": share,
        "minimum_gap_s": seconds,
        "share_ceiling": share,
        "max_turn_s": st.floats(1e-9, 86_400),
        "yields_to": people,
        "backchannels": st.fixed_dictionaries({"allowed": st.booleans(), "every_s": seconds}),
        "banned_acts": st.lists(st.sampled_from([Act.HAND_RAISE, Act.BACKCHANNEL]), max_size=2),
    },
)
line = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1, max_size=60
).filter(str.strip)


def _type(duty: Any) -> str:
    return str(duty["type"])


duties: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.fixed_dictionaries({"type": st.just("open"), "within_s": seconds, "purpose": line}),
    st.fixed_dictionaries({"type": st.just("end_monologue"), "cut_in": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("time_check"), "meeting_minutes": st.floats(0.5, 1440)}),
)
roles = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[a-z][a-z0-9_-]{0,39}", fullmatch=True),
        "summary": line,
        "identity": st.fixed_dictionaries({"name": line}),
        "instructions": st.text("a b:#-|>\n\t'\"é\N{GRINNING FACE}", max_size=200),
        "duties": st.lists(duties, max_size=3, unique_by=_type),
        "turn": turns,
        "authority": st.fixed_dictionaries(
            {"commands": st.dictionaries(st.sampled_from(list(Command)), people, max_size=4)}
        ),
    }
).map(Role.model_validate)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(role=roles)
def test_what_is_dumped_is_what_is_parsed(role: Role) -> None:
    text = dump_role(role)
    assert parse_role(text) == role
    assert dump_role(parse_role(text)) == text


@pytest.mark.parametrize("name", library())
def test_library_roles_survive_a_round_trip(name: str) -> None:
    assert parse_role(dump_role(load_role(name))) == load_role(name)


def test_roles_built_in_code_are_checked_too() -> None:
    fields = {"id": "x", "summary": "s", "identity": {"name": "A"}}
    with pytest.raises(ValidationError, match="two duties are named 'open'"):
        Role.model_validate({**fields, "duties": [{"type": "open"}, {"type": "open"}]})


@pytest.mark.parametrize(
    ("listed", "asked", "expected"),
    [
        ("everyone", ("?",), True),
        ("nobody", ("ana",), False),
        (["Ana", "dr lee"], ("ANA",), True),
        (["Ana", "Dr Lee"], ("p-17", "dr lee "), True),
        (["Ana"], ("p-17", "Ben"), False),
        (["Jose\u0301"], ("jos\N{LATIN SMALL LETTER E WITH ACUTE}",), True),
        (["STRASSE"], ("straße",), True),
        ([], ("ana",), False),
        (["ana"], ("", " "), False),
        (["everyone"], ("ana",), False),
    ],
)
def test_who_is_meant(listed: list[str] | str, asked: tuple[str, ...], expected: bool) -> None:
    assert allows(listed, *asked) is expected  # type: ignore[arg-type]  # words come as text here


def test_notes_do_not_stop_a_role_from_loading() -> None:
    text = (
        "id: x\nsummary: s\nidentity: {name: A, aliases: [a]}\ninstructions: Speak.\n"
        "turn: {silence_patience_s: 3, yields_to: [everyone], max_turn_s: 1}\n"
        "authority: {commands: {hush: everyone}}\nthought: {journal: true}\n"
        "duties: [{type: time_check, meeting_minutes: 5, minutes_left: [7]},\n"
        "         {type: close, meeting_minutes: 6}]\n"
    )
    assert parse_role(text).id == "x"
    told = [f"{p.line}:{p.column} {p.what}" for p in _examine_text(text, "f").problems]
    assert told == [
        "3:21 an alias repeats the name",
        "5:8 turn.silence_patience_s has no effect without a duty 'break_silence'",
        "5:31 [everyone] means a person named everyone",
        "5:54 a turn of 1 s ends before a sentence does",
        "6:13 nobody may end a hush, so it lasts until the meeting ends",
        "7:11 there are no thoughts to journal",
        "8:1 duties disagree on the meeting's minutes: 5 (time_check) and 6 (close)",
        "8:49 7 minutes are never left of 5",
    ]


def test_tools_are_named_as_models_can_call_them_and_need_a_duty_to_answer() -> None:
    head = "id: x\nsummary: s\nidentity: {name: A}\ninstructions: be kind\n"
    role = parse_role(head + "tools: [find_date]\n", "f.yaml")
    assert role.tools == ["find_date"]
    told = [finding.what for finding in findings(role)]
    assert "tools have no effect, as the role has no duty to answer" in told
    with pytest.raises(RoleError, match=r"f\.yaml:5:9"):
        parse_role(head + "tools: [two words]\n", "f.yaml")
