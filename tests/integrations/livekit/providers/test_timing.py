"""Words of a sentence that comes in parts."""

from __future__ import annotations

from integrations.livekit.providers.timing import Timed, Wording
from moderator.timeline import to_samples

SECOND = to_samples(1.0)


def parts(text: str, *told: Timed) -> list[list[tuple[str, float, float]]]:
    """The words of a second, and of another one that is the last."""
    wording = Wording(text)
    wording.told(told)
    found = [wording.upto(n * SECOND, SECOND, 0, last=n == 1) for n in range(2)]
    return [[(w.text, w.start / SECOND, w.end / SECOND) for w in part] for part in found]


def test_its_own_times_are_taken() -> None:
    told = ("one", 0.1, 0.5), ("two", 0.6, 1.2), ("three", 1.4, 1.9)
    assert parts("one two three", *told) == [
        [("one", 0.1, 0.5)],
        [("two", 0.0, 0.2), ("three", 0.4, 0.9)],
    ]


def test_without_times_words_share_what_there_is() -> None:
    (first, second) = parts("aaaa bbbb cccc")
    assert [word for word, *_ in first] == ["aaaa", "bbbb"]
    assert second == [("cccc", 0.0, 1.0)]


def test_what_cannot_be_is_not_believed() -> None:
    for wrong in (
        ("one", None, 1.0),
        ("one", 2.0, 1.0),
        ("other", 0.1, 0.2),
        ("one", float("nan"), 1),
    ):
        assert [word for part in parts("one two", wrong) for word, *_ in part] == ["one", "two"]
    (first, second) = parts("one two three", ("one", 0.1, 0.5))  # the others are missing
    assert [word for word, *_ in first + second] == ["one", "two", "three"]
