"""The arrays of a convolutional LSTM as M: their shapes, its constants, and random weights."""

from __future__ import annotations

import math

import numpy as np

from worldmodels.nn.conv_lstm import CONV_LSTM_SHAPES, KERNEL
from worldmodels.nn.parameters import Array

Z_KERNEL = 5  # columns of z that a column's gates see
HEAD_KERNEL = 3  # columns of h and z that its head sees
SHAPES = {
    **CONV_LSTM_SHAPES,
    "head.weight": ("J", "R"),
    "head.bias": ("R",),
    "z.weight": ("R", "2", "K"),  # the mean, and the logarithm of the deviation less `min_std`
    "z.bias": ("2", "K"),
}
OUTCOME_SHAPES: dict[str, tuple[str, ...]] = {
    "outcome.weight": ("M", "U"),
    "outcome.bias": ("U",),
    "reward.weight": ("U",),
    "reward.bias": (),
    "done.weight": ("U",),
    "done.bias": (),
}


def initial_arrays(
    z_size: int,
    action_size: int,
    hidden: int,
    columns: int,
    head_hidden: int,
    predict_reward_done: bool,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Weights ~ N(0, 2 / fan_in) before a ReLU, else N(0, 1 / fan_in); biases 0, but 1 for the
    forget gate.

    Args:
        z_size: latent dimensions, Z.
        action_size: numbers of an action, A.
        hidden: units of a column, H.
        columns: P.
        head_hidden: units of the hidden layers before the heads, R.
        predict_reward_done: whether there are heads for the reward and the episode's end.
        rng: draws the weights.
    """
    numbers, features = z_size // columns, 2 * action_size + 2
    inputs = Z_KERNEL * numbers + features + KERNEL * hidden
    fan_in = inputs + 2 * hidden
    arrays: dict[str, Array] = {
        "lstm.weight": rng.normal(0, 1 / math.sqrt(fan_in), (inputs, 4 * hidden)),
        "lstm.pooled_weight": rng.normal(0, 1 / math.sqrt(fan_in), (2 * hidden, 4 * hidden)),
        "lstm.bias": np.repeat([0.0, 1.0, 0.0, 0.0], hidden),
    }

    def add(name: str, inputs: int, outputs: tuple[int, ...], gain: float = 1.0) -> None:
        arrays[f"{name}.weight"] = rng.normal(0, math.sqrt(gain / inputs), (inputs, *outputs))
        arrays[f"{name}.bias"] = np.zeros(outputs)

    add("head", HEAD_KERNEL * (hidden + numbers) + features, (head_hidden,), gain=2)
    add("z", head_hidden, (2, numbers))
    if predict_reward_done:
        add("outcome", columns * (hidden + numbers) + 2 * action_size, (head_hidden,), gain=2)
        add("reward", head_hidden, ())
        add("done", head_hidden, ())
    return arrays


def constant_arrays(
    columns: int,
    min_std: float,
    action_threshold: float,
    reward_range: tuple[float, float] | None,
) -> dict[str, Array]:
    """The arrays of a file that are not trained; `reward_range` is None without such a head."""
    arrays = {
        "columns": np.array(columns),
        "min_std": np.array(min_std),
        "action_threshold": np.array(action_threshold),
    }
    return arrays if reward_range is None else {**arrays, "reward_range": np.array(reward_range)}


def pop_reward_range(arrays: dict[str, Array]) -> tuple[float, float]:
    """Take `reward_range` out of the arrays of a file.

    Raises:
        ValueError: it is missing, or no two numbers, the first below the second.
    """
    found = np.asarray(arrays.pop("reward_range", np.nan))
    if found.shape != (2,) or found.dtype.kind != "f" or not -np.inf < found[0] < found[1] < np.inf:
        raise ValueError(
            f"array 'reward_range' must be two numbers, the first below the second, found {found}"
        )
    return float(found[0]), float(found[1])


def pop_constants(arrays: dict[str, Array]) -> tuple[int, float, float]:
    """Take `columns`, `min_std` and `action_threshold` out of the arrays of a file.

    Raises:
        ValueError: one is missing, or no such number.
    """
    columns, min_std, threshold = (
        np.asarray(arrays.pop(name, np.nan)) for name in ("columns", "min_std", "action_threshold")
    )
    if columns.shape or columns.dtype.kind not in "iu" or columns < 1:
        raise ValueError(f"array 'columns' must be a whole number above 0, found {columns}")
    if min_std.shape or min_std.dtype.kind != "f" or not 0 < min_std < np.inf:
        raise ValueError(f"array 'min_std' must be one number above 0, found {min_std}")
    if threshold.shape or threshold.dtype.kind != "f" or not 0 <= threshold < 1:
        raise ValueError(
            f"array 'action_threshold' must be one number in [0, 1), found {threshold}"
        )
    return int(columns), float(min_std), float(threshold)
