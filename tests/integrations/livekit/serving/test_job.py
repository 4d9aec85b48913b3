"""Which role a job asks for, by its metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit import rtc

from integrations.livekit.serving.job import job_role, outlive
from integrations.livekit.telling.succession import Roles
from moderator.errors import InputError
from roles.loader import library, load_role
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
    ("metadata", "message"),
    [
        ("not json", "not JSON, job metadata, correct the metadata"),
        ("[1]", 'not a JSON object, job metadata, give {"role": …}'),
        (
            '{"rule": 1}',
            "unknown key 'rule', job metadata, its keys are role, leave_after_s, goes_on",
        ),
        ('{"role": "nobody"}', "there is no role named 'nobody'"),
        ('{"role": "../x"}', "not the name of a role, job metadata: role, name a role"),
        ('{"role": "own.yaml"}', "not the name of a role, job metadata: role, name a role"),
        (
            '{"role": 3}',
            "role must be the name of a role or a whole role, not 3, job metadata",
        ),
        (
            '{"role": {"id": "x"}}',
            "the key 'summary' is missing in the role, job metadata: role, add `summary:`",
        ),
        (
            '{"role": {"id": "x", "summary": "s", "identity": {"name": "A"}, '
            '"turn": {"may_speak": "no"}}}',
            "may_speak must be true or false, not 'no', job metadata: role.turn.may_speak, "
            "did you mean false?",
        ),
        (
            '{"role": {"id": "x", "summary": "s", "identity": {"name": "A"}, '
            '"duties": [{"type": "cut_in_crosstalk"}]}}',
            "duty 'cut_in_crosstalk' cuts in, but turn.may_cut_in is not true, "
            "job metadata: role.duties[0].type, set turn.may_cut_in: true or remove the duty",
        ),
        (
            '{"leave_after_s": -1}',
            "leave_after_s must be a number from 0 to 3600, not -1, job metadata",
        ),
        (
            '{"leave_after_s": true}',
            "leave_after_s must be a number from 0 to 3600, not true, job metadata",
        ),
        ('{"leave_after_s": "30"}', 'from 0 to 3600, not "30", job metadata'),
        ('{"leave_after_s": 1e999}', "from 0 to 3600, not Infinity, job metadata"),
        ('{"leave_after_s": NaN}', "NaN is not JSON, job metadata"),
        ('{"leave_after_s": ' + "9" * 5000 + "}", "not JSON, job metadata"),
        ('{"role": "host", "role": "scribe"}', "the key 'role' stands twice in the JSON"),
        ('{"ro\\ud800le": 1}', "unknown key"),
        ("[" * 50_000, "JSON that is nested too deep, job metadata"),
        (" " * 100_001, "more than 100,000 characters"),
    ],
)
def test_metadata_that_is_refused(metadata: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        job_role(metadata, DEFAULT, Roles([OWN]))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


JUNK = ["[", "]", "{", "}", ",", ":", '"', "\\", "1e999", "NaN", "9" * 5000, "\\ud800", "\ud800"]
JUNK += ["true", "null", '"no"', "0", "[" * 3000, '{"a":' * 3000, "\x00", '"id": ']


@settings(max_examples=150)
@given(st.sampled_from(library()), st.data())
def test_damaged_metadata_is_a_role_or_refused_in_one_line(name: str, data: st.DataObject) -> None:
    text = json.dumps({"role": load_role(name).model_dump(mode="json"), "leave_after_s": 30})
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(st.sampled_from(JUNK)) + text[at + cut :]
    told = ""
    try:
        job_role(text, DEFAULT, Roles())
    except InputError as error:
        told = str(error)
    assert "\n" not in told


def test_a_job_outlives_its_room() -> None:
    """As livekit-agents makes it; what an app has put there stays."""
    from livekit.agents.ipc import job_proc_lazy_main

    heard: list[str] = []

    class Room(rtc.EventEmitter[str]):
        pass

    def ends_the_job(reason: object) -> None:
        heard.append("the job ends")

    def of_an_app(reason: object) -> None:
        heard.append("the app is told")

    ends_the_job.__module__ = job_proc_lazy_main.__name__
    room = Room()
    room.on("disconnected", ends_the_job)
    room.on("disconnected", of_an_app)
    outlive(cast(rtc.Room, room))
    room.emit("disconnected", "gone")
    assert heard == ["the app is told"]
    source = Path(job_proc_lazy_main.__file__).read_text("utf-8")
    assert '@self._room.on("disconnected")' in source  # else this is not needed any more
