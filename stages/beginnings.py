"""A few moments of recorded drives as V sees them: where somebody else's dreams begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from numpy.typing import NDArray

BEGINNINGS = "beginnings"  # what a file of them says it holds


class Beginnings(NamedTuple):
    """S moments, each with the up to W recorded steps before it."""

    z: NDArray[Any]  # (S, Z), float32 like all of them
    past_z: NDArray[Any]  # (S, W, Z)
    past_actions: NDArray[Any]  # (S, W, A), what was then done
    steps: NDArray[Any]  # (S,), how many of the W, the last ones, there are

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Those in a file.

        Raises:
            ValueError: the arrays are something else.
        """
        if set(arrays) != set(cls._fields):
            raise ValueError(f"it should hold {', '.join(cls._fields)}, found {sorted(arrays)}")
        found = cls(**arrays)
        axes = [array.ndim for array in found]
        if axes != [2, 3, 3, 1]:
            raise ValueError(f"its arrays should have 2, 3, 3 and 1 axes, found {axes}")
        starts, z_size = found.z.shape
        before = found.past_z.shape[1]
        if (
            not starts
            or found.past_z.shape != (starts, before, z_size)
            or found.past_actions.shape[:2] != (starts, before)
            or found.steps.shape != (starts,)
            or not ((found.steps >= 0) & (found.steps <= before)).all()
        ):
            shapes = ", ".join(f"{name} {array.shape}" for name, array in found._asdict().items())
            raise ValueError(f"its arrays do not fit each other: {shapes}")
        return found
