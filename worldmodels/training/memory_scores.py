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
from worldmodels.memory.sequences import Pieces
from worldmodels.nn.parameters import Array


class Means(NamedTuple):
    """Means over all steps of pieces; (Z,) a number of z each, or one number."""

    z_next: Array  # (Z,), the next z
    z_next_squared: Array  # (Z,)
    moved_squared: Array  # (Z,), the next z less this one
    missed_squared: Array  # (Z,), the next z less M's mean of it
    reward: Array
    reward_squared: Array
    ends: Array
    losses: Array  # (1,) or (3,), what M is trained on, by layer


def means(memory: RecurrentMemory, parts: Iterable[Pieces]) -> Means:
    """Gather them over parts of all pieces."""
    gathered, steps = [], []
    for pieces in parts:
        readout = memory.readout(memory.states(pieces))
        over_steps = [
            pieces.z_next,
            np.square(pieces.z_next),
            np.square(pieces.z_next - pieces.z),
            np.square(pieces.z_next - memory.predict(readout)),
            pieces.rewards,
            np.square(pieces.rewards),
            pieces.ends,
        ]
        losses = np.array(list(memory.losses(readout, pieces).values()))
        gathered.append([*(entry.mean(axis=0, dtype=np.float64) for entry in over_steps), losses])
        steps.append(len(pieces.z))
    return Means(
        *(np.average(entry, axis=0, weights=steps) for entry in zip(*gathered, strict=True))
    )


def scores(
    memory: RecurrentMemory, train: Means, held_out: Means, sigma_floor: float
) -> dict[str, float]:
    """M on held-out steps, each score next to what needs no M; standard deviations, rates and means
    of the latter are those of the training steps.
    """
    z_loss, *outcome_losses = held_out.losses.tolist()

    def gaussian(squared_error: Array, variance: Array) -> float:
        """Nats a dimension of Gaussians of these variances (Z,), from their mean squared error."""
        sigma = np.maximum(np.sqrt(np.maximum(variance, 0)), sigma_floor)
        nats = HALF_LOG_TWO_PI + np.log(sigma) + squared_error / (2 * sigma**2)
        return float(nats.mean())

    found = {
        "held_out_mse": float(held_out.missed_squared.mean()),
        "z_stays_mse": float(held_out.moved_squared.mean()),
        "held_out_nats": z_loss
        if memory.unit == "nats"
        else gaussian(held_out.missed_squared, train.missed_squared),
        "z_stays_nats": gaussian(held_out.moved_squared, train.moved_squared),
        "one_gaussian_nats": gaussian(
            held_out.z_next_squared - 2 * held_out.z_next * train.z_next + train.z_next**2,
            train.z_next_squared - train.z_next**2,
        ),
    }
    if outcome_losses:
        rate = np.clip(train.ends, 1e-6, 1 - 1e-6)
        found |= {
            "reward_mse": outcome_losses[0] / memory.reward_weight,
            "mean_reward_mse": float(
                held_out.reward_squared - 2 * held_out.reward * train.reward + train.reward**2
            ),
            "end_nats": outcome_losses[1],
            "base_rate_nats": float(
                -held_out.ends * np.log(rate) - (1 - held_out.ends) * np.log(1 - rate)
            ),
        }
    return found
