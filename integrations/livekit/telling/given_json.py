"""JSON that comes from outside: by RPC, or as a job's metadata."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def read_json(text: str) -> object:
    """The value of a JSON text; stricter than the standard library.

    Raises:
        ValueError: it is not JSON, says so by a key that stands twice, or is nested too deep; the
            message is for people.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except _Told:
        raise
    except RecursionError:
        raise ValueError("JSON that is nested too deep") from None
    except ValueError:  # also numbers of more digits than Python converts
        raise ValueError("not JSON") from None


class _Told(ValueError):
    """What is wrong is told already."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Told(f"the key {key[:60]!a} stands twice in the JSON")
        found[key] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise _Told(f"{name} is not JSON")
