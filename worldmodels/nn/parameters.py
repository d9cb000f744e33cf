"""Named arrays over one flat vector, their initialisation, and the check of their shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from string import digits
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[np.floating[Any]]
LARGEST = np.finfo(np.float32).max


class Parameters(Mapping[str, Array]):
    """Named arrays that are views of one flat vector.

    A model reads the arrays by name; an optimiser updates the vector.

    Example:
        >>> parameters = Parameters({"weight": np.ones((2, 3)), "bias": np.zeros(3)})
        >>> parameters.flat *= 2
        >>> parameters["weight"][0]
        array([2., 2., 2.], dtype=float32)

    Args:
        arrays: the initial values, which are copied; `flat` has them in this order.
        dtype: of all arrays; float32 in the pipeline, float64 to check gradients.
    """

    def __init__(self, arrays: Mapping[str, ArrayLike], dtype: DTypeLike = np.float32) -> None:
        self.flat: Array = np.concatenate(
            [np.asarray(array, dtype).ravel() for array in arrays.values()]
        )
        self._views = _views(self.flat, {name: np.shape(array) for name, array in arrays.items()})

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[str, Array], np.dtype[Any]]]:
        """Unpickled, the arrays are views of one vector again, not copies beside it."""
        return Parameters, (dict(self), self.flat.dtype)

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def zeros_like(self) -> Parameters:
        """Zeros with the same names and shapes, to be filled with a gradient."""
        zeros = object.__new__(Parameters)
        zeros.flat = np.zeros_like(self.flat)
        zeros._views = _views(zeros.flat, {name: view.shape for name, view in self.items()})
        return zeros


def _views(flat: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Views of a flat vector with these shapes, one after the other."""
    views, start = {}, 0
    for name, shape in shapes.items():
        end = start + math.prod(shape)
        views[name] = flat[start:end].reshape(shape)
        start = end
    return views


def lecun_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    """A weight (fan_in, fan_out) ~ N(0, 1 / fan_in), which preserves the variance of its input."""
    weight: Array = rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)
    return weight


def dense_layers(
    rng: np.random.Generator, layers: Mapping[str, tuple[int, int]]
) -> dict[str, Array]:
    """Initial arrays of dense layers: weights ~ N(0, 1 / fan_in), biases 0.

    Args:
        rng: draws the weights.
        layers: (fan_in, fan_out) by the layer's name.
    """
    arrays: dict[str, Array] = {}
    for name, (fan_in, fan_out) in layers.items():
        arrays[f"{name}.weight"] = lecun_normal(rng, fan_in, fan_out)
        arrays[f"{name}.bias"] = np.zeros(fan_out)
    return arrays


def match_shapes(
    arrays: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    """The size that every letter stands for, e.g. {"Z": 16}, in the arrays of a model's file.

    Args:
        arrays: by name.
        shapes: by name, in letters. A letter stands for the same size wherever it occurs, "4H" for
            four times "H", and "4" for four.

    Raises:
        ValueError: an array is missing, unknown, not of finite floats, or does not fit the others.
    """
    if set(arrays) != set(shapes):
        missing, unknown = sorted(set(shapes) - set(arrays)), sorted(set(arrays) - set(shapes))
        raise ValueError(f"missing arrays {missing}, unknown arrays {unknown}")
    sizes = {"": 1}  # an axis such as "4" has no letter
    for name, axes in shapes.items():
        array = arrays[name]
        if array.dtype.kind != "f" or not (np.abs(array) <= LARGEST).all():
            raise ValueError(f"array '{name}' must hold finite floating-point numbers")
        if array.ndim != len(axes):
            raise ValueError(f"array '{name}' must have {len(axes)} axes, found {array.ndim}")
        for length, axis in zip(array.shape, axes, strict=True):
            letter = axis.lstrip(digits)
            factor = int(axis.removesuffix(letter) or 1)
            if (
                length < 1
                or length % factor
                or sizes.setdefault(letter, length // factor) * factor != length
            ):
                raise ValueError(
                    f"array '{name}' has shape {array.shape}, which does not fit the others"
                )
    del sizes[""]
    return sizes
