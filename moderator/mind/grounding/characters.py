"""Text of scripts without spaces: words of the language that are known, and pairs of characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from moderator.language.phrases import Phrases

_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc]+")
_HAN = re.compile("[\u3005\u3400-\u9fff]+")
_KINDS = re.compile(
    "[\u30a1-\u30fa\u30fc]+|[\u3005\u3400-\u9fff]+|[^\u30a1-\u30fa\u30fc\u3005\u3400-\u9fff]+"
)
_LONGEST_NAME = 3
_SHORTEST_TOPIC, _LONGEST_TOPIC = 2, 8


class Characters:
    """Cuts runs of such characters.

    Args:
        phrases: the words that are known: dates and units, negations, numerals, and words that mean
            nothing.
    """

    def __init__(self, phrases: Phrases) -> None:
        idle = phrases.stop_words | phrases.fillers | phrases.auxiliaries | phrases.subjects
        telling = phrases.exact | phrases.negations | phrases.reporting
        self._idle = idle.entries - telling.entries
        words = sorted(telling | idle, key=lambda word: (-len(word), word))
        numerals = "".join(sorted(phrases.numbers))
        counted = "|".join(re.escape(word) for word in phrases.counters)
        number = f"(?P<number>[{numerals}]{{2,}}|[{numerals}](?={counted}))" if numerals else "(?!)"
        self._values = phrases.numbers
        self._known = re.compile("|".join([number, *map(re.escape, words)]))

    def read(self, run: str) -> Iterator[tuple[str, bool]]:
        """Tokens of a run, words that mean nothing left out; with each whether it may be a name."""
        for piece, known in self._pieces(run):
            if known:
                if piece not in self._idle:
                    yield piece, False
                continue
            for part in _KINDS.findall(piece):
                short = _HAN.fullmatch(part) is not None and 1 < len(part) <= _LONGEST_NAME
                name = short or (_KATAKANA.fullmatch(part) is not None and len(part) > 1)
                pairs = [part[at : at + 2] for at in range(len(part) - 1)] or [part]
                for pair in pairs:
                    yield pair, name

    def topics(self, text: str) -> list[str]:
        """What stands between known words and may be a word of substance."""
        return [
            part
            for piece, known in self._pieces(text)
            if not known
            for part in _KINDS.findall(piece)
            if _SHORTEST_TOPIC <= len(part) <= _LONGEST_TOPIC
            and (_HAN.fullmatch(part) or _KATAKANA.fullmatch(part))
        ]

    def _pieces(self, run: str) -> Iterator[tuple[str, bool]]:
        """The run in pieces; with each whether it is a known word. Numerals become digits."""
        at = 0
        for match in self._known.finditer(run):
            if match.start() > at:
                yield run[at : match.start()], False
            number = match["number"] if "number" in match.groupdict() else None
            yield (str(_value(number, self._values)) if number else match[0]), True
            at = match.end()
        if at < len(run):
            yield run[at:], False


def _value(numeral: str, values: Mapping[str, int]) -> int:
    """What a numeral such as 三百五十二万 is worth."""
    digits = [values[symbol] for symbol in numeral]
    if all(digit < 10 for digit in digits):
        return int("".join(map(str, digits)))
    total, section, current = 0, 0, 0
    for value in digits:
        if value >= 10_000:
            total, section, current = total + ((section + current) or 1) * value, 0, 0
        elif value >= 10:
            section, current = section + (current or 1) * value, 0
        else:
            current = value
    return total + section + current
