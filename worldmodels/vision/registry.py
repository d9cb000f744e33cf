"""The kinds of V by the names in params.yaml and in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from worldmodels.nn.parameters import Array
from worldmodels.vision.autoencoder import Autoencoder
from worldmodels.vision.column_vae import ColumnVAE
from worldmodels.vision.conv_vae import ConvVAE
from worldmodels.vision.squared_error_vae import SquaredErrorVAE
from worldmodels.vision.vae import VAE

AnyVision = Autoencoder | VAE | ConvVAE | ColumnVAE


# Constructors that take a file's arrays, and raise ValueError if they are not of this kind.
VISIONS: dict[str, Callable[[Mapping[str, Array]], AnyVision]] = {
    Autoencoder.kind: Autoencoder,
    VAE.kind: VAE,
    ConvVAE.kind: ConvVAE,
    ColumnVAE.kind: ColumnVAE,
}


def make_vision(
    kind: str,
    shape: tuple[int, ...],
    rng: np.random.Generator,
    *,
    z_size: int,
    hidden: int,
    width_multiplier: float,
    beta: float,
    free_bits: float,
    bright_weight: float = 1.0,
) -> AnyVision:
    """An untrained V of a kind in VISIONS.

    Args:
        kind: a key of VISIONS.
        shape: of an observation: height, width, channels.
        rng: draws the weights.
        z_size: latent dimensions.
        hidden: units of the hidden layers of `autoencoder` and `vae`; see `ColumnVAE` for its.
        width_multiplier: scales the channels of `conv_vae`.
        beta: weight of the KL divergence in VAEs.
        free_bits: nats of KL per latent dimension that cost nothing in VAEs.
        bright_weight: see `SquaredErrorVAE`; the other kinds have none.

    Raises:
        ValueError: this kind does not take observations of this shape.
    """
    pixels = int(np.prod(shape))
    if kind == Autoencoder.kind:
        return Autoencoder.initial(pixels, hidden, z_size, rng)
    vision: VAE | ConvVAE | ColumnVAE
    if kind == VAE.kind:
        vision = VAE.initial(pixels, hidden, z_size, rng)
    elif kind == ConvVAE.kind:
        vision = ConvVAE.initial(shape, z_size, width_multiplier, rng)
    else:
        vision = ColumnVAE.initial(shape, hidden, z_size, rng)
    if isinstance(vision, SquaredErrorVAE):
        vision.bright_weight = bright_weight
    vision.set_loss_weights(beta, free_bits)
    return vision
