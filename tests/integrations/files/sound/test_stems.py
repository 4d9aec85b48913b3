"""What names of recordings begin with in common."""

from __future__ import annotations

import pytest

from integrations.files.sound.stems import common_beginning


@pytest.mark.parametrize(
    ("stems", "common", "rests"),
    [
        (["standup-ann", "standup-bob"], "standup", ["ann", "bob"]),
        (["ann", "bob"], "", ["ann", "bob"]),
        (["ann", "ann-2"], "ann", ["ann", "ann-2"]),
        (["a_b_c", "a_b_d", "a_b"], "a_b", ["b_c", "b_d", "b"]),
    ],
)
def test_a_word_goes_with_what_separates_it(
    stems: list[str], common: str, rests: list[str]
) -> None:
    assert common_beginning(stems) == (common, rests)
