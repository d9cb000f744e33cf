"""The base class of VAEs: a normal distribution over z, and a loss that keeps it near N(0, 1).

Kingma & Welling 2014, with the weight beta of Higgins et al. 2017 and the free bits of Ha &
Schmidhuber 2018. Read `VariationalAutoencoder.loss_and_gradient` first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from worldmodels.nn.layers import dense, dense_backward, sigmoid
from worldmodels.nn.parameters import Array, Parameters

CHUNK = 64  # observations at a time where no gradient is needed, so that activations stay in cache
BETA = 1.0
FREE_BITS = 0.5  # nats per latent dimension
Activations = list[Array]  # the input of every layer, and the output of the last


class VisionBatch(NamedTuple):
    """A batch to train any V on."""

    observations: Array  # (N, ...) in [0, 1]
    noise: Array  # (N, noise_size) ~ N(0, 1)

    def split(self, size: int) -> Iterator[VisionBatch]:
        """The same in batches of at most `size` observations."""
        for start in range(0, len(self.observations), size):
            yield VisionBatch(*(array[start : start + size] for array in self))


class LossTerms(NamedTuple):
    """The terms of a V's loss, and the loss; means over observations."""

    error: float  # of the reconstruction, per pixel
    kl: float  # KL(q(z|x) || N(0, 1)), in nats per observation
    loss: float

    @classmethod
    def mean(cls, terms: Sequence[LossTerms], counts: Sequence[int]) -> LossTerms:
        """The mean over batches of these numbers of observations."""
        weights = np.array(counts) / sum(counts)
        return cls(*(float(values @ weights) for values in np.array(terms).T))


def kl_divergence(mean: Array, logvar: Array) -> Array:
    """KL(N(mean, exp(logvar)) || N(0, 1)) summed over z: (N, Z) to (N,), in nats."""
    kl: Array = 0.5 * (mean * mean + np.exp(logvar) - logvar - 1).sum(axis=1)
    return kl


def reparameterise(mean: Array, logvar: Array, noise: Array) -> Array:
    """z ~ N(mean, exp(logvar)) as a function of noise ~ N(0, 1); all (N, Z)."""
    z: Array = mean + np.exp(0.5 * logvar) * noise
    return z


