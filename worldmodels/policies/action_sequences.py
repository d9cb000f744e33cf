"""Policies that look at nothing: their actions are given beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ActionSequences:
    """Open-loop policies: row i takes the actions of sequences[i % len(sequences)], in their order.

    A sequence that ends before its episode does begins anew, so that a policy which repeats itself
    needs one period alone, and recorded actions last for any other episode.

    Args:
        sequences: actions (T, A) each, with a T of its own, at least 1.
    """

    def __init__(self, sequences: Sequence[NDArray[np.float32]]) -> None:
        self._actions = np.concatenate(sequences)
        self._lengths = np.array([len(actions) for actions in sequences])
        self._first = np.cumsum(self._lengths) - self._lengths

    def reset(self, num_envs: int) -> None:
        """Start that many episodes."""
        self._sequence = np.arange(num_envs) % len(self._lengths)
        self._step = 0

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._sequence = self._sequence[rows]

    def act(self, observations: NDArray[Any]) -> NDArray[np.float32]:
        """Actions (N, A) for N rows."""
        step = self._step % self._lengths[self._sequence]
        self._step += 1
        actions: NDArray[np.float32] = self._actions[self._first[self._sequence] + step]
        return actions
