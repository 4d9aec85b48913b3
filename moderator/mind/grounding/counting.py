"""Numbers as a language writes them in words."""

from __future__ import annotations

from collections.abc import Sequence

from moderator.language.phrases import Phrases

_HUNDRED = 100


def numbers_in(words: Sequence[str], phrases: Phrases) -> frozenset[int]:
    """Values of all numbers among lower-case words; parts of a decimal are two numbers."""
    found: set[int] = set()
    total, current, spoken = 0, -1, 0

    def flush() -> None:
        nonlocal total, current, spoken
        if current >= 0 and not (spoken == 1 and current == 1):  # "one of them" counts nothing
            found.add(total + current)
        total, current, spoken = 0, -1, 0

    for plain in words:
        value = int(plain) if plain.isdecimal() else phrases.numbers.get(plain)
        if value is None:
            least = phrases.number_joins.get(plain)
            if least is None or not spoken or current < least:
                flush()
            continue
        if value >= _HUNDRED and value % _HUNDRED == 0 and current >= 0 and not plain.isdigit():
            if value == _HUNDRED:
                current *= value
            else:
                total, current = total + current * value, 0
        elif current >= 0 and _adds(current, value, total):
            current += value
        else:
            flush()
            current = value
        spoken += not plain.isdigit()
    flush()
    return frozenset(found)


def _adds(current: int, value: int, total: int) -> bool:
    """Whether "twenty" or "two hundred" goes on with "five"."""
    if current == 0:
        return total > 0 and value < _HUNDRED * 10
    if current % _HUNDRED == 0:
        return 0 < value < _HUNDRED
    return current % _HUNDRED >= 20 and current % 10 == 0 and 0 < value < 10
