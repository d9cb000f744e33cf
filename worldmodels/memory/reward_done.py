"""The two heads that predict a step's reward and whether it ends the episode, in training."""

from __future__ import annotations

import math

from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.layers import binary_cross_entropy, dense, sigmoid, squared_error
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
    reward_range: tuple[float, float] | None = None,
) -> tuple[dict[str, float], dict[str, Array]]:
    """The terms of the loss, and its gradients (N,) by the outputs of both heads.

    `reward` is the squared error times its weight, `done` the binary cross-entropy in nats. Steps
    that end an episode count `done_weight` times. The weighted cross-entropy is least at odds that
    are as many times too high, so it is taken of those odds: M's own then stay as in the episodes.
    What the weight adds to `done` is a term of its own, `done_weighting`.

    With a range of rewards the head gives their logit in it (`bounded_reward`). It is then trained
    on the cross-entropy in place of the squared error, the fractional logit of Papke & Wooldridge
    1996: also least at the mean reward, but more exact near the bounds, where a squared error does
    not tell a rare loss from none. The difference is a term of its own, `reward_logistic`.
    """
    reward, done = (dense(head_features, parameters, name) for name in ("reward", "done"))
    logistic = 0.0
    if reward_range is None:
        reward_loss, dreward = squared_error(reward, sequences.rewards)
    else:
        low, high = reward_range
        share = (sequences.rewards - low) / (high - low)
        reward_loss, _ = squared_error(bounded_reward(reward, reward_range), sequences.rewards)
        cross_entropy, dreward = binary_cross_entropy(reward, share.astype(reward.dtype))
        logistic = reward_weight * (cross_entropy - reward_loss)
    done_loss, ddone = binary_cross_entropy(done, sequences.dones)
    losses = {"reward": reward_weight * reward_loss, "done": done_loss}
    if done_weight != 1:
        weights = 1 + (done_weight - 1) * sequences.dones
        weighted, ddone = binary_cross_entropy(
            done + math.log(done_weight), sequences.dones, weights
        )
        losses["done_weighting"] = weighted - done_loss
    if reward_range is not None:
        losses["reward_logistic"] = logistic
    return losses, {"reward": reward_weight * dreward, "done": ddone}


def logit_shift(before: tuple[float, float], after: tuple[float, float]) -> float:
    """What to add to a logit in one range of rewards, so that in another it means the same loss
    beside the highest reward; exact for small losses, which most are.
    """
    (low, high), (low_after, high_after) = before, after
    return math.log((high_after - low_after) / (high - low))


def bounded_reward(logits: Array, reward_range: tuple[float, float]) -> Array:
    """Rewards between these two, given their logits."""
    low, high = reward_range
    return high - (high - low) * sigmoid(-logits)
