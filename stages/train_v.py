"""train_v: V learns to compress what the car sees.     rollouts.h5 -> v.npz"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Model, Rollouts
from stages.params import TrainV
from stages.pixels import to_pixels
from stages.randomness import Streams
from stages.stage import Report, stage
from stages.training import curve_rows, fit
from stages.vision.autoencoder import Autoencoder


def train_v(settings: TrainV, rollouts: Rollouts, streams: Streams) -> tuple[Autoencoder, Report]:
    """Fit V to the frames of the training episodes; score it on those held out."""
    train = rollouts.frames(held_out=False)
    held_out = to_pixels(rollouts.frames(held_out=True))
    vision = Autoencoder.initial(
        held_out[0].size, settings.hidden, settings.z_size, streams("weights")
    )
    curve = fit(
        vision,
        len(train),
        lambda rows: to_pixels(train[rows]),
        held_out,
        settings,
        streams("batches"),
        stage="train_v",
    )
    metrics = {
        "train_bce": curve[-1].train,
        "held_out_bce": curve[-1].held_out,
        "mean_picture_bce": mean_picture_loss(train, held_out),
    }
    summary = (
        f"binary cross-entropy {metrics['held_out_bce']:.3f} nats a pixel on held-out frames "
        f"(the mean picture: {metrics['mean_picture_bce']:.3f})"
    )
    return vision, Report(summary, metrics, curve_rows(curve, metrics["mean_picture_bce"]))


def mean_picture_loss(train: NDArray[np.uint8], held_out: NDArray[np.float32]) -> float:
    """The baseline: the mean training picture for every held-out one (nats a pixel)."""
    mean = np.clip(train.mean(axis=0) / 255, 1e-6, 1 - 1e-6)
    share = held_out.mean(axis=0)  # the loss is linear in the picture
    return float(-(share * np.log(mean) + (1 - share) * np.log(1 - mean)).mean())


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("train_v", reads=["rollouts"], writes=["v"]) as run:
        vision, report = train_v(run.params.train_v, run.table("rollouts", Rollouts), run.streams)
        run.write("v", Model(vision.kind, vision.parameters))
        run.report(report)


if __name__ == "__main__":
    main()
