"""The two heads that predict a step's reward and whether it ends the episode, in training."""

from __future__ import annotations

import math

from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.layers import binary_cross_entropy, dense, squared_error
from worldmodels.nn.parameters import Array, Parameters

REWARD_DONE_SHAPES: dict[str, tuple[str, ...]] = {
    "reward.weight": ("R",),
    "reward.bias": (),
    "done.weight": ("R",),
    "done.bias": (),
}


def reward_done_losses(
    parameters: Parameters,
    head_features: Array,
    sequences: PackedSequences,
    reward_weight: float,
    done_weight: float,
) -> tuple[dict[str, float], dict[str, Array]]:
    """The terms of the loss, and its gradients (N,) by the outputs of both heads.

    `reward` is the squared error times its weight, `done` the binary cross-entropy in nats. Steps
    that end an episode count `done_weight` times. The weighted cross-entropy is least at odds that
    are as many times too high, so it is taken of those odds: M's own then stay as in the episodes.
    What the weight adds to `done` is a term of its own, `done_weighting`.
    """
    reward, done = (dense(head_features, parameters, name) for name in ("reward", "done"))
    reward_loss, dreward = squared_error(reward, sequences.rewards)
    done_loss, ddone = binary_cross_entropy(done, sequences.dones)
    losses = {"reward": reward_weight * reward_loss, "done": done_loss}
    if done_weight != 1:
        weights = 1 + (done_weight - 1) * sequences.dones
        weighted, ddone = binary_cross_entropy(
            done + math.log(done_weight), sequences.dones, weights
        )
        losses["done_weighting"] = weighted - done_loss
    return losses, {"reward": reward_weight * dreward, "done": ddone}
