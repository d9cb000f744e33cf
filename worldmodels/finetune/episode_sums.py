"""Sums over the steps of many episodes that lie one behind the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def discounted(
    values: NDArray[np.float64], lengths: NDArray[np.integer], keep: float
) -> NDArray[np.float64]:
    """y (N,), y_t = values_t + keep y_(t + 1), with 0 after the end of each episode.

    Args:
        values: (N,), of the steps of all episodes.
        lengths: (E,), steps of each.
        keep: the share of what comes later that counts a step before.
    """
    ends = np.cumsum(lengths)
    sums = np.array(values, np.float64)
    for back in range(2, int(lengths.max(initial=0)) + 1):  # steps from the end, the last one is 1
        now = ends[lengths >= back] - back
        sums[now] += keep * sums[now + 1]
    return sums


def lagged(values: NDArray[np.float64], lengths: NDArray[np.integer]) -> NDArray[np.float64]:
    """values (N, ...) of the step before; 0 in the first of each episode."""
    before = np.zeros_like(values)
    before[1:] = values[:-1]
    before[np.cumsum(lengths)[:-1]] = 0
    return before
