"""Nobody is called by somebody else's name."""

from __future__ import annotations

from moderator.meeting.names import Names, own_names


def test_everybody_has_a_name_of_their_own() -> None:
    names = Names(own_names("Robin", ["Rob"]))
    assert names.of("ana", "Ana") == "Ana"
    assert names.of("mallory", "Ana") == "Ana (2)"
    assert names.of("eve", "\uff21\uff2e\uff21") == "\uff21\uff2e\uff21 (3)"
    assert names.of("ana", "Ana") == "Ana"  # comes back
    assert names.of("x", "Ana (2)") == "Ana (2) (2)"
    assert names.of("y", "robin  (Agent)") == "robin  (Agent) (2)"
    assert [names.of(one, one) for one in ("Rob", "ROBIN", "Robin (you)")] == [
        "Rob (2)",
        "ROBIN (2)",
        "Robin (you) (2)",
    ]


def test_who_displays_another_name_later_keeps_the_first_too() -> None:
    names = Names(())
    assert names.of("ana", "Ana") == "Ana"
    assert names.of("ana", "Ana Li") == "Ana Li"
    assert names.of("ben", "Ana") == "Ana (2)"
