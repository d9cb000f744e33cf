"""An M whose mixture is one for all of z: what belongs together comes together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.mixture import chosen_of, joint_mean, joint_nats, softmax
from worldmodels.memory.sequences import Pieces
from worldmodels.nn.layers import dense
from worldmodels.nn.parameters import Array


class JointMDNLSTM(MDNLSTM):
    """Says one mixture of K Gaussians for the whole next z, in place of one for each number of it.

    Args:
        arrays: as for every M; and `sigma_floor`, a number that no standard deviation falls below.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    kind = "joint_mdn_lstm"
    Z_LAYERS = ("choice", "z")
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {
        "choice.weight": ("R", "K"),
        "choice.bias": ("K",),
        "z.weight": ("R", "2K", "Z"),
        "z.bias": ("2K", "Z"),
    }

    @staticmethod
    def _outputs(mixtures: int, z_size: int) -> Mapping[str, tuple[int, ...]]:
        return {"choice": (mixtures,), "z": (2 * mixtures, z_size)}

    def predict(self, readout: Array) -> Array:
        """The mean of the next z (..., Z), given a readout (..., R)."""
        return joint_mean(*self._said(readout))

    def sample(self, readout: Array, uniform: Array, normal: Array, temperature: float) -> Array:
        """A next z (N, Z), given readouts (N, R): the first number of the uniform noise chooses a
        Gaussian, and of those that are not chosen nothing is worked out.

        The temperature divides the logits, and the variance of the Gaussian is multiplied with it,
        as in `mixture_sample`.
        """
        p = self.parameters
        shares, _ = softmax(dense(readout, p, "choice") / temperature, axis=-1)
        chosen = chosen_of(shares, uniform[..., 0], axis=-1)[..., 0]
        drawn = math.sqrt(temperature) * normal
        count = shares.shape[-1]
        for number in np.unique(chosen):
            rows, two = chosen == number, [number, count + number]
            y = np.tensordot(readout[rows], p["z.weight"][:, two], axes=1) + p["z.bias"][two]
            mean, log_deviation = y[:, 0], y[:, 1]
            drawn[rows] = mean + drawn[rows] * (np.exp(log_deviation) + self.sigma_floor)
        return drawn

    def _z_error(self, said: Sequence[Array], pieces: Pieces) -> tuple[float, Sequence[Array]]:
        """Nats a number of z, and their gradient by logits (N, K) and y (N, 2K, Z)."""
        logits, y = said
        nats, *gradients = joint_nats(logits, y, pieces.z_next, self.sigma_floor)
        for gradient in gradients:
            gradient /= pieces.z_next.size
        return float(nats.mean()) / self.z_size, gradients
