"""A linear C that learns from its own tries: a critic says what was to be expected, and C moves
along its natural gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.controller.pca import Basis
from worldmodels.finetune.critic import Critic
from worldmodels.finetune.natural_gradient import natural_gradient


class ActorCritic:
    """Moves a genome: W (A, F) row by row, then b (A,).

    Args:
        genome: where it begins.
        components: K, of the features, the leading ones of the first tries, on which it learns.
        judged: the leading ones that its critic sees, K at the least.
        discount: see `Critic`.
        trace: see `Critic`.
        rng: see `Critic`.
    """

    def __init__(
        self,
        genome: NDArray[np.float64],
        components: int,
        judged: int,
        discount: float,
        trace: float,
        rng: Generator,
    ) -> None:
        self.genome = genome
        self._components = components
        self._judged = judged
        self._critic = Critic(judged, discount, trace, rng)
        self._basis: Basis | None = None

    def learn(
        self,
        features: NDArray[Any],
        drawn: NDArray[np.float64],
        rewards: NDArray[np.float64],
        lengths: NDArray[np.int64],
        smoothing: float,
        step: float,
    ) -> None:
        """Move on by `step` times the gradient.

        Args:
            features: (N, F), before the steps of all episodes, one behind the other.
            drawn: (N, A), see `natural_gradient`.
            rewards: (N,).
            lengths: (E,), steps of each episode.
            smoothing: see `natural_gradient`.
            step: the noise's strength is a long one.

        Raises:
            ValueError: the features of the first tries vary in fewer directions than are asked for.
        """
        self._basis = self._basis or Basis.fitted(features, self._judged)
        x = (features - self._basis.mean) @ self._basis.directions
        advantages = self._critic.advantages(x, rewards, lengths)
        own = Basis(self._basis.mean, self._basis.directions[:, : self._components])
        gradient = natural_gradient(x[:, : own.size], drawn, advantages, lengths, smoothing)
        weight, bias = own.unfolded(*gradient)
        self.genome = self.genome + step * np.concatenate([weight.ravel(), bias])

    def state(self) -> dict[str, Any]:
        """All that was learned, for `restore`."""
        basis = list(self._basis) if self._basis else None
        return {"genome": self.genome, "basis": basis, "critic": self._critic.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where another one stopped that was made alike."""
        self.genome = state["genome"]
        self._basis = Basis(*state["basis"]) if state["basis"] else None
        self._critic.restore(state["critic"])
