"""The note's M: an LSTM and a linear layer that predict the next z; mean squared error."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from stages.memory.recurrent import Pieces, RecurrentMemory, initial_arrays, initial_outcome
from stages.nn.layers import dense
from stages.nn.parameters import Array


class DeterministicLSTM(RecurrentMemory):
    """Says one next z, and nothing of how sure it is."""

    kind = "lstm"
    unit = "squared error"
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {"z.weight": ("H", "Z"), "z.bias": ("Z",)}

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

    def sample(self, h: Array, rng: np.random.Generator, temperature: float) -> Array:
        """The same: of what is certain, nothing is drawn, at any temperature."""
        return self.predict(h)

    def _z_error(self, y: Array, pieces: Pieces) -> tuple[float, Array]:
        """Mean squared error, and its gradient by y (T, B, Z)."""
        error = (y - pieces.z_next) * pieces.weight[:, :, None]
        count = pieces.weight.sum() * self.z_size
        return float((error * error).sum() / count), 2 * error / count