class VariationalAutoencoder(ABC):
    """A V with a normal distribution over z for each observation.

    The loss is `error + beta * max(KL, free_bits * Z) / pixels`, a mean over observations. It is
    the negative evidence lower bound divided by the number of pixels, so that the losses of all V's
    have one scale; Adam's steps do not depend on such a factor.

    Args:
        parameters: of all layers; `mean` and `logvar` map the encoder's features to q(z|x).
        pixels: numbers in an observation, D.
        z_size: latent dimensions, Z.
    """

    ERROR: ClassVar[str]  # what `error` is, and its unit
    columns = 1  # of a picture, that z has the numbers of, one column after the other

    def __init__(self, parameters: Parameters, pixels: int, z_size: int) -> None:
        self.parameters = parameters
        self.pixels = pixels
        self.z_size = self.noise_size = z_size
        self.set_loss_weights(BETA, FREE_BITS)

    def set_loss_weights(self, beta: float, free_bits: float) -> None:
        """Set the weights of the KL term.

        Args:
            beta: weight of a nat of KL.
            free_bits: nats per latent dimension below which the KL term is constant.
        """
        self._beta = beta
        self._free_nats = free_bits * self.z_size

    @abstractmethod
    def error(self, logits: Array, targets: Array, /) -> tuple[float, Array]:
        """Reconstruction error per pixel of logits (N, D), and its gradient by the logits."""

    @abstractmethod
    def _encoder(self, observations: Array) -> Activations:
        """Activations from observations (N, ...) to features (N, F)."""

    @abstractmethod
    def _encoder_backward(
        self, dfeatures: Array, activations: Activations, gradient: Parameters
    ) -> None:
        """Fill the encoder's gradient, given dL/dfeatures."""

    @abstractmethod
    def _decoder(self, z: Array) -> Activations:
        """Activations from z (N, Z) to logits (N, D)."""

    @abstractmethod
    def _decoder_backward(
        self, dlogits: Array, activations: Activations, gradient: Parameters
    ) -> Array:
        """dL/dz, given dL/dlogits; fills the decoder's gradient."""

    def encode(self, observations: Array) -> Array:
        """The mean of z (N, Z) of observations (N, ...) of D pixels."""
        return self._posterior(observations, "mean")[0]

    def posterior(self, observations: Array) -> tuple[Array, Array]:
        """Mean and log-variance of z, (N, Z) each, of observations (N, ...) of D pixels."""
        mean, logvar = self._posterior(observations, "mean", "logvar")
        return mean, logvar

    def _posterior(self, observations: Array, *layers: str) -> list[Array]:
        """The outputs (N, Z) of these layers on the encoder's features."""
        outputs = [np.empty((len(observations), self.z_size), observations.dtype) for _ in layers]
        for start in range(0, len(observations), CHUNK):
            rows = slice(start, start + CHUNK)
            features = self._encoder(observations[rows])[-1]
            for layer, output in zip(layers, outputs, strict=True):
                output[rows] = self._of_features(features, layer)
        return outputs

    def _of_features(self, features: Array, layer: str) -> Array:
        """The output (N, Z) of `mean` or `logvar`; features may be those of several places."""
        return dense(features, self.parameters, layer).reshape(-1, self.z_size)

    def decode(self, z: Array) -> Array:
        """Observations (N, D) in [0, 1] of z (N, Z)."""
        return sigmoid(self._decoder(z)[-1])

    def loss(self, batch: VisionBatch) -> float:
        """The loss of these observations with this noise."""
        return self.terms(batch).loss

    def terms(self, batch: VisionBatch) -> LossTerms:
        """The loss and its terms."""
        chunks = list(batch.split(CHUNK))
        counts = [len(chunk.observations) for chunk in chunks]
        return LossTerms.mean([self._terms(chunk) for chunk in chunks], counts)

    def _terms(self, batch: VisionBatch) -> LossTerms:
        mean, logvar = self.posterior(batch.observations)
        logits = self._decoder(reparameterise(mean, logvar, batch.noise))[-1]
        error, _ = self.error(logits, batch.observations.reshape(logits.shape))
        kl = kl_divergence(mean, logvar)
        return LossTerms(error, float(kl.mean()), error + self._kl_term(kl))

    @property
    def kl_floor(self) -> float:
        """The KL term at a KL of 0: the free bits are charged there too."""
        return self._kl_term(np.zeros(1))

    def _kl_term(self, kl: Array) -> float:
        """The loss's term of KL (N,)."""
        return self._beta * float(np.maximum(kl, self._free_nats).mean()) / self.pixels

    def loss_and_gradient(self, batch: VisionBatch) -> tuple[float, Parameters]:
        """The loss and its gradient by all parameters."""
        p, gradient = self.parameters, self.parameters.zeros_like()
        encoder = self._encoder(batch.observations)
        features = encoder[-1]
        mean, logvar = (self._of_features(features, layer) for layer in ("mean", "logvar"))
        decoder = self._decoder(reparameterise(mean, logvar, batch.noise))
        error, dlogits = self.error(decoder[-1], batch.observations.reshape(decoder[-1].shape))
        kl = kl_divergence(mean, logvar)

        dz = self._decoder_backward(dlogits, decoder, gradient)
        # dL/dKL of each observation: 0 where the KL is within the free bits
        weight = self._beta / self.pixels / len(kl)
        dkl = (weight * (kl > self._free_nats)).astype(kl.dtype)[:, None]
        dmean = dz + dkl * mean
        dlogvar = 0.5 * (dz * batch.noise * np.exp(0.5 * logvar) + dkl * (np.exp(logvar) - 1))
        dfeatures = dense_backward(dmean, features, p, gradient, "mean")
        dfeatures += dense_backward(dlogvar, features, p, gradient, "logvar")
        self._encoder_backward(dfeatures, encoder, gradient)
        return error + self._kl_term(kl), gradient
