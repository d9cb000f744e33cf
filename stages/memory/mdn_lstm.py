"""The paper's M: an LSTM that says how the next z is distributed; negative log-likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from stages.memory.mixture import mixture_mean, mixture_nats, mixture_sample
from stages.memory.recurrent import Pieces, RecurrentMemory, initial_arrays, initial_outcome
from stages.nn.layers import dense
from stages.nn.parameters import Array


class MDNLSTM(RecurrentMemory):
    """Says a mixture of K Gaussians for each number of the next z.

    Example:
        >>> memory = MDNLSTM.initial(
        ...     32, 3, 256, np.random.default_rng(0), mixtures=5, sigma_floor=0.01
        ... )
        >>> memory.parameters.flat.size  # the paper's
        422368

    Args:
        arrays: as for every M; and `sigma_floor`, a number that no standard deviation falls below.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    kind = "mdn_lstm"
    unit = "nats"
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {
        "z.weight": ("H", "3K", "Z"),
        "z.bias": ("3K", "Z"),
    }

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        learned = dict(arrays)
        floor = np.asarray(learned.pop("sigma_floor", np.nan))
        if floor.shape or floor.dtype.kind != "f" or not 0 < floor < np.inf:
            raise ValueError(f"array 'sigma_floor' must be one number above 0, found {floor}")
        super().__init__(learned, dtype)
        self.sigma_floor = float(floor)

    @classmethod
    def initial(
        cls,
        z_size: int,
        action_size: int,
        hidden: int,
        rng: np.random.Generator,
        *,
        mixtures: int,
        sigma_floor: float,
        predict_outcome: bool = False,
    ) -> MDNLSTM:
        """Weights ~ N(0, 1 / fan_in), biases 0, the forget gate's 1; K = `mixtures`."""
        arrays = initial_arrays(z_size, action_size, hidden, (3 * mixtures, z_size), rng)
        if predict_outcome:
            arrays |= initial_outcome(hidden, rng)
        return cls({**arrays, "sigma_floor": np.array(sigma_floor)})

    def arrays(self) -> dict[str, Array]:
        """What the constructor takes, as a file holds it."""
        return {**self.parameters, "sigma_floor": np.array(self.sigma_floor)}

    def predict(self, h: Array) -> Array:
        """The mean of the next z (..., Z), given a state h (..., H) after the step."""
        return mixture_mean(dense(h, self.parameters, "z"))

    def sample(self, h: Array, uniform: Array, normal: Array, temperature: float) -> Array:
        """A next z (..., Z): see `mixture_sample`."""
        y = dense(h, self.parameters, "z")
        return mixture_sample(y, self.sigma_floor, uniform, normal, temperature)

    def _z_error(self, y: Array, pieces: Pieces) -> tuple[float, Array]:
        """Nats a number of z, and their gradient by y (N, 3K, Z)."""
        nats, dy = mixture_nats(y, pieces.z_next, self.sigma_floor)
        dy /= nats.size
        return float(nats.mean()), dy
