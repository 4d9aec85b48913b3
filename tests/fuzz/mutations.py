"""Breaks valid inputs: bytes, lines, fields and values; the same seed gives the same input."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, Final, TypeAlias


class Form(Enum):
    """What an input is made of, as far as mutations know it."""

    BYTES = auto()
    TEXT = auto()
    JSON = auto()
    """One value; YAML takes it as well."""
    LINES = auto()
    """A JSON value a line."""


MOST: Final = 256 * 1024
"""Bytes of a mutated input; what grows beyond is cut."""

DEEP: Final = 100_000
"""Brackets in a row, more than any parser goes down."""

_MANY_DIGITS, _BRACKETS = '"@@digits@@"', '"@@brackets@@"'
"""Stand for what Python's own writer of JSON refuses to write."""

TOKENS: Final = (
    *("", " ", "\n", "\r\n", "\t", "\0", "\x1b[2J", "\ufeff", "\u202e", "\u2028", "\U0001f600"),
    *("0", "-0", "-1", "1e999", "-1e999", "nan", "NaN", "inf", "Infinity", "1e-400", "0x10", "1_0"),
    *("2147483648", "4294967295", "9007199254740993", "9223372036854775808", "1" + "0" * 400),
    *("9" * 5000, "\u0663", "[" * DEEP, "{" * 2000, '{"a":' * DEEP, "a" * 5000, "\\ud800"),
    *("\u00b2", "null", "true", "[]", "{}", '"', "\\", "\\u0000", "=", "<", "!!x ", "*a"),
    *("../../etc/passwd", "/dev/zero", "<think>", "</think>", "<nite:root/>", "&a;", "&#60;"),
    *("%00", "%ff", "? ", "- "),
)
"""Pieces of text that readers have stumbled over elsewhere."""

VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf")),
    *(2**31, 2**32 - 1, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**18, 10**400, -(10**400)),
    *("", " ", "\0", "\ud800", "\udfff\ud800", "\n", "\u2028", "0", "1e3", "nan", "a" * 5000),
    *("?", "hall/?", "/", "ana", "../x", [], {}, [[]], [None], {"": None}, [[[[[[[[[[]]]]]]]]]]),
    *("@@digits@@", "@@brackets@@"),
)

_WIDTHS: Final = (1, 2, 4, 8)
Path: TypeAlias = tuple[str | int, ...]


def mutated(seeds: Sequence[bytes], form: Form, chance: random.Random) -> bytes:
    """One broken input.

    Args:
        seeds: valid ones.
        form: what they are made of.
        chance: decides.
    """
    data = chance.choice(seeds)
    left = chance.choice((1, 1, 1, 2, 3, 6))
    while left > 0 or data in seeds:
        data = chance.choice(_WAYS[form])(data, seeds, chance)[:MOST]
        left -= 1
    return data


Way: TypeAlias = Callable[[bytes, Sequence[bytes], random.Random], bytes]


def _place(data: bytes, chance: random.Random) -> int:
    """Somewhere; headers are worth more than what follows."""
    near = chance.random() < 0.4
    return chance.randrange(min(len(data), 128) + 1 if near else len(data) + 1)


def _flip(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8)) if broken else 0):
        broken[min(_place(data, chance), len(broken) - 1)] ^= 1 << chance.randrange(8)
    return bytes(broken)


