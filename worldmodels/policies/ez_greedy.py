"""Temporally extended random actions (Dabney, Ostrovski & Barreto 2021), whose durations have a
heavy tail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.policies.held_uniform import HeldUniformPolicy

EXPONENT = 2.0  # theirs


class EZGreedyPolicy(HeldUniformPolicy):
    """ez-greedy at epsilon 1: a ~ U[-1, 1]^A, held for n steps, P(n) ~ n^-2; ignores observations.

    Most actions last one step, and most of the time passes in long ones, so that the data have both
    quick changes and what lies at the end of a long way.

    Args:
        actions: A, the numbers of an action.
        max_hold: steps that an action is held for, at the most; an episode's are as good as no
            limit.
        rng: draws them.
    """

    def _durations(self) -> NDArray[np.int64]:
        return np.minimum(self._rng.zipf(EXPONENT, size=self._num_envs), self._max_hold)
