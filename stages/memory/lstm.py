"""The note's M: an LSTM and a linear layer that predict the next z; mean squared error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from stages.memory.recurrent import (
    Pieces,
    RecurrentMemory,
    initial_arrays,
    initial_outcome,
    squared_error,
)
from stages.nn.layers import dense
from stages.nn.parameters import Array


class DeterministicLSTM(RecurrentMemory):
    """Says one next z; how sure that is, it is told after its training.

    Args:
        arrays: as for every M; and `residual` (Z,), the standard deviation of what it says, 0 where
            there is none.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    kind = "lstm"
    unit = "squared error"
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {"z.weight": ("H", "Z"), "z.bias": ("Z",)}

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        learned = dict(arrays)
        residual = learned.pop("residual", None)
        super().__init__(learned, dtype)
        self.residual: Array = np.zeros(self.z_size, dtype)
        if residual is not None:
            if residual.shape != (self.z_size,) or not np.isfinite(residual).all():
                raise ValueError(
                    f"array 'residual' must be {self.z_size} finite numbers, found {residual.shape}"
                )
            self.residual = residual.astype(dtype)

    @classmethod
    def initial(
        cls,
        z_size: int,
        action_size: int,
        hidden: int,
        rng: np.random.Generator,
        *,
        predict_outcome: bool = False,
    ) -> DeterministicLSTM:
        """Weights ~ N(0, 1 / fan_in), biases 0, the forget gate's 1."""
        arrays = initial_arrays(z_size, action_size, hidden, (z_size,), rng)
        if predict_outcome:
            arrays |= initial_outcome(hidden, rng)
        return cls(arrays)

    def predict(self, h: Array) -> Array:
        """The next z (..., Z) that a state h (..., H) after the step stands for."""
        return dense(h, self.parameters, "z")

    def arrays(self) -> dict[str, Array]:
        """What the constructor takes, as a file holds it."""
        return {**self.parameters, "residual": self.residual}

    def calibrate(self, residual: Array) -> None:
        """Be told the standard deviation (Z,) of what it says."""
        self.residual = residual.astype(self.parameters.flat.dtype)

    def sample(self, h: Array, uniform: Array, normal: Array, temperature: float) -> Array:
        """The same, and noise of the size of its own error, its variance times the temperature."""
        z: Array = self.predict(h) + math.sqrt(temperature) * self.residual * normal
        return z

    def _z_error(self, y: Array, pieces: Pieces) -> tuple[float, Array]:
        """Mean squared error, and its gradient by y (N, Z)."""
        return squared_error(y, pieces.z_next)
