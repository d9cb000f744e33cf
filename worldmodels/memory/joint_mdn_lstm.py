"""An MDN-LSTM with one mixture for the whole of z, so that samples keep its correlations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.mixture import joint_mixture_mean, joint_nll, sample_component, softmax
from worldmodels.nn.layers import dense
from worldmodels.nn.parameters import Array


class JointMDNLSTM(MDNLSTM):
    """Predicts one mixture of K diagonal Gaussians for the next z, not one for each dimension.

    Args:
        arrays: see `LSTMMemory`; and `min_std`, a number that is added to every standard
            deviation.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    kind = "joint_mdn_lstm"
    Z_LAYERS = ("logits", "z")
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]] = {
        "logits.weight": ("R", "K"),
        "logits.bias": ("K",),
        "z.weight": ("R", "2K", "Z"),
        "z.bias": ("2K", "Z"),
    }

    @staticmethod
    def _z_outputs(num_mixtures: int, z_size: int) -> Mapping[str, tuple[int, ...]]:
        return {"logits": (num_mixtures,), "z": (2 * num_mixtures, z_size)}

    def _mean(self, head_features: Array) -> Array:
        return joint_mixture_mean(*self._head_outputs(head_features))

    def _sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """See `LSTMMemory`; given head features (N, R).

        uniform[:, 0] selects a component; only the selected components are computed. As in
        `mixture_sample`, the temperature divides the logits and multiplies the variance.
        """
        p = self.parameters
        weights, _ = softmax(dense(head_features, p, "logits") / temperature, axis=-1)
        component = sample_component(weights, uniform[..., 0], axis=-1)[..., 0]
        z = math.sqrt(temperature) * normal
        count = weights.shape[-1]
        for number in np.unique(component):
            rows, mean_and_std = component == number, [number, count + number]
            y = np.tensordot(head_features[rows], p["z.weight"][:, mean_and_std], axes=1)
            y += p["z.bias"][mean_and_std]
            mean, log_std = y[:, 0], y[:, 1]
            z[rows] = mean + z[rows] * (np.exp(log_std) + self.min_std)
        return z

    def _z_loss(self, outputs: Sequence[Array], targets: Array) -> tuple[float, Sequence[Array]]:
        """Negative log-likelihood in nats per dimension, and its gradients by the logits (N, K) and
        y (N, 2K, Z).
        """
        logits, y = outputs
        nll, *gradients = joint_nll(logits, y, targets, self.min_std)
        for gradient in gradients:
            gradient /= targets.size
        return float(nll.mean()) / self.z_size, gradients
