"""What people may give to the environments; anything else is refused in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

VIEW_SIZE = (2, 512)  # pixels; the raster of a track has 200
VIEW_REACH = (1e-9, 24.0)  # world units; the raster of a track is 24 wide
TEMPERATURE = (1e-9, 1e9)  # as of `PretrainedAgent.dream`
CHANNELS = (1, 3)


def is_integer(value: Any) -> bool:
    """Whether the value is an integer of Python or NumPy; booleans are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """The value as a Python integer.

    Raises:
        ValueError: it is no integer, or below `low` or above `high`.
    """
    if not is_integer(value) or value < low or (high is not None and value > high):
        span = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be an integer {span}; found {value!r}")
    return int(value)


def check_number(name: str, value: Any, low: float, high: float) -> float:
    """The value as a Python float.

    Raises:
        ValueError: it is no number, NaN, or below `low` or above `high`.
    """
    number = float(value) if isinstance(value, np.floating) else value
    if not (is_integer(number) or isinstance(number, float)) or not low <= number <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}; found {value!r}")
    return float(number)


def check_view(size: Any, channels: Any, reach: Any) -> tuple[int, int, float]:
    """The camera's pixels along a side, channels and reach.

    Raises:
        ValueError: one of them is not possible.
    """
    size = check_integer("view_size", size, *VIEW_SIZE)
    if not is_integer(channels) or channels not in CHANNELS:
        raise ValueError(f"channels must be 1 or 3; found {channels!r}")
    return size, int(channels), check_number("view_reach", reach, *VIEW_REACH)


def check_options(options: Any, *known: str) -> Mapping[str, Any]:
    """The options of a reset; empty if there are none.

    Raises:
        ValueError: they are no dictionary, or one of them is not known.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise ValueError(f"options of reset must be a dictionary; found {options!r}")
    if unknown := [name for name in options if name not in known]:
        raise ValueError(
            f"options of reset must be among {', '.join(map(repr, known))}; "
            f"found {', '.join(map(repr, unknown))}"
        )
    return options


def check_actions(actions: ArrayLike, shape: tuple[int, ...], wanted: str) -> NDArray[Any]:
    """Actions as an array of real numbers; they may be NaN.

    Args:
        actions: of a step.
        shape: that they must have.
        wanted: the beginning of the sentence that says so.

    Raises:
        ValueError: they are of another shape, or no real numbers.
    """
    try:
        array = np.asarray(actions)
    except ValueError:  # NumPy's, of lists within a list
        raise ValueError(f"{wanted}; found rows of different lengths") from None
    if array.shape != shape or array.dtype.kind not in "fiu":
        raise ValueError(f"{wanted}; found shape {array.shape} of {array.dtype.name}")
    return array
