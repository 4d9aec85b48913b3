"""Thoughts are parted from what is said."""

from __future__ import annotations

import pytest

from moderator.mind.thought import Parted, part


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("Hello.", ("", "Hello.")),
        ("<think>Hm, so.</think>\nHello.", ("Hm, so.", "Hello.")),
        ("<THINK >a <think>b</think> c</think> Hello.", ("a b c", "Hello.")),
        ("Hm, so.</think> Hello.", ("Hm, so.", "Hello.")),
        ("<think>never closed: Hello.", ("never closed: Hello.", "")),
        ("<reasoning>x</reasoning>{}", ("x", "{}")),
        ("&lt;think&gt;3 > 2&lt;/think&gt; Hello.", ("3 > 2", "Hello.")),
        ("[THINK]a > b[/THINK] Hello.", ("a > b", "Hello.")),
        ("<|seed:thi\u200bnk|>so</seed:think>Hello.", ("so", "Hello.")),
        ('<thinking depth="2">so < far</thinking> Hello.', ("so < far", "Hello.")),
        ("", ("", "")),
    ],
)
def test_part(text: str, parted: tuple[str, str]) -> None:
    assert part(text) == Parted(*parted)
