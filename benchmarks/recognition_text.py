"""Texts that the embedded voice reads, and how words are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence

RENDERED = (
    "Good morning everyone, and thank you for coming. We have three items today, and about twenty "
    "minutes for each of them. Shall we begin with the budget?",
    "The numbers look better than last month. We spent less on travel, but the new office cost "
    "more than we had planned.",
    "I am not sure that I agree. If we move the launch to April, the whole marketing plan has to "
    "change, and nobody has talked to the customers yet.",
    "Could you say that again, please? I lost you for a moment.",
    "Yes. No. Maybe later.",
    "The remote control should have fewer buttons, a softer case, and a light that shows when the "
    "battery is low. People told us that they lose it between the cushions, so perhaps it should "
    "make a sound when you call it.",
    "Let me summarise what we decided. Anna writes the first draft by Wednesday. Peter checks the "
    "drawings. And we all read the report before the next meeting, which is on the second of June "
    "at ten o'clock. If anything is unclear, send me a message, and I will try to answer it the "
    "same day. Does anybody want to add something before we close?",
    "It was a quiet street with old trees on both sides, and in the evening the children played "
    "there until their parents called them in for supper.",
)

_SAME = {
    "mister": "mr",
    "missus": "mrs",
    "doctor": "dr",
    "okay": "ok",
    "kay": "ok",
    "2": "two",
    "3": "three",
    "10": "ten",
    "20": "twenty",
    "2nd": "second",
}


def normal(text: str) -> list[str]:
    """Words as they are compared: lower case, no punctuation, one spelling of a few words."""
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("\u2019", "'"))
    return [_SAME.get(word, word) for word in words]


def equal_words(
    truth: Sequence[str], heard: Sequence[str]
) -> tuple[list[tuple[int, int]], tuple[int, int, int]]:
    """Aligns two lists of words with the fewest edits.

    Returns:
        Index pairs of equal words, and the counts of substituted, inserted and deleted ones.
    """
    import jiwer

    if not truth:
        return [], (0, len(heard), 0)
    found = jiwer.process_words(" ".join(truth), " ".join(heard))
    pairs = [
        (chunk.ref_start_idx + step, chunk.hyp_start_idx + step)
        for chunk in found.alignments[0]
        if chunk.type == "equal"
        for step in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    return pairs, (found.substitutions, found.insertions, found.deletions)
