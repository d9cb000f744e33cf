"""The V's by the names that params.yaml knows them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stages.nn.parameters import Array
from stages.vision.autoencoder import Autoencoder
from stages.vision.conv_vae import ConvVAE
from stages.vision.vae import VAE

AnyVision = Autoencoder | VAE | ConvVAE

# Each takes the arrays of a file, and raises ValueError where they are not its own.
VISIONS: dict[str, Callable[[Mapping[str, Array]], AnyVision]] = {
    Autoencoder.kind: Autoencoder,
    VAE.kind: VAE,
    ConvVAE.kind: ConvVAE,
}
