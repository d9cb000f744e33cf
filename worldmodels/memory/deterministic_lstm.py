"""The reference stub's M: an LSTM and a linear layer that predict the next z; squared error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from worldmodels.memory.lstm_memory import LSTMMemory
from worldmodels.nn.layers import squared_error
from worldmodels.nn.parameters import Array


class DeterministicLSTM(LSTMMemory):
    """Predicts the mean of the next z.

    Its standard deviation is set after training, from the residuals.

    Args:
        arrays: see `LSTMMemory`; and `residual` (Z,), the standard deviation of the prediction
            error, 0 if it is missing.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    kind = "lstm"
    unit = "squared error"
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {"z.weight": ("R", "Z"), "z.bias": ("Z",)}

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        weights = dict(arrays)
        residual = weights.pop("residual", None)
        super().__init__(weights, dtype)
        self.residual: Array = np.zeros(self.z_size, dtype)
        if residual is not None:
            if residual.shape != (self.z_size,) or not np.isfinite(residual).all():
                raise ValueError(
                    f"array 'residual' must be {self.z_size} finite numbers, found {residual.shape}"
                )
            self.residual = residual.astype(dtype)

    @staticmethod
    def _z_outputs(num_mixtures: int, z_size: int) -> Mapping[str, tuple[int, ...]]:
        return {"z": (z_size,)}

    def _mean(self, head_features: Array) -> Array:
        (z,) = self._head_outputs(head_features)
        return z

    def arrays(self) -> dict[str, Array]:
        """The arrays of a file, which the constructor takes."""
        return {**super().arrays(), "residual": self.residual}

    def calibrate(self, residual: Array) -> None:
        """Set the standard deviation (Z,) of the prediction error."""
        self.residual = residual.astype(self.parameters.flat.dtype)

    def _sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """The prediction plus Gaussian noise with the variance of the prediction error, times the
        temperature; `uniform` is not used.
        """
        z: Array = self._mean(head_features) + math.sqrt(temperature) * self.residual * normal
        return z

    def _z_loss(self, outputs: Sequence[Array], targets: Array) -> tuple[float, Sequence[Array]]:
        """Mean squared error, and its gradient by the predicted z (N, Z)."""
        (z,) = outputs
        error, dz = squared_error(z, targets)
        return error, [dz]
