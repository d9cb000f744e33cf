"""What Gymnasium's vector environments take and give besides arrays: modes, seeds and info."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from worldmodels.gym.arguments import check_integer, is_integer
from worldmodels.gym.racing import NO_LIMIT


def autoreset_mode_of(mode: AutoresetMode | str) -> AutoresetMode:
    """A mode, of itself, its name (SAME_STEP) or its value (SameStep).

    Raises:
        ValueError: there is no such mode.
    """
    for known in AutoresetMode:
        if mode is known or (isinstance(mode, str) and mode in (known.name, known.value)):
            return known
    names = ", ".join(known.name for known in AutoresetMode)
    raise ValueError(f"autoreset_mode must be one of {names}; found {mode!r}")


def step_limit(max_episode_steps: int | None) -> int:
    """The steps after which an episode is truncated, of what `make_vec` is given.

    Raises:
        ValueError: it is no integer above 0, nor None or -1, which are no limit.
    """
    if max_episode_steps is None or (is_integer(max_episode_steps) and max_episode_steps == -1):
        return NO_LIMIT
    return min(check_integer("max_episode_steps", max_episode_steps, 1), NO_LIMIT)


def seeds_of_rows(seed: int | Sequence[int | None] | None, num_envs: int) -> list[int | None]:
    """A seed for each row: seed + i for row i, unless each has one of its own.

    Raises:
        ValueError: one is no integer of at least 0, or there are more or fewer than rows.
    """
    if seed is None:
        return [None] * num_envs
    if not isinstance(seed, Sequence) or isinstance(seed, str):
        first = check_integer("seed", seed, 0)
        return [first + row for row in range(num_envs)]
    if len(seed) != num_envs:
        raise ValueError(f"there must be a seed for each of {num_envs} rows; found {len(seed)}")
    return [None if each is None else check_integer("a row's seed", each, 0) for each in seed]


def option_of_rows(options: Mapping[str, Any] | None, name: str, rows: int) -> NDArray[np.bool_]:
    """An option that is a mask of rows; all of them if it is not given.

    Raises:
        ValueError: it is no NumPy array of that many booleans, or none of them is true.
    """
    if not options or name not in options:
        return np.ones(rows, np.bool_)
    mask = options[name]
    shape, dtype = getattr(mask, "shape", None), getattr(mask, "dtype", None)
    if shape != (rows,) or dtype != np.bool_ or not mask.any():
        raise ValueError(
            f"options[{name!r}] must be a NumPy array of {rows} booleans, one of them true; found "
            f"{mask!r}"
        )
    return np.array(mask)


def masked(info: Mapping[str, Any], mask: NDArray[np.bool_]) -> dict[str, Any]:
    """The info of some rows of a batch in Gymnasium's format.

    Entries of other rows are zero (None of objects), and `_name` says of which rows `name` is.
    Arrays are copies.
    """
    infos = dict[str, Any]()
    for name, values in info.items():
        if isinstance(values, np.ndarray):
            values = values.copy()
            values[~mask] = None if values.dtype == object else 0
        infos[name], infos[f"_{name}"] = values, mask.copy()
    return infos
