"""How well an M says what comes next, beside what can be said without one.

All of it follows from means over steps, which are gathered piece by piece: what fits in memory is
a few pieces, what is scored are thousands.
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
    """Means over all steps of pieces; (Z,) a number of z each, or one number."""

    z_next: Array  # (Z,), the next z
    z_next_squared: Array  # (Z,)
    persistence_error_sq: Array  # (Z,), the next z less this one
    error_sq: Array  # (Z,), the next z less M's mean of it
    reward: Array
    reward_squared: Array
    dones: Array
    losses: Array  # (1,) or (3,), what M is trained on, by layer


def means(memory: RecurrentMemory, parts: Iterable[PackedSequences]) -> StepMoments:
    """Gather them over parts of all pieces."""
    gathered, steps = [], []
    for sequences in parts:
        head_features = memory.head_features(memory.states(sequences))
        over_steps = [
            sequences.z_next,
            np.square(sequences.z_next),
            np.square(sequences.z_next - sequences.z),
            np.square(sequences.z_next - memory.predict(head_features)),
            sequences.rewards,
            np.square(sequences.rewards),
            sequences.dones,
        ]
        losses = np.array(list(memory.losses(head_features, sequences).values()))
        gathered.append([*(entry.mean(axis=0, dtype=np.float64) for entry in over_steps), losses])
        steps.append(len(sequences.z))
    return StepMoments(
        *(np.average(entry, axis=0, weights=steps) for entry in zip(*gathered, strict=True))
    )


def scores(
    memory: RecurrentMemory, train: StepMoments, held_out: StepMoments, min_std: float
) -> dict[str, float]:
    """M on held-out steps, each score next to what needs no M; standard deviations, rates and means
    of the latter are those of the training steps.
    """
    z_loss, *outcome_losses = held_out.losses.tolist()

    def gaussian(squared_error: Array, variance: Array) -> float:
        """Nats a dimension of Gaussians of these variances (Z,), from their mean squared error."""
        sigma = np.maximum(np.sqrt(np.maximum(variance, 0)), min_std)
        nats = HALF_LOG_TWO_PI + np.log(sigma) + squared_error / (2 * sigma**2)
        return float(nats.mean())

    found = {
        "held_out_mse": float(held_out.error_sq.mean()),
        "persistence_mse": float(held_out.persistence_error_sq.mean()),
        "held_out_nll": z_loss
        if memory.unit == "nats"
        else gaussian(held_out.error_sq, train.error_sq),
        "persistence_nll": gaussian(held_out.persistence_error_sq, train.persistence_error_sq),
        "marginal_gaussian_nll": gaussian(
            held_out.z_next_squared - 2 * held_out.z_next * train.z_next + train.z_next**2,
            train.z_next_squared - train.z_next**2,
        ),
    }
    if outcome_losses:
        rate = np.clip(train.dones, 1e-6, 1 - 1e-6)
        found |= {
            "reward_mse": outcome_losses[0] / memory.reward_weight,
            "mean_reward_mse": float(
                held_out.reward_squared - 2 * held_out.reward * train.reward + train.reward**2
            ),
            "done_nll": outcome_losses[1],
            "done_base_rate_nll": float(
                -held_out.dones * np.log(rate) - (1 - held_out.dones) * np.log(1 - rate)
            ),
        }
    return found
