"""Roles that JSON or a program gives are held to what a role's file is held to."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from roles.errors import Problem, RoleError
from roles.loader import library, load_role, parse_role, review_role, role_from_values
from roles.schema import Identity, Role, TurnPolicy

HEAD: dict[str, Any] = {"id": "x", "summary": "s", "identity": {"name": "A"}}


def mistakes(data: object) -> list[str]:
    with pytest.raises(RoleError) as caught:
        role_from_values(data, "metadata: role")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"turn": {"may_speak": "no"}},
            "metadata: role.turn.may_speak: may_speak must be true or false, not 'no', "
            "did you mean false?",
        ),
        (
            {"consent": {"opt_out": 1}},
            "metadata: role.consent.opt_out: opt_out must be true or false, not 1",
        ),
        (
            {"turn": {"max_turn_s": "30"}},
            "metadata: role.turn.max_turn_s: max_turn_s must be a number above 0 and up to 86400, "
            "not '30', remove the quotes",
        ),
        (
            {"turn": {"cool_down_s": True}},
            "metadata: role.turn.cool_down_s: cool_down_s must be a number from 0 to 86400, "
            "not true",
        ),
        (
            {"thought": {"tokens": 3.0}},
            "metadata: role.thought.tokens: tokens must be a whole number from 1 to 4096, not 3",
        ),
        (
            {"turn": {"eagernes": 1}},
            "metadata: role.turn.eagernes: unknown key 'eagernes' in turn, "
            "did you mean 'eagerness'?",
        ),
        (
            {"turn": {"share_ceiling": math.nan}},
            "metadata: role.turn.share_ceiling: share_ceiling must be a number from 0 to 1, "
            "not nan",
        ),
        (
            {"turn": {"share_ceiling": 10**400}},
            "metadata: role.turn.share_ceiling: share_ceiling must be a number from 0 to 1, "
            "not a very large number",
        ),
        (
            {"duties": [{"type": "answer"}, {"type": "cut_in_crosstalk"}]},
            "metadata: role.duties[1].type: duty 'cut_in_crosstalk' cuts in, "
            "but turn.may_cut_in is not true, set turn.may_cut_in: true or remove the duty",
        ),
        (
            {"summary": "half \ud800"},
            "metadata: role.summary: there is half a character in it, write whole characters",
        ),
        (
            {"summary": {1: 2}},
            "metadata: role.summary: a key must be a word, name it in quotes",
        ),
        (
            {"duties": {"a", "b"}},
            "metadata: role.duties: set is no kind of value that a role has, give plain values",
        ),
        (
            {"a\nb": 1},
            "metadata: role.a\N{REPLACEMENT CHARACTER}b: unknown key "
            "'a\N{REPLACEMENT CHARACTER}b' in the role, its keys are id, summary, language, "
            "identity, voice, terms, instructions, duties, tools, turn, authority, thought, "
            "microphones, consent, retention",
        ),
    ],
)
def test_one_mistake_is_told_by_its_keys(more: dict[str, Any], expected: str) -> None:
    assert mistakes(HEAD | more)[0] == expected


def nested(depth: int) -> object:
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (3, "a mapping of keys to values"),
        ([HEAD], "a mapping of keys to values"),
        (HEAD | {"duties": nested(100)}, "nested more than 16 deep"),
        (HEAD | {"duties": [1] * 5000}, "more than 4096 values"),
        (HEAD | {"instructions": "x" * 70_000}, "more than 64 KiB"),
    ],
)
def test_bounds(data: object, expected: str) -> None:
    assert expected in mistakes(data)[0]


@pytest.mark.parametrize("name", library())
def test_the_librarys_roles_come_through(name: str) -> None:
    role = load_role(name)
    assert role_from_values(role.model_dump(mode="json")) == review_role(role) == role


@pytest.mark.parametrize(
    "more",
    [
        {"turn": {"may_speak": "no"}},
        {"consent": {"opt_out": 1}},
        {"turn": {"max_turn_s": "30"}},
        {"thought": {"tokens": True}},
    ],
)
def test_a_program_cannot_make_one_laxly_either(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Role.model_validate(HEAD | more)


def test_what_a_program_makes_past_validation_is_found() -> None:
    never = Role(id="x", summary="s", identity=Identity(name="A")).model_copy(
        update={"turn": TurnPolicy().model_copy(update={"max_turn_s": -1.0})}
    )
    with pytest.raises(RoleError, match=r"max_turn_s must be .*, role x\.turn\.max_turn_s"):
        review_role(never)


def test_both_halves_of_a_character_are_one() -> None:
    text = '{"id": "x", "summary": "\\ud83d\\ude00", "identity": {"name": "A"}}'
    assert parse_role(text).summary == "\N{GRINNING FACE}"


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=6)
    | st.sampled_from(["no", "everyone", "\ud800", "answer", 10**400, -math.inf]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "turn", "id", "\ud800"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(Role.model_fields)), plain)
def test_any_value_anywhere_is_a_role_or_an_error(key: str, value: object) -> None:
    told: tuple[Problem, ...] = ()
    try:
        role_from_values(HEAD | {key: value})
    except RoleError as error:
        told = error.problems
    assert all("\n" not in str(problem) for problem in told)
