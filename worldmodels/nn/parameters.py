"""Named arrays over one flat vector."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from string import digits
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[np.floating[Any]]


class Parameters(Mapping[str, Array]):
    """Named arrays that are views of one flat vector: a model reads the names, an optimiser moves
    the vector.

    Example:
        >>> parameters = Parameters({"weight": np.ones((2, 3)), "bias": np.zeros(3)})
        >>> parameters.flat *= 2
        >>> parameters["weight"][0]
        array([2., 2., 2.], dtype=float32)

    Args:
        arrays: what to copy in, in the order in which it lies in `flat`.
        dtype: of all of them; float32 in the pipeline, float64 to check gradients.
    """

    def __init__(self, arrays: Mapping[str, ArrayLike], dtype: DTypeLike = np.float32) -> None:
        self.flat: Array = np.concatenate(
            [np.asarray(array, dtype).ravel() for array in arrays.values()]
        )
        self._views = _views(self.flat, {name: np.shape(array) for name, array in arrays.items()})

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[str, Array], np.dtype[Any]]]:
        """A copy in another process is one vector again, not a vector and many arrays."""
        return Parameters, (dict(self), self.flat.dtype)

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def astype(self, dtype: DTypeLike) -> Parameters:
        """A copy of another precision."""
        return Parameters(self, dtype)

    def zeros_like(self) -> Parameters:
        """The same names and shapes, filled with zeros: room for a gradient."""
        zeros = object.__new__(Parameters)
        zeros.flat = np.zeros_like(self.flat)
        zeros._views = _views(zeros.flat, {name: view.shape for name, view in self.items()})
        return zeros


def _views(flat: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Arrays of these shapes, one behind the other in a flat vector."""
    views, start = {}, 0
    for name, shape in shapes.items():
        end = start + math.prod(shape)
        views[name] = flat[start:end].reshape(shape)
        start = end
    return views


def scaled_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    """(fan_in, fan_out) ~ N(0, 1 / fan_in): keeps the size of what passes through."""
    weight: Array = rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)
    return weight


def checked_shapes(
    arrays: Mapping[str, NDArray[Any]], sizes: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    """The size behind every letter, e.g. {"Z": 16}, of arrays that a file claims to be a model.

    Args:
        arrays: name to array.
        sizes: name to its shape in letters; a letter means the same size wherever it stands, "4H"
            four times "H", and "4" is four.

    Raises:
        ValueError: an array is missing, unknown, not of finite numbers, or does not fit the others.
    """
    if set(arrays) != set(sizes):
        missing, unknown = sorted(set(sizes) - set(arrays)), sorted(set(arrays) - set(sizes))
        raise ValueError(f"missing arrays {missing}, unknown arrays {unknown}")
    known = {"": 1}  # so that a number without a letter is that many
    for name, axes in sizes.items():
        array = arrays[name]
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"array '{name}' must hold finite floating-point numbers")
        if array.ndim != len(axes):
            raise ValueError(f"array '{name}' must have {len(axes)} axes, found {array.ndim}")
        for size, letters in zip(array.shape, axes, strict=True):
            letter = letters.lstrip(digits)
            factor = int(letters.removesuffix(letter) or 1)
            if (
                size < 1
                or size % factor
                or known.setdefault(letter, size // factor) * factor != size
            ):
                raise ValueError(
                    f"array '{name}' has shape {array.shape}, which does not fit the others"
                )
    del known[""]
    return known
