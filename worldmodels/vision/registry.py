"""The V's by the names that params.yaml knows them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from worldmodels.nn.parameters import Array
from worldmodels.vision.autoencoder import Autoencoder
from worldmodels.vision.conv_vae import ConvVAE
from worldmodels.vision.vae import VAE

AnyVision = Autoencoder | VAE | ConvVAE


# Each takes the arrays of a file, and raises ValueError where they are not its own.
VISIONS: dict[str, Callable[[Mapping[str, Array]], AnyVision]] = {
    Autoencoder.kind: Autoencoder,
    VAE.kind: VAE,
    ConvVAE.kind: ConvVAE,
}


def make_vision(
    kind: str,
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    z_size: int,
    hidden: int,
    width: float,
    beta: float,
    free_bits: float,
) -> AnyVision:
    """An untrained V of a kind in VISIONS, for observations (height, width, channels).

    Args:
        kind: a key of VISIONS.
        shape: of an observation.
        rng: draws the weights.
        z_size: latent dimensions.
        hidden: units of the hidden layers of `autoencoder` and `vae`.
        width: channels of `conv_vae`, as a share of the paper's.
        beta: weight of the KL divergence; of `vae` and `conv_vae`.
        free_bits: nats of KL per latent dimension that cost nothing; likewise.

    Raises:
        ValueError: that kind does not take such observations.
    """
    pixels = int(np.prod(shape))
    if kind == Autoencoder.kind:
        return Autoencoder.initial(pixels, hidden, z_size, rng)
    vision: VAE | ConvVAE
    if kind == VAE.kind:
        vision = VAE.initial(pixels, hidden, z_size, rng)
    else:
        vision = ConvVAE.initial(shape, z_size, width, rng)
    vision.set_loss_weights(beta, free_bits)
    return vision
