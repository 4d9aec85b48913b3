"""Nobody is called by somebody else's name."""

from __future__ import annotations

from moderator.meeting.names import KEPT, Names, own_names


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


def test_who_goes_through_names_takes_only_the_last_of_them_from_others() -> None:
    names = Names(own_names("Robin"))
    for number in range(1000):
        assert names.of("mallory", f"Name {number}") == f"Name {number}"
    assert names.of("ana", f"Name {999 - KEPT}") == f"Name {999 - KEPT}"
    assert names.of("ben", f"Name {1000 - KEPT}") == f"Name {1000 - KEPT} (2)"
    assert names.of("mallory", f"Name {999 - KEPT}") == f"Name {999 - KEPT} (2)"
    assert len(names) < 2 * KEPT


def test_a_name_in_use_stays_after_many_others() -> None:
    names = Names(())
    for number in range(KEPT):
        names.of("ana", "Ana")
        names.of("ana", f"Ana {number}")
    assert names.of("ana", "ANA") == "ANA"
    assert names.of("ben", "Ana") == "Ana (2)"
