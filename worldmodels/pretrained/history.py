"""What an agent has seen and done in its present episodes, so that a dream can go on from there."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from worldmodels.dream.starts import Context
from worldmodels.pretrained.adapters import Array


class History:
    """z and actions of the last decisions of a batch of episodes.

    Args:
        rows: of the batch.
        decisions: that are kept at the most.
    """

    def __init__(self, rows: int, decisions: int) -> None:
        self._decisions: deque[tuple[Array, Array, NDArray[np.bool_]]] = deque(maxlen=decisions)
        self._count = 0  # of all decisions so far
        self._first = np.zeros(rows, np.int64)  # number of the first decision of each episode

    def start(self, rows: NDArray[np.bool_]) -> None:
        """Start new episodes in these rows."""
        self._first[rows] = self._count

    def append(self, z: Array, actions: Array, rows: NDArray[np.bool_]) -> None:
        """Add a decision of some rows, given z (N, Z) and actions (N, A) of all."""
        self._decisions.append((z.copy(), actions.copy(), rows))
        self._count += 1

    def context(self) -> Context:
        """The steps of each row's episode before its last decision."""
        z, actions, rows = (np.array(each) for each in zip(*self._decisions, strict=True))
        numbers = np.arange(self._count - len(rows), self._count)
        own = [
            np.flatnonzero(rows[:, row] & (numbers >= first))[:-1]  # the last one is the start
            for row, first in enumerate(self._first)
        ]
        steps = np.array([len(decisions) for decisions in own])
        shape = (len(own), steps.max())
        context = Context(
            np.zeros((*shape, z.shape[2]), np.float32),
            np.zeros((*shape, actions.shape[2]), np.float32),
            steps,
        )
        for row, decisions in enumerate(own):
            context.z[row, shape[1] - steps[row] :] = z[decisions, row]
            context.actions[row, shape[1] - steps[row] :] = actions[decisions, row]
        return context
