"""Which names ears are told to expect."""

from __future__ import annotations

from moderator.meeting.names import MOST_EXPECTED, expected
from roles.schema import Identity, Role

ROLE = Role(
    id="chair",
    summary="Leads.",
    identity=Identity(name="Robin", aliases=["chairbot"]),
    terms=["CTranslate2", "Loughborough"],
)


def test_the_agent_comes_first_and_terms_last() -> None:
    assert expected(ROLE, ["ana maria", "Ben (2)", "Ana Maria"]) == (
        "Robin",
        "chairbot",
        "Ana Maria",
        "Ben",
        "CTranslate2",
        "Loughborough",
    )


def test_what_nobody_can_say_is_left_out() -> None:
    shown = [
        "user-1f3a",
        "speaker_1",
        "P1",
        "<|endoftext|>",
        "🙂",
        "",
        "A. B. Ceesay",
        "One Two Three Four",
    ]
    assert expected(ROLE, shown)[2:-2] == ("A. B. Ceesay", "One Two Three")


def test_there_is_a_most() -> None:
    people = [f"Ana{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200)]
    assert len(expected(ROLE, people)) == MOST_EXPECTED
