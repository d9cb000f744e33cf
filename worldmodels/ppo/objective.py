"""PPO's clipped objective (Schulman et al. 2017, eq. 7) and generalised advantage estimates
(Schulman et al. 2016), for episodes that go on with a probability.
"""

from __future__ import annotations

import numpy as np

from worldmodels.nn.parameters import Array


def advantage_estimates(
    rewards: Array, values: Array, continues: Array, discount: float, gae_lambda: float
) -> Array:
    """(T, B): generalised advantage estimates of each step, given that it is reached.

    Args:
        rewards: (T, B).
        values: (T + 1, B), of the states before each step and after the last.
        continues: (T, B), the probability that the episode goes on after a step.
        discount: of a reward, a step.
        gae_lambda: weight of rewards against values.
    """
    advantages = np.zeros_like(rewards)
    later = np.zeros_like(rewards[0])
    for t in range(len(rewards) - 1, -1, -1):
        decay = discount * continues[t]
        delta = rewards[t] + decay * values[t + 1] - values[t]
        advantages[t] = later = delta + decay * gae_lambda * later
    return advantages


def survival_weights(continues: Array) -> Array:
    """(T, B): the probability that a step is reached, given that each (T, B) is followed."""
    weights = np.ones_like(continues)
    np.cumprod(continues[:-1], axis=0, out=weights[1:])
    return weights


def clipped_objective(
    mean: Array,
    old_mean: Array,
    actions: Array,
    advantages: Array,
    weights: Array,
    std: float,
    clip_range: float,
) -> tuple[float, Array, float]:
    """The loss, its gradient by `mean` (N, A), and the share of steps whose ratio is clipped.

    The loss is minus the mean of weight * min(r a, clip(r, 1 - e, 1 + e) a), where a is the
    advantage and r the probability of the action now against that when it was taken.

    Args:
        mean: (N, A), of the Gaussian policy, before the tanh.
        old_mean: (N, A), when the actions were taken.
        actions: (N, A), before the tanh.
        advantages: (N,).
        weights: (N,), of the steps.
        std: of the policy.
        clip_range: e.
    """
    error = actions - mean
    log_ratio = (np.square(actions - old_mean) - np.square(error)).sum(axis=1) / (2 * std**2)
    ratio = np.exp(log_ratio)
    surrogate = ratio * advantages
    clipped = np.clip(ratio, 1 - clip_range, 1 + clip_range) * advantages
    loss = -float((weights * np.minimum(surrogate, clipped)).mean())
    # where the clipped one is less, it does not depend on the mean
    slope = np.where(surrogate <= clipped, -weights * surrogate / len(mean), 0)
    outside = np.abs(ratio - 1) > clip_range
    return loss, (slope[:, None] * error / std**2).astype(mean.dtype), float(outside.mean())
