"""An M whose mixture is one for all of z: what belongs together comes together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.mixture import joint_mixture_mean, joint_nll, sample_component, softmax
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.layers import dense
from worldmodels.nn.parameters import Array


class JointMDNLSTM(MDNLSTM):
    """Says one mixture of K Gaussians for the whole next z, in place of one for each number of it.

    Args:
        arrays: as for every M; and `min_std`, a number that no standard deviation falls below.
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

    def predict(self, head_features: Array) -> Array:
        """The mean of the next z (..., Z), given a readout (..., R)."""
        return joint_mixture_mean(*self._head_outputs(head_features))

    def sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """A next z (N, Z), given readouts (N, R): the first number of the uniform noise chooses a
        Gaussian, and of those that are not chosen nothing is worked out.

        The temperature divides the logits, and the variance of the Gaussian is multiplied with it,
        as in `mixture_sample`.
        """
        p = self.parameters
        weights, _ = softmax(dense(head_features, p, "choice") / temperature, axis=-1)
        chosen = sample_component(weights, uniform[..., 0], axis=-1)[..., 0]
        drawn = math.sqrt(temperature) * normal
        count = weights.shape[-1]
        for number in np.unique(chosen):
            rows, two = chosen == number, [number, count + number]
            y = np.tensordot(head_features[rows], p["z.weight"][:, two], axes=1) + p["z.bias"][two]
            mean, log_deviation = y[:, 0], y[:, 1]
            drawn[rows] = mean + drawn[rows] * (np.exp(log_deviation) + self.min_std)
        return drawn

    def _z_loss(
        self, said: Sequence[Array], sequences: PackedSequences
    ) -> tuple[float, Sequence[Array]]:
        """Nats a number of z, and their gradient by logits (N, K) and y (N, 2K, Z)."""
        logits, y = said
        nats, *gradients = joint_nll(logits, y, sequences.z_next, self.min_std)
        for gradient in gradients:
            gradient /= sequences.z_next.size
        return float(nats.mean()) / self.z_size, gradients
