"""How much of one core's arithmetic the paper's V puts to use, next to one matrix product."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks.speed import seconds
from worldmodels.nn.parameters import Array
from worldmodels.vision.conv_vae import PAPER, ConvVAE
from worldmodels.vision.variational import VisionBatch

Z, CHANNELS = 32, 3  # the paper's
ROUNDS = 10

# How often a layer's weights are used for one picture; those of a dense layer are used once.
USES = {"conv1": 31**2, "conv2": 14**2, "conv3": 6**2, "conv4": 2**2}
USES |= {"deconv1": 1, "deconv2": 5**2, "deconv3": 13**2, "deconv4": 30**2}


def operations(vision: ConvVAE) -> tuple[int, int]:
    """Multiplications and additions for one picture: encoding it, and a whole step of training.

    Backward is twice forward, by the weights and by what the layer was given; but the first layer
    was given the picture, and the gradient by that is not asked for.
    """
    forward = {}
    for name, array in vision.parameters.items():
        layer, _, part = name.partition(".")
        if part == "weight":
            forward[layer] = 2 * array.size * USES.get(layer, 1)
    encoder = sum(forward[layer] for layer in ("conv1", "conv2", "conv3", "conv4", "mean"))
    return encoder, 3 * sum(forward.values()) - forward["conv1"]


def square(count: int, rng: np.random.Generator) -> tuple[int, Callable[[], Array]]:
    """A product of two square matrices that takes about so many operations, and their side."""
    side = round((count / 2) ** (1 / 3))
    a, b = rng.random((2, side, side), dtype=np.float32)
    return side, lambda: a @ b


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100, help="in a batch")
    pictures = parser.parse_args().pictures
    rng = np.random.default_rng(0)
    vision = ConvVAE.initial((*PAPER.picture, CHANNELS), Z, 1.0, rng)
    seen = VisionBatch(
        rng.random((pictures, *PAPER.picture, CHANNELS), dtype=np.float32),
        rng.standard_normal((pictures, Z), dtype=np.float32),
    )
    print("| | operations | ms | GFLOP/s | share of the product's |\n|---|---:|---:|---:|---:|")
    tasks: dict[str, Callable[[], object]] = {
        f"encoding {pictures} pictures": lambda: vision.encode(seen.pictures),
        f"a step of training on {pictures} pictures": lambda: vision.loss_and_gradient(seen),
    }
    for (name, task), count in zip(tasks.items(), operations(vision), strict=True):
        side, product = square(count * pictures, rng)
        ways: dict[str, tuple[Callable[[], object], int]] = {
            f"product of two {side} x {side} matrices": (product, 2 * side**3),
            name: (task, count * pictures),
        }
        taken = dict.fromkeys(ways, np.inf)
        for _ in range(ROUNDS):  # taking turns, so that a slow minute of the machine hits both
            for way, (action, _) in ways.items():
                taken[way] = min(taken[way], seconds(action))
        speed = {way: total / taken[way] / 1e9 for way, (_, total) in ways.items()}
        best = max(speed.values())
        for way, (_, total) in ways.items():
            print(
                f"| {way} | {total / 1e9:.2f} G | {1000 * taken[way]:.1f} | {speed[way]:.0f} "
                f"| {speed[way] / best:.0%} |"
            )


if __name__ == "__main__":
    main()
