"""The note's M: an LSTM and a linear layer that predict the next z; mean squared error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from worldmodels.memory.recurrent import RecurrentMemory, initial_arrays, squared_error
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.parameters import Array


class DeterministicLSTM(RecurrentMemory):
    """Says one next z; how sure that is, it is told after its training.

    Args:
        arrays: as for every M; and `residual` (Z,), the standard deviation of what it says, 0 where
            there is none.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    kind = "lstm"
    unit = "squared error"
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {"z.weight": ("R", "Z"), "z.bias": ("Z",)}

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
        head_features: int = 0,
        predict_reward_done: bool = False,
    ) -> DeterministicLSTM:
        """As `initial_arrays` has it."""
        arrays = initial_arrays(
            z_size,
            action_size,
            hidden,
            {"z": (z_size,)},
            rng,
            head_features=head_features,
            predict_reward_done=predict_reward_done,
        )
        return cls(arrays)

    def predict(self, head_features: Array) -> Array:
        """The next z (..., Z) that a readout (..., R) stands for."""
        (z,) = self._head_outputs(head_features)
        return z

    def arrays(self) -> dict[str, Array]:
        """What the constructor takes, as a file holds it."""
        return {**self.parameters, "residual": self.residual}

    def calibrate(self, residual: Array) -> None:
        """Be told the standard deviation (Z,) of what it says."""
        self.residual = residual.astype(self.parameters.flat.dtype)

    def sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """The same, and noise of the size of its own error, its variance times the temperature."""
        z: Array = self.predict(head_features) + math.sqrt(temperature) * self.residual * normal
        return z

    def _z_loss(
        self, said: Sequence[Array], sequences: PackedSequences
    ) -> tuple[float, Sequence[Array]]:
        """Mean squared error, and its gradient by the next z (N, Z) that is said."""
        (z,) = said
        error, dz = squared_error(z, sequences.z_next)
        return error, [dz]
