"""GFLOP/s of the paper's V on one core, beside one matrix product of as many operations."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks.arguments import positive_int
from benchmarks.speed import min_seconds
from worldmodels.nn.parameters import Array
from worldmodels.vision.conv_vae import PAPER_LAYOUT, ConvVAE
from worldmodels.vision.variational import VisionBatch

Z_SIZE, CHANNELS = 32, 3  # the paper's
ROUNDS = 10

# Output positions of a convolution, input positions of a transposed one: how often the weights are
# used for one observation. Those of a dense layer are used once.
POSITIONS = {"conv1": 31**2, "conv2": 14**2, "conv3": 6**2, "conv4": 2**2}
POSITIONS |= {"deconv1": 1, "deconv2": 5**2, "deconv3": 13**2, "deconv4": 30**2}


def operations(vision: ConvVAE) -> tuple[int, int]:
    """Multiplications and additions for one observation: of encoding it, and of a training step.

    The backward pass is twice the forward pass, for gradients by weights and by inputs; but the
    first layer needs no gradient by its input, which is the observation.
    """
    forward = {}
    for name, array in vision.parameters.items():
        layer, _, part = name.partition(".")
        if part == "weight":
            forward[layer] = 2 * array.size * POSITIONS.get(layer, 1)
    encoder = sum(forward[layer] for layer in ("conv1", "conv2", "conv3", "conv4", "mean"))
    return encoder, 3 * sum(forward.values()) - forward["conv1"]


def square_product(count: int, rng: np.random.Generator) -> tuple[int, Callable[[], Array]]:
    """The side of two square matrices whose product takes about that many operations, and it."""
    side = round((count / 2) ** (1 / 3))
    a, b = rng.random((2, side, side), dtype=np.float32)
    return side, lambda: a @ b


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=positive_int, default=100, help="batch size")
    frames = parser.parse_args().frames
    rng = np.random.default_rng(0)
    shape = (*PAPER_LAYOUT.view, CHANNELS)
    vision = ConvVAE.initial(shape, Z_SIZE, 1.0, rng)
    batch = VisionBatch(
        rng.random((frames, *shape), dtype=np.float32),
        rng.standard_normal((frames, Z_SIZE), dtype=np.float32),
    )
    print("| | operations | ms | GFLOP/s | share of the product's |\n|---|---:|---:|---:|---:|")
    actions: dict[str, Callable[[], object]] = {
        f"encoding {frames} frames": lambda: vision.encode(batch.observations),
        f"a training step on {frames} frames": lambda: vision.loss_and_gradient(batch),
    }
    for (name, action), count in zip(actions.items(), operations(vision), strict=True):
        side, product = square_product(count * frames, rng)
        rows: dict[str, tuple[Callable[[], object], int]] = {
            f"product of two {side} x {side} matrices": (product, 2 * side**3),
            name: (action, count * frames),
        }
        seconds = dict.fromkeys(rows, np.inf)
        for _ in range(ROUNDS):  # taking turns, so that a slow minute of the machine affects both
            for row, (run, _) in rows.items():
                seconds[row] = min(seconds[row], min_seconds(run))
        speed = {row: total / seconds[row] / 1e9 for row, (_, total) in rows.items()}
        best = max(speed.values())
        for row, (_, total) in rows.items():
            print(
                f"| {row} | {total / 1e9:.2f} G | {1000 * seconds[row]:.1f} | {speed[row]:.0f} "
                f"| {speed[row] / best:.0%} |"
            )


if __name__ == "__main__":
    main()
