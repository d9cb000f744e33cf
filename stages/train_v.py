"""train_v: V learns to compress what the car sees.     rollouts.h5 -> v.npz"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints
from worldmodels.pipeline.config.params import TrainV
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Model, Rollouts
from worldmodels.pipeline.storage.frames import FrameSubset
from worldmodels.pipeline.storage.pixels import to_pixels
from worldmodels.training.shuffle import ShuffleBuffer
from worldmodels.training.trainer import Trainer, TrainingSet, curve_rows
from worldmodels.training.warm_start import WarmStart
from worldmodels.vision.registry import VISIONS, AnyVision, make_vision
from worldmodels.vision.variational import LossTerms, VisionBatch

MEMORY_BYTES = 1 << 28  # of the pictures to train on
FRAMES_AT_ONCE = 1024  # held-out ones; the curve is measured on no more
Pictures = NDArray[np.uint8]  # (N, height, width, channels)


def train_v(
    settings: TrainV,
    rollouts: Rollouts,
    streams: RandomStreams,
    checkpoints: Checkpoints | None = None,
    start: WarmStart | None = None,
) -> tuple[AnyVision, StageResult]:
    """Fit V to the frames of the training episodes; score it on those held out.

    Raises:
        ParamsError, UserError: there is no such V, or none such to start from.
    """
    train, held_out = rollouts.frames(held_out=False), rollouts.frames(held_out=True)
    vision = initial_vision(settings, train.shape, streams("weights"))
    if start:
        start.copy_to(vision)
    training_noise, held_out_noise = streams("noise"), streams("held-out noise")

    def seen(frames: Pictures, rng: np.random.Generator) -> VisionBatch:
        drawn = rng.standard_normal((len(frames), vision.noise_size), dtype=np.float32)
        return VisionBatch(to_pixels(frames), drawn)

    deck = ShuffleBuffer(train, MEMORY_BYTES)
    points = min(len(held_out), FRAMES_AT_ONCE)
    spread = np.arange(points) * len(held_out) // points
    examples = TrainingSet(
        len(train),
        lambda rows: seen(deck[rows], training_noise),
        seen(held_out[spread], streams("held-out noise")),
        draws=[training_noise],
        order=deck.order,
    )
    trainer = Trainer(
        "train_v", settings, streams("batches"), checkpoints=checkpoints or NoCheckpoints()
    )
    curve = trainer.fit(vision, examples)
    parts, counts = zip(
        *((vision.parts(seen(f, held_out_noise)), len(f)) for f in portions(held_out)), strict=True
    )
    score = LossTerms.mean(parts, counts)
    baseline = mean_image_error(vision, train, held_out)
    metrics = {
        "train_loss": curve[-1].train,
        "held_out_loss": score.loss,
        "held_out_error": score.error,
        "held_out_kl": score.kl,
        "mean_image_error": baseline,
    }
    told = f", of which z tells {score.kl:.1f} nats a picture" if vision.noise_size else ""
    verdict = "better" if score.error < baseline else "WORSE"
    summary = (
        f"{vision.ERROR} {score.error:.3g} on held-out frames, {verdict} than the mean picture "
        f"({baseline:.3g}){told}"
    )
    return vision, StageResult(summary, metrics, curve_rows(curve, baseline + vision.kl_floor))


def initial_vision(settings: TrainV, shape: tuple[int, ...], rng: np.random.Generator) -> AnyVision:
    """The untrained V that the params describe, for observations (height, width, channels).

    Raises:
        ParamsError: a V of this kind does not take such observations.
    """
    try:
        return make_vision(
            settings.kind,
            shape,
            rng,
            z_size=settings.z_size,
            hidden=settings.hidden,
            width=settings.width_multiplier,
            beta=settings.beta,
            free_bits=settings.free_bits,
        )
    except ValueError as error:
        raise ParamsError(f"train_v.kind: {error}") from None


def portions(frames: FrameSubset) -> Iterator[Pictures]:
    """All frames, so many at a time that they may be turned into numbers."""
    return (
        frames[start : start + FRAMES_AT_ONCE] for start in range(0, len(frames), FRAMES_AT_ONCE)
    )


def mean_image_error(vision: AnyVision, train: FrameSubset, held_out: FrameSubset) -> float:
    """The baseline: the mean training picture for every held-out one, by V's own measure."""
    total = sum(frames.sum(axis=0, dtype=np.int64) for frames in portions(train))
    mean = np.clip(total / len(train) / 255, 1e-6, 1 - 1e-6).astype(np.float32).reshape(1, -1)
    logits = np.log(mean / (1 - mean))
    errors = [
        vision.error(logits, to_pixels(frames).reshape(len(frames), -1))[0] * len(frames)
        for frames in portions(held_out)
    ]
    return sum(errors) / len(held_out)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {"start": ["start"]}
    with run_stage("train_v", reads=["rollouts"], optional=optional, writes=["v"]) as run:
        rollouts, start = run.table("rollouts", Rollouts), None
        if "start" in run.paths:
            start = WarmStart(run.paths["start"], [run.model("start", "train_v", VISIONS)])
        vision, report = train_v(run.params.train_v, rollouts, run.streams, run.checkpoints, start)
        run.write("v", Model(vision.kind, vision.parameters))
        run.report(report)


if __name__ == "__main__":
    main()
