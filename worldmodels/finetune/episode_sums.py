"""Sums and shifts over the steps of episodes that lie one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def discounted_sums(
    values: NDArray[np.float64], lengths: NDArray[np.integer], discount: float
) -> NDArray[np.float64]:
    """y (N,), y_t = values_t + discount y_(t + 1), with 0 after the end of each episode.

    Args:
        values: (N,), of the steps of all episodes.
        lengths: (E,), steps of each.
        discount: weight of the next step's sum.
    """
    ends = np.cumsum(lengths)
    sums = np.array(values, np.float64)
    for back in range(2, int(lengths.max(initial=0)) + 1):  # steps from the end, the last one is 1
        now = ends[lengths >= back] - back
        sums[now] += discount * sums[now + 1]
    return sums


def previous_step(values: NDArray[np.float64], lengths: NDArray[np.integer]) -> NDArray[np.float64]:
    """The values (N, ...) of the step before; 0 for the first step of each episode."""
    before = np.zeros_like(values)
    before[1:] = values[:-1]
    before[np.cumsum(lengths)[:-1]] = 0
    return before
