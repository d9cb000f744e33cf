"""One episode of a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Episode:
    """One episode of L steps and L + 1 frames."""

    observations: NDArray[np.uint8]  # (L + 1, height, width, channels)
    actions: NDArray[np.float32]  # (L, actions)
    rewards: NDArray[np.float64]  # (L,)

    @property
    def total_reward(self) -> float:
        """The undiscounted return."""
        return float(self.rewards.sum())


@dataclass(frozen=True)
class RacingEpisode(Episode):
    """An episode of the racing environment."""

    states: NDArray[np.float64]  # (L + 1, 4)
    distances: NDArray[np.float64]  # (L + 1,)
