from __future__ import annotations

import pickle

import pytest

from moderator.errors import InputError, ModelMissingError


@pytest.mark.parametrize("kind", [InputError, ModelMissingError])
def test_bad_input_found_in_another_process_is_told_in_this_one(kind: type[InputError]) -> None:
    error = pickle.loads(pickle.dumps(kind("too short", where="a.json", todo="add words")))
    assert type(error) is kind
    assert str(error) == "too short, a.json, add words"
    assert (error.what, error.where, error.todo) == ("too short", "a.json", "add words")
