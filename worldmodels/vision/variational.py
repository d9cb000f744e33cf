"""What VAEs share: a code that is a normal distribution, and a loss that keeps it close to N(0, 1).

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

AT_ONCE = 64  # pictures, where no gradient is wanted: what lies between layers stays in cache
BETA = 1.0
FREE_BITS = 0.5  # nats a number of z
Trace = list[Array]  # what each layer was given; last, what the last one gave


class VisionBatch(NamedTuple):
    """The batch that every V learns from."""

    pictures: Array  # (N, ...) in [0, 1]
    noise: Array  # (N, noise_size) ~ N(0, 1)

    def split(self, size: int) -> Iterator[VisionBatch]:
        """The same, so many pictures at a time."""
        for start in range(0, len(self.pictures), size):
            yield VisionBatch(*(array[start : start + size] for array in self))


class LossTerms(NamedTuple):
    """What a V's loss is made of, and the loss; means over pictures."""

    error: float  # of the reconstruction, per pixel
    kl: float  # what z tells of a picture (nats)
    loss: float

    @classmethod
    def mean(cls, parts: Sequence[LossTerms], counts: Sequence[int]) -> LossTerms:
        """Over all pictures, from parts of so many."""
        shares = np.array(counts) / sum(counts)
        return cls(*(float(values @ shares) for values in np.array(parts).T))


def kl_divergence(mean: Array, logvar: Array) -> Array:
    """KL(N(mean, exp(logvar)) || N(0, 1)) summed over z: (N, Z) to (N,), in nats."""
    kl: Array = 0.5 * (mean * mean + np.exp(logvar) - logvar - 1).sum(axis=1)
    return kl


def reparameterised(mean: Array, logvar: Array, noise: Array) -> Array:
    """z ~ N(mean, exp(logvar)) as a function of noise ~ N(0, 1); all (N, Z)."""
    z: Array = mean + np.exp(0.5 * logvar) * noise
    return z


class VariationalAutoencoder(ABC):
    """A V whose code is a normal distribution for each picture.

    Its loss is `error + beta * max(KL, free_bits * Z) / pixels`, the mean over pictures: a bound
    on the log-likelihood, all of it divided by the number of pixels. Adam does not see such a
    factor, and the losses of all V's have one scale.

    Args:
        parameters: of all layers; `mean` and `logvar` read the code from what the encoder gives.
        pixels: numbers a picture, D.
        z_size: numbers a code, Z.
    """

    ERROR: ClassVar[str]  # what is meant by error, and its unit

    def __init__(self, parameters: Parameters, pixels: int, z_size: int) -> None:
        self.parameters = parameters
        self.pixels = pixels
        self.z_size = self.noise_size = z_size
        self.set_loss_weights(BETA, FREE_BITS)

    def set_loss_weights(self, beta: float, free_bits: float) -> None:
        """Set what a code costs in training: `beta` a nat of KL, and as much as `free_bits` nats a
        number of z even where it tells less.
        """
        self._beta = beta
        self._free = free_bits * self.z_size

    @staticmethod
    @abstractmethod
    def error(logits: Array, targets: Array) -> tuple[float, Array]:
        """Of what is decoded, for pictures (N, D), per pixel; and its gradient by the logits."""

    @abstractmethod
    def _encoder(self, observations: Array) -> Trace:
        """Pictures (N, ...) to features (N, F)."""

    @abstractmethod
    def _encoder_backward(self, dfeatures: Array, trace: Trace, gradient: Parameters) -> None:
        """Fill the encoder's gradient, from dL/dfeatures."""

    @abstractmethod
    def _decoder(self, z: Array) -> Trace:
        """z (N, Z) to logits (N, D)."""

    @abstractmethod
    def _decoder_backward(self, dlogits: Array, trace: Trace, gradient: Parameters) -> Array:
        """Fill the decoder's gradient, from dL/dlogits, and return dL/dz."""

    def encode(self, observations: Array) -> Array:
        """Pictures (N, ...) of D pixels to the mean of z, (N, Z)."""
        return self._read(observations, "mean")[0]

    def posterior(self, observations: Array) -> tuple[Array, Array]:
        """The same, and the log-variance of z, (N, Z)."""
        mean, logvar = self._read(observations, "mean", "logvar")
        return mean, logvar

    def _read(self, observations: Array, *layers: str) -> list[Array]:
        """What these layers make of the features."""
        read = [np.empty((len(observations), self.z_size), observations.dtype) for _ in layers]
        for start in range(0, len(observations), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            features = self._encoder(observations[some])[-1]
            for layer, whole in zip(layers, read, strict=True):
                whole[some] = dense(features, self.parameters, layer)
        return read

    def decode(self, z: Array) -> Array:
        """z (N, Z) to pictures (N, D) in [0, 1]."""
        return sigmoid(self._decoder(z)[-1])

    def loss(self, batch: VisionBatch) -> float:
        """The loss of these pictures, with this noise."""
        return self.parts(batch).loss

    def parts(self, batch: VisionBatch) -> LossTerms:
        """What it is made of."""
        some = list(batch.split(AT_ONCE))
        return LossTerms.mean([self._parts(each) for each in some], [len(s.pictures) for s in some])

    def _parts(self, batch: VisionBatch) -> LossTerms:
        mean, logvar = self.posterior(batch.pictures)
        logits = self._decoder(reparameterised(mean, logvar, batch.noise))[-1]
        error, _ = self.error(logits, batch.pictures.reshape(logits.shape))
        kl = kl_divergence(mean, logvar)
        return LossTerms(error, float(kl.mean()), error + self._cost(kl))

    @property
    def kl_floor(self) -> float:
        """What a code that tells nothing adds to the loss: what is free must be paid for too."""
        return self._cost(np.zeros(1))

    def _cost(self, kl: Array) -> float:
        """What KL (N,) adds to the loss."""
        return self._beta * float(np.maximum(kl, self._free).mean()) / self.pixels

    def loss_and_gradient(self, batch: VisionBatch) -> tuple[float, Parameters]:
        """The same loss, and its gradient by every parameter."""
        p, gradient = self.parameters, self.parameters.zeros_like()
        looked = self._encoder(batch.pictures)
        features = looked[-1]
        mean, logvar = dense(features, p, "mean"), dense(features, p, "logvar")
        drawn = self._decoder(reparameterised(mean, logvar, batch.noise))
        error, dlogits = self.error(drawn[-1], batch.pictures.reshape(drawn[-1].shape))
        kl = kl_divergence(mean, logvar)

        dz = self._decoder_backward(dlogits, drawn, gradient)
        # dL/dKL of each picture: nothing where KL is below what is free
        dkl = (self._beta / self.pixels / len(kl) * (kl > self._free)).astype(kl.dtype)[:, None]
        dmean = dz + dkl * mean
        dlogvar = 0.5 * (dz * batch.noise * np.exp(0.5 * logvar) + dkl * (np.exp(logvar) - 1))
        dfeatures = dense_backward(dmean, features, p, gradient, "mean")
        dfeatures += dense_backward(dlogvar, features, p, gradient, "logvar")
        self._encoder_backward(dfeatures, looked, gradient)
        return error + self._cost(kl), gradient
