"""Scripts are checked as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from moderator.synth.script import Script
from tests.moderator.synth.scripts import plain


def test_a_script_is_read_as_it_is() -> None:
    script = Script.model_validate(plain())
    assert [one.name for one in script.people] == ["Ana", "Bode", "Chiu"]
    assert [one.after for one in script.agents[0].speaks] == [4]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one["turns"][2].update(n=9), "turn 3 is numbered 9"),
        (lambda one: one["turns"][2].update(by="Z"), "turn 3 is by nobody of the people"),
        (lambda one: one["turns"][2].update(to="C"), "turn 3 is to nobody else of the people"),
        (lambda one: one["people"].append(one["people"][0]), "two people have one id"),
        (lambda one: one["agents"][0].update(name="ana"), "has the name of one of the people"),
        (lambda one: one["agents"][0]["speaks"][0].update(after=8), "not there, or out of order"),
        (lambda one: one["agents"][0]["speaks"][0].update(to="agent"), "speaks to nobody"),
        (lambda one: one["agents"][0]["holds"][0].update(after=4), "speaks and holds after"),
        (lambda one: one["turns"][2].update(text="  "), "turns.2.text"),
        (lambda one: one["turns"][2].update(start="soon"), "turns.2.start"),
    ],
)
def test_a_fault_names_its_place(change: Callable[[dict[str, Any]], object], said: str) -> None:
    one = plain()
    change(one)
    with pytest.raises(ValidationError, match=said):
        Script.model_validate(one)
