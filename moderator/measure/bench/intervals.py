"""Bootstrap over meetings: meetings are drawn, because moments within one are not independent."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
"""Times that as many meetings are drawn as there are."""

Metrics = Mapping[str, float]


def draws(meetings: int, seed: int, count: int = DRAWS) -> NDArray[np.int64]:
    """``(count, meetings)`` how often each meeting was drawn; the same for all minds, so paired."""
    random = np.random.default_rng(seed)
    even = np.full(meetings, 1 / meetings)
    return random.multinomial(meetings, even, size=count).astype(np.int64)


def bootstrap(
    metrics: Callable[[NDArray[np.int64]], Metrics], weights: NDArray[np.int64]
) -> dict[str, list[float]]:
    """The metrics under every draw.

    Args:
        metrics: from how often each meeting counts, ``(meetings,)``.
        weights: as `draws` gives them.
    """
    results: dict[str, list[float]] = {}
    for row in weights:
        for name, value in metrics(row).items():
            results.setdefault(name, []).append(value)
    return results


def interval(values: Sequence[float], share: float = 0.95) -> tuple[float, float] | None:
    """The middle `share` of the values; None where most of them are undefined."""
    known = [value for value in values if math.isfinite(value)]
    if len(known) < max(2, len(values) // 2):
        return None
    tail = (1 - share) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
