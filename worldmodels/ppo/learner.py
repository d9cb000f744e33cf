"""PPO: what an iteration's dreams teach C and its critic."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from worldmodels.nn.adam import Adam
from worldmodels.nn.layers import squared_error
from worldmodels.pipeline.config.ppo_params import TrainC
from worldmodels.ppo.dreams import DreamBatch
from worldmodels.ppo.networks import MLP
from worldmodels.ppo.objective import advantage_estimates, clipped_objective, survival_weights

CRITIC_HIDDEN = 32  # units of the critic's hidden layer, at the least
CRITIC_RATE_FACTOR = 2.0  # of its learning rate, beside C's
MAX_GRAD_NORM = 1.0
MIN_RELATIVE_STD = 1e-3  # of values, beside their mean: of equal rewards it is rounding
EPSILON = 1e-8


class UpdateStats(NamedTuple):
    """What an update says of itself, by CleanRL's names."""

    dream_return: float  # mean sum of a dream's or an episode's rewards, weighted by survival
    explained_variance: float  # of the returns, by the critic
    clip_fraction: float  # of the steps, whose ratio was outside the clip range


class PPO:
    """Improves C, with noise of a fixed standard deviation, and fits a critic.

    The critic predicts values in units of those of the first batch, so that the scale of the
    rewards does not matter.

    Args:
        settings: see `TrainC`.
        policy: C before the tanh, on standardised features; it is changed in place.
        critic: the values, on the same features; likewise.
    """

    def __init__(self, settings: TrainC, policy: MLP, critic: MLP) -> None:
        self._settings = settings
        self.policy, self._critic = policy, critic
        rate = settings.learning_rate
        self._adam = Adam(policy.parameters, rate, MAX_GRAD_NORM)
        self._critic_adam = Adam(critic.parameters, CRITIC_RATE_FACTOR * rate, MAX_GRAD_NORM)
        self._value_scale: tuple[float, float] | None = None  # mean and standard deviation

    def update(self, batch: DreamBatch, lr_factor: float, rng: Generator) -> UpdateStats:
        """Some epochs of minibatches; `rng` draws their order."""
        settings = self._settings
        weights = survival_weights(batch.continues)
        if self._value_scale is None:
            self._value_scale = first_value_scale(batch, weights, settings.discount)
        mean, std = self._value_scale
        values = mean + std * self._critic(batch.x)[..., 0].astype(np.float64)
        advantages = advantage_estimates(
            batch.rewards, values, batch.continues, settings.discount, settings.gae_lambda
        )
        reached = np.flatnonzero(weights)
        x, actions, means = (
            array.reshape(weights.size, -1)[reached]
            for array in (batch.x[:-1], batch.actions, batch.means)
        )
        w, a, v = (array.ravel()[reached] for array in (weights, advantages, values[:-1]))
        returns = a + v
        targets = ((returns - mean) / std).astype(np.float32)[:, None]
        a = a - np.average(a, weights=w)
        a /= np.sqrt(np.average(a * a, weights=w)) + EPSILON
        clipped: list[float] = []
        for _ in range(settings.epochs):
            order = rng.permutation(len(reached))
            for rows in np.split(
                order, range(settings.batch_size, len(order), settings.batch_size)
            ):
                _, gradient, outside = clipped_objective(
                    self.policy(x[rows]),
                    means[rows],
                    actions[rows],
                    a[rows],
                    w[rows],
                    settings.action_std,
                    settings.clip_range,
                )
                self._adam.step(self.policy.gradient(x[rows], gradient), lr_factor)
                _, gradient = squared_error(self._critic(x[rows]), targets[rows])
                self._critic_adam.step(self._critic.gradient(x[rows], gradient), lr_factor)
                clipped.append(outside)
        return UpdateStats(
            float((weights * batch.rewards).sum(axis=0).mean()),
            float(1 - np.var(returns - v) / (np.var(returns) + EPSILON)),
            float(np.mean(clipped)),
        )

    @property
    def is_finite(self) -> bool:
        """Whether all weights of C and its critic are finite numbers."""
        networks = self.policy, self._critic
        return all(bool(np.isfinite(each.parameters.flat).all()) for each in networks)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        return {
            "policy": self.policy.parameters.flat.copy(),
            "critic": self._critic.parameters.flat.copy(),
            "adam": self._adam.state(),
            "critic_adam": self._critic_adam.state(),
            "value_scale": self._value_scale,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue, bit for bit, from the state of one with the same arguments."""
        self.policy.parameters.flat[...] = state["policy"]
        self._critic.parameters.flat[...] = state["critic"]
        self._adam.restore(state["adam"])
        self._critic_adam.restore(state["critic_adam"])
        self._value_scale = tuple(state["value_scale"]) if state["value_scale"] else None


def first_value_scale(batch: DreamBatch, weights: Any, discount: float) -> tuple[float, float]:
    """Mean and standard deviation of values that a batch lets expect.

    The mean is that of the rewards, discounted for ever; the deviation is that of the returns of
    the batch's steps, with the mean after the horizon.
    """
    decay = discount * float(np.average(batch.continues, weights=weights))
    reward = float(np.average(batch.rewards, weights=weights))
    mean = reward / max(1 - decay, 1 / len(batch.rewards))
    values = np.full((len(batch.rewards) + 1, batch.rewards.shape[1]), mean)
    returns = advantage_estimates(batch.rewards, values, batch.continues, discount, 1.0) + mean
    std = np.sqrt(np.average(np.square(returns - mean), weights=weights))
    return mean, max(float(std), MIN_RELATIVE_STD * abs(mean), EPSILON)
