"""The paper's M: an LSTM that says how the next z is distributed; negative log-likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from worldmodels.memory.mixture import mixture_mean, mixture_nll, mixture_sample
from worldmodels.memory.recurrent import RecurrentMemory, initial_arrays
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.parameters import Array


class MDNLSTM(RecurrentMemory):
    """Says a mixture of K Gaussians for each number of the next z.

    Example:
        >>> memory = MDNLSTM.initial(
        ...     32, 3, 256, np.random.default_rng(0), mixtures=5, min_std=0.01
        ... )
        >>> memory.parameters.flat.size  # the paper's
        422368

    Args:
        arrays: as for every M; and `min_std`, a number that no standard deviation falls below.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    kind = "mdn_lstm"
    unit = "nats"
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {
        "z.weight": ("R", "3K", "Z"),
        "z.bias": ("3K", "Z"),
    }

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        learned = dict(arrays)
        floor = np.asarray(learned.pop("min_std", np.nan))
        if floor.shape or floor.dtype.kind != "f" or not 0 < floor < np.inf:
            raise ValueError(f"array 'min_std' must be one number above 0, found {floor}")
        super().__init__(learned, dtype)
        self.min_std = float(floor)

    @classmethod
    def initial(
        cls,
        z_size: int,
        action_size: int,
        hidden: int,
        rng: np.random.Generator,
        *,
        mixtures: int,
        min_std: float,
        head_features: int = 0,
        predict_reward_done: bool = False,
    ) -> MDNLSTM:
        """As `initial_arrays` has it; K = `mixtures`."""
        arrays = initial_arrays(
            z_size,
            action_size,
            hidden,
            cls._outputs(mixtures, z_size),
            rng,
            head_features=head_features,
            predict_reward_done=predict_reward_done,
        )
        return cls({**arrays, "min_std": np.array(min_std)})

    @staticmethod
    def _outputs(mixtures: int, z_size: int) -> Mapping[str, tuple[int, ...]]:
        """Of the layers of the next z."""
        return {"z": (3 * mixtures, z_size)}

    def arrays(self) -> dict[str, Array]:
        """What the constructor takes, as a file holds it."""
        return {**self.parameters, "min_std": np.array(self.min_std)}

    def predict(self, head_features: Array) -> Array:
        """The mean of the next z (..., Z), given a readout (..., R)."""
        return mixture_mean(*self._head_outputs(head_features))

    def sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """A next z (..., Z): see `mixture_sample`."""
        (y,) = self._head_outputs(head_features)
        return mixture_sample(y, self.min_std, uniform, normal, temperature)

    def _z_loss(
        self, said: Sequence[Array], sequences: PackedSequences
    ) -> tuple[float, Sequence[Array]]:
        """Nats a number of z, and their gradient by y (N, 3K, Z)."""
        (y,) = said
        nats, dy = mixture_nll(y, sequences.z_next, self.min_std)
        dy /= nats.size
        return float(nats.mean()), [dy]
