"""A natural actor-critic (Peters & Schaal 2008) for a linear C."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.controller.pca import WhitenedPCA
from worldmodels.finetune.critic import Critic
from worldmodels.finetune.natural_gradient import natural_gradient


class ActorCritic:
    """Improves theta: W (A, F) row by row, then b (A,).

    Args:
        theta: the initial one.
        components: K, leading principal components of the first batch's features, that it learns
            on.
        critic_components: the leading ones that the critic sees, at least K.
        discount: see `Critic`.
        gae_lambda: see `Critic`.
        rng: see `Critic`.
    """

    def __init__(
        self,
        theta: NDArray[np.float64],
        components: int,
        critic_components: int,
        discount: float,
        gae_lambda: float,
        rng: Generator,
    ) -> None:
        self.theta = theta
        self._components = components
        self._critic_components = critic_components
        self._critic = Critic(critic_components, discount, gae_lambda, rng)
        self._pca: WhitenedPCA | None = None

    def learn(
        self,
        features: NDArray[Any],
        noise: NDArray[np.float64],
        rewards: NDArray[np.float64],
        lengths: NDArray[np.int64],
        noise_correlation: float,
        step_size: float,
    ) -> None:
        """Add `step_size` times the natural gradient to theta.

        Args:
            features: (N, F), before the steps of all episodes, one after the other.
            noise: (N, A), see `natural_gradient`.
            rewards: (N,).
            lengths: (E,), steps of each episode.
            noise_correlation: see `natural_gradient`.
            step_size: of the order of the noise's standard deviation.

        Raises:
            ValueError: the features of the first batch have fewer components.
        """
        self._pca = self._pca or WhitenedPCA.fit(features, self._critic_components)
        x = self._pca.transform(features)
        advantages = self._critic.advantages(x, rewards, lengths)
        actor_pca = self._pca.leading(self._components)
        gradient = natural_gradient(
            x[:, : actor_pca.size], noise, advantages, lengths, noise_correlation
        )
        weight, bias = actor_pca.fold_into(*gradient)
        self.theta = self.theta + step_size * np.concatenate([weight.ravel(), bias])

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        pca = list(self._pca) if self._pca else None
        return {"theta": self.theta, "pca": pca, "critic": self._critic.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from the state of one with the same arguments."""
        self.theta = state["theta"]
        self._pca = WhitenedPCA(*state["pca"]) if state["pca"] else None
        self._critic.restore(state["critic"])
