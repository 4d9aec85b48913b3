"""Which role a job asks for, by its metadata."""

from __future__ import annotations

import json

import pytest

from integrations.livekit.serving.job import job_role
from integrations.livekit.telling.succession import Roles
from moderator.errors import InputError
from roles.loader import load_role
from roles.schema import Role

OWN = Role.model_validate(load_role("chair").model_dump(mode="json") | {"id": "own"})
DEFAULT = load_role("facilitator")


@pytest.mark.parametrize(
    ("metadata", "role", "leave_after_s"),
    [
        ("", "facilitator", 10.0),
        ("  ", "facilitator", 10.0),
        ('{"leave_after_s": 30}', "facilitator", 30.0),
        ('{"role": "scribe"}', "scribe", 10.0),
        ('{"role": "own"}', "own", 10.0),
        (json.dumps({"role": OWN.model_dump(mode="json") | {"id": "whole"}}), "whole", 10.0),
    ],
)
def test_roles_that_a_job_may_ask_for(metadata: str, role: str, leave_after_s: float) -> None:
    found, wishes = job_role(metadata, DEFAULT, Roles([OWN]))
    assert (found.id, wishes.leave_after_s) == (role, leave_after_s)


@pytest.mark.parametrize(
    "metadata",
    [
        "not json",
        "[1]",
        '{"rule": 1}',
        '{"role": "nobody"}',
        '{"role": "../x"}',
        '{"role": "own.yaml"}',
        '{"role": {"id": "x"}}',
        '{"leave_after_s": -1}',
        "[" * 50_000,
        " " * 100_001,
    ],
)
def test_metadata_that_is_refused(metadata: str) -> None:
    with pytest.raises(InputError) as refused:
        job_role(metadata, DEFAULT, Roles([OWN]))
    assert "\n" not in str(refused.value)