def _overwrite(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """A number of the file is at a limit."""
    width, little = chance.choice(_WIDTHS), chance.random() < 0.5
    most = 2 ** (8 * width)
    numbers = (0, 1, 2, most - 1, most // 2, most // 2 - 1, len(data), chance.randrange(most))
    number = (chance.choice(numbers) % most).to_bytes(width, "little" if little else "big")
    at = _place(data, chance)
    return data[:at] + bytes(number) + data[at + width :]


def _cut(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = _place(data, chance)
    if chance.random() < 0.5:
        return data[:at]
    return data[:at] + data[at + chance.randrange(1, 64) :]


def _double(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at, length = _place(data, chance), chance.randrange(1, 512)
    return data[: at + length] + data[at : at + length] * chance.choice((1, 1, 40)) + data[at:]


def _splice(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(seeds)
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def _insert(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = _place(data, chance)
    token = chance.choice(TOKENS).encode("utf-8", "surrogatepass")
    return data[:at] + token + data[at + chance.choice((0, len(token))) :]


def _bytes(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Bytes that are no text."""
    at = _place(data, chance)
    return data[:at] + chance.randbytes(chance.choice((1, 2, 16))) + data[at:]


def _exchange_line(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """A line is dropped, doubled, or stands elsewhere."""
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    at = chance.randrange(len(lines))
    line = lines.pop(at)
    for _ in range(chance.choice((0, 1, 2))):
        lines.insert(chance.randrange(len(lines) + 1), line)
    return b"".join(lines)


def _exchange_word(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """A word becomes another."""
    found = list(re.finditer(rb"[^\s\"',:\[\]{}<>=]+", data))
    if not found:
        return data
    one, other = chance.choice(found), chance.choice(found)
    word = other[0]
    if chance.random() < 0.7:
        word = chance.choice(TOKENS).encode("utf-8", "surrogatepass")
    return data[: one.start()] + word + data[one.end() :]


def _json(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """A value of it is another, missing, or stands elsewhere."""
    try:
        whole, other = json.loads(data), json.loads(chance.choice(seeds))
        return _dumped(_changed(whole, other, chance), chance)
    except (ValueError, ArithmeticError, RecursionError):  # it was broken before
        return _exchange_word(data, seeds, chance)


def _json_line(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    lines = data.splitlines()
    if not lines:
        return data
    at = chance.randrange(len(lines))
    others = chance.choice(seeds).splitlines() or lines
    lines[at] = _json(lines[at], [chance.choice(others)], chance)
    return b"\n".join(lines) + b"\n"


def _dumped(value: Any, chance: random.Random) -> bytes:
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    text = text.replace(_MANY_DIGITS, "9" * 5000).replace(_BRACKETS, "[" * DEEP)
    return text.encode("utf-8", "surrogatepass")


def _paths(value: Any, before: Path = ()) -> list[Path]:
    found = [before]
    if isinstance(value, dict):
        keys: Sequence[str | int] = list(value)
    else:
        keys = range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found += _paths(value[key], (*before, key))
    return found


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _changed(whole: Any, other: Any, chance: random.Random) -> Any:
    path = chance.choice(_paths(whole))
    if not path:
        return chance.choice((*VALUES, [whole], {"a": whole}, other))
    around, key, old = _at(whole, path[:-1]), path[-1], _at(whole, path)
    kind = chance.randrange(6)
    if kind == 0:
        del around[key]
    elif kind == 1 and isinstance(around, dict):
        around[chance.choice((*TOKENS[:12], "id", "kind", str(key) * 2))] = around.pop(key)
    elif kind == 2:
        around[key] = _at(other, chance.choice(_paths(other)))
    elif kind == 3 and isinstance(old, int | float) and not isinstance(old, bool):
        around[key] = chance.choice((-old, old + 1, old - 1, old * 1000, float(old), str(old)))
    elif kind == 4:
        around[key] = chance.choice(([old], {"a": old}, [old] * 50, str(old)[:100]))
    else:
        around[key] = chance.choice(VALUES)
    return whole


_RAW: Final[tuple[Way, ...]] = (_flip, _overwrite, _cut, _double, _splice, _insert, _bytes)
_WORDS: Final[tuple[Way, ...]] = (_exchange_word, _exchange_word, _exchange_line)
_WAYS: Final[dict[Form, tuple[Way, ...]]] = {
    Form.BYTES: _RAW,
    Form.TEXT: (*_WORDS, *_WORDS, *_RAW),
    Form.JSON: (*[_json] * 12, *_WORDS, *_RAW),
    Form.LINES: (*[_json_line] * 12, *_WORDS, *_RAW),
}
