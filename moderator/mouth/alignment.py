"""Which phonemes belong to which written word."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""First index and one past the last."""

PAUSES = frozenset(';:,.!?—…"“”()')
"""Symbols in a phoneme string that are punctuation: their time is a pause, not a word's."""


def word_spans(phonemes: Sequence[str], alone: Sequence[str]) -> list[Span]:
    """Divides the phonemes of a sentence among its written words.

    A written word may be read as several ("$3" as "three dollars"), and words may be joined in the
    phonemes. Each word is therefore phonemized once more alone: where the counts of spoken words
    agree, they are taken as they are; where they do not, the sentence's spoken words are shared out
    in proportion to the lengths of the words alone.

    Args:
        phonemes: the sentence's phonemes, one symbol each, with a space between spoken words.
        alone: for each written word its phonemes when spoken alone; may be empty.

    Returns:
        For each written word its span in `phonemes`, without pauses at its end; by start, not
        overlapping. A word that is not spoken has an empty span.
    """
    groups = _groups(phonemes)
    counts = [len(part.split()) for part in alone]
    if sum(counts) == len(groups):
        edges = [0, *accumulate(counts)]
    else:
        edges = _proportional_edges(groups, [len(part.strip()) for part in alone])
    return _without_pauses(phonemes, groups, edges)


def _groups(phonemes: Sequence[str]) -> list[Span]:
    """Spans of the spoken words: runs without a space."""
    groups: list[Span] = []
    start: int | None = None
    for index, symbol in enumerate([*phonemes, " "]):
        if symbol == " ":
            if start is not None:
                groups.append((start, index))
            start = None
        elif start is None:
            start = index
    return groups


def _proportional_edges(groups: list[Span], lengths: list[int]) -> list[int]:
    """Edges between words, as indices into `groups`, nearest to the words' share of length."""
    edges = [0]
    if not groups or not sum(lengths):
        return [*edges, *([len(groups)] * len(lengths))]
    ends = [0, *accumulate(end - start for start, end in groups)]
    scale = ends[-1] / sum(lengths)
    for reached in accumulate(lengths):
        target = reached * scale
        right = min(bisect_left(ends, target), len(groups))
        nearest = (
            right if right == 0 or ends[right] - target <= target - ends[right - 1] else right - 1
        )
        edges.append(max(nearest, edges[-1]))
    return edges


def _without_pauses(phonemes: Sequence[str], groups: list[Span], edges: list[int]) -> list[Span]:
    spans: list[Span] = []
    reached = 0
    for first, behind in pairwise(edges):
        if first == behind:
            spans.append((reached, reached))
            continue
        start, end = groups[first][0], groups[behind - 1][1]
        while end > start + 1 and phonemes[end - 1] in PAUSES:
            end -= 1
        spans.append((start, end))
        reached = end
    return spans
