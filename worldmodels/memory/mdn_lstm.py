"""The paper's M: an LSTM that predicts the distribution of the next z; negative log-likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from worldmodels.memory.lstm_memory import LSTMMemory
from worldmodels.memory.mixture import mixture_mean, mixture_nll, mixture_sample
from worldmodels.nn.parameters import Array


class MDNLSTM(LSTMMemory):
    """Predicts a mixture of K Gaussians for each dimension of the next z.

    Example:
        >>> memory = MDNLSTM.initial(32, 3, 256, np.random.default_rng(0), num_mixtures=5)
        >>> memory.parameters.flat.size  # the paper's
        422368

    Args:
        arrays: see `LSTMMemory`; and `min_std`, a number that is added to every standard
            deviation.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    kind = "mdn_lstm"
    unit = "nats"
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {
        "z.weight": ("R", "3K", "Z"),
        "z.bias": ("3K", "Z"),
    }

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        weights = dict(arrays)
        min_std = np.asarray(weights.pop("min_std", np.nan))
        if min_std.shape or min_std.dtype.kind != "f" or not 0 < min_std < np.inf:
            raise ValueError(f"array 'min_std' must be one number above 0, found {min_std}")
        super().__init__(weights, dtype)
        self.min_std = float(min_std)

    @staticmethod
    def _z_outputs(num_mixtures: int, z_size: int) -> Mapping[str, tuple[int, ...]]:
        return {"z": (3 * num_mixtures, z_size)}

    @staticmethod
    def _constants(min_std: float) -> dict[str, Array]:
        return {"min_std": np.array(min_std)}

    def arrays(self) -> dict[str, Array]:
        """The arrays of a file, which the constructor takes."""
        return {**super().arrays(), **self._constants(self.min_std)}

    def _mean(self, head_features: Array) -> Array:
        return mixture_mean(*self._head_outputs(head_features))

    def _sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        (y,) = self._head_outputs(head_features)
        return mixture_sample(y, self.min_std, uniform, normal, temperature)

    def _z_loss(self, outputs: Sequence[Array], targets: Array) -> tuple[float, Sequence[Array]]:
        """Negative log-likelihood in nats per dimension, and its gradient by y (N, 3K, Z)."""
        (y,) = outputs
        nll, dy = mixture_nll(y, targets, self.min_std)
        dy /= nll.size
        return float(nll.mean()), [dy]
