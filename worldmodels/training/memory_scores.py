"""Scores of M's predictions on held-out steps, beside baselines that need no M.

All scores follow from means over steps. Those are accumulated chunk by chunk, because thousands of
sequences do not fit in memory together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from worldmodels.memory.mixture import HALF_LOG_TWO_PI
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.parameters import Array


class StepMoments(NamedTuple):
    """Means over all steps of sequences, per latent dimension (Z,) or of one number."""

    z_next: Array  # (Z,)
    z_next_sq: Array  # (Z,)
    persistence_error_sq: Array  # (Z,), of predicting that z stays as it is
    error_sq: Array  # (Z,), of M's mean
    reward: Array
    reward_sq: Array
    dones: Array
    losses: Array  # (1,) to (5,), the terms of M's loss


def step_moments(memory: RecurrentMemory, chunks: Iterable[PackedSequences]) -> StepMoments:
    """The means over the steps of all chunks."""
    chunk_means, steps = [], []
    for sequences in chunks:
        states = memory.states(sequences)
        head_features = memory.head_features(states, sequences.z, sequences.actions)
        over_steps = [
            sequences.z_next,
            np.square(sequences.z_next),
            np.square(sequences.z_next - sequences.z),
            np.square(sequences.z_next - memory.predict(head_features, sequences.z)),
            sequences.rewards,
            np.square(sequences.rewards),
            sequences.dones,
        ]
        losses = np.array(list(memory.losses(head_features, sequences).values()))
        means = [entry.mean(axis=0, dtype=np.float64) for entry in over_steps]
        chunk_means.append([*means, losses])
        steps.append(len(sequences.z))
    return StepMoments(
        *(np.average(entry, axis=0, weights=steps) for entry in zip(*chunk_means, strict=True))
    )


def memory_scores(
    memory: RecurrentMemory, train: StepMoments, held_out: StepMoments, min_std: float
) -> dict[str, float]:
    """Errors of M and of the baselines on held-out steps, by metric.

    The standard deviations, rates and means that the baselines use are those of the training steps.

    Args:
        memory: M, whose terms of the loss `held_out` has.
        train: means over the training steps.
        held_out: means over the held-out steps.
        min_std: least standard deviation of a fitted Gaussian.
    """
    z_loss, *reward_done_losses = held_out.losses.tolist()

    def gaussian_nll(squared_error: Array, variance: Array) -> float:
        """NLL in nats per dimension of Gaussians with these variances (Z,)."""
        sigma = np.maximum(np.sqrt(np.maximum(variance, 0)), min_std)
        nll = HALF_LOG_TWO_PI + np.log(sigma) + squared_error / (2 * sigma**2)
        return float(nll.mean())

    scores = {
        "held_out_mse": float(held_out.error_sq.mean()),
        "persistence_mse": float(held_out.persistence_error_sq.mean()),
        "held_out_nll": z_loss
        if memory.unit == "nats"
        else gaussian_nll(held_out.error_sq, train.error_sq),
        "persistence_nll": gaussian_nll(held_out.persistence_error_sq, train.persistence_error_sq),
        "marginal_gaussian_nll": gaussian_nll(
            held_out.z_next_sq - 2 * held_out.z_next * train.z_next + train.z_next**2,
            train.z_next_sq - train.z_next**2,
        ),
    }
    if reward_done_losses:
        rate = np.clip(train.dones, 1e-6, 1 - 1e-6)
        scores |= {
            "reward_mse": reward_done_losses[0] / memory.reward_weight,
            "mean_reward_mse": float(
                held_out.reward_sq - 2 * held_out.reward * train.reward + train.reward**2
            ),
            "done_nll": reward_done_losses[1],
            "done_base_rate_nll": float(
                -held_out.dones * np.log(rate) - (1 - held_out.dones) * np.log(1 - rate)
            ),
        }
        if memory.reward_range:
            difference = reward_done_losses[-1] / memory.reward_weight
            scores["reward_cross_entropy"] = scores["reward_mse"] + difference
            scores["mean_reward_cross_entropy"] = mean_reward_cross_entropy(
                memory.reward_range, train, held_out
            )
        if memory.done_weight != 1:
            weighted = base_rate_loss(rate, held_out.dones, memory.done_weight)
            scores["done_base_rate_weighting"] = weighted - scores["done_base_rate_nll"]
    return scores


def mean_reward_cross_entropy(
    reward_range: tuple[float, float], train: StepMoments, held_out: StepMoments
) -> float:
    """The loss of the reward, if M's is a logit in this range and always that of the mean."""
    low, high = reward_range
    share = np.clip((train.reward - low) / (high - low), 1e-6, 1 - 1e-6)
    held_out_share = (held_out.reward - low) / (high - low)
    return float(-held_out_share * np.log(share) - (1 - held_out_share) * np.log(1 - share))


def base_rate_loss(rate: Array, dones: Array, weight: float) -> float:
    """The loss of done, where ends count `weight` times, if M always says `rate`.

    `dones` is the share of the steps that end their episode.
    """
    odds = weight * rate / (1 - rate)  # see `RecurrentMemory`
    return float(weight * dones * np.log1p(1 / odds) + (1 - dones) * np.log1p(odds))
