from __future__ import annotations

from moderator.ears.agreement import LocalAgreement, Piece


def pieces(text: str) -> tuple[Piece, ...]:
    return tuple(Piece(word, (index,)) for index, word in enumerate(text.split()))


def test_nothing_is_stable_after_one_hypothesis() -> None:
    assert LocalAgreement().agreed(pieces("good morning everyone")) == 0


def test_words_that_two_hypotheses_share_are_stable_but_never_the_last() -> None:
    agreement = LocalAgreement()
    agreement.keep(pieces("Good morning, every"))
    assert agreement.agreed(pieces("good morning everyone here")) == 2
    agreement.keep(pieces("everyone here"))
    assert agreement.agreed(pieces("everyone here")) == 1


def test_a_difference_ends_the_agreement_whatever_follows() -> None:
    agreement = LocalAgreement()
    agreement.keep(pieces("we met on friday morning"))
    assert agreement.agreed(pieces("we met in friday morning")) == 2


def test_forgetting_starts_anew() -> None:
    agreement = LocalAgreement()
    agreement.keep(pieces("one two three"))
    agreement.forget()
    assert agreement.agreed(pieces("one two three")) == 0
