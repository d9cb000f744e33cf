"""What Gymnasium's vector environments take and give besides arrays: seeds, options and info."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def seeds_of_rows(seed: int | Sequence[int | None] | None, num_envs: int) -> list[int | None]:
    """A seed for each row: seed + i for row i, unless each has one of its own.

    Raises:
        ValueError: there are more or fewer seeds than rows.
    """
    if seed is None:
        return [None] * num_envs
    if isinstance(seed, int | np.integer):
        return [int(seed) + row for row in range(num_envs)]
    if len(seed) != num_envs:
        raise ValueError(f"there must be a seed for each of {num_envs} rows; found {len(seed)}")
    return list(seed)


def option_of_rows(options: Mapping[str, Any] | None, name: str, rows: int) -> NDArray[np.bool_]:
    """An option that is a mask of rows; all of them if it is not given.

    Raises:
        ValueError: it is no array of that many booleans, or none of them is true.
    """
    mask = (options or {}).get(name)
    if mask is None:
        return np.ones(rows, np.bool_)
    shape, dtype = getattr(mask, "shape", None), getattr(mask, "dtype", None)
    if shape != (rows,) or dtype != np.bool_ or not mask.any():
        raise ValueError(
            f"options[{name!r}] must be an array of {rows} booleans, one of them true; found "
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
