"""train_v: trains V to compress observations.     rollouts.h5 -> v.npz"""

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
from worldmodels.pipeline.storage.mirror import check_mirror, flip_at_random
from worldmodels.pipeline.storage.pixels import to_pixels
from worldmodels.training.shuffle import ShuffleBuffer
from worldmodels.training.trainer import Trainer, TrainingSet, curve_rows
from worldmodels.training.warm_start import WarmStart
from worldmodels.vision.registry import VISIONS, AnyVision, make_vision
from worldmodels.vision.variational import LossTerms, VisionBatch

BUFFER_BYTES = 1 << 28  # of the frames to train on that are in memory
EVAL_BATCH = 1024  # held-out frames; the curve is measured on no more

Frames = NDArray[np.uint8]  # (N, height, width, channels)


def train_v(
    settings: TrainV,
    rollouts: Rollouts,
    streams: RandomStreams,
    checkpoints: Checkpoints | None = None,
    warm_start: WarmStart | None = None,
) -> tuple[AnyVision, StageResult]:
    """V, trained on the frames of the training episodes and scored on the held-out ones.

    Raises:
        ParamsError, UserError: the params describe no V, or none like the one to start from, or ask
            for mirror images that there are not.
    """
    if settings.mirror:
        check_mirror("train_v.mirror", rollouts)
    train, held_out = rollouts.frames(held_out=False), rollouts.frames(held_out=True)
    vision = initial_vision(settings, train.shape, streams("weights"))
    if warm_start:
        warm_start.copy_to(vision)
    training_noise, held_out_noise = streams("noise"), streams("held-out noise")
    flips = streams("mirror")

    def batch_of(frames: Frames, rng: np.random.Generator) -> VisionBatch:
        noise = rng.standard_normal((len(frames), vision.noise_size), dtype=np.float32)
        return VisionBatch(to_pixels(frames), noise)

    buffer = ShuffleBuffer(train, BUFFER_BYTES)

    def select(rows: NDArray[np.intp]) -> VisionBatch:
        frames = buffer[rows]
        if settings.mirror:
            frames = flip_at_random(frames, flips)
        return batch_of(frames, training_noise)

    points = min(len(held_out), EVAL_BATCH)
    on_curve = np.arange(points) * len(held_out) // points
    training_set = TrainingSet(
        len(train),
        select,
        batch_of(held_out[on_curve], streams("held-out noise")),
        draws=[training_noise, flips],
        order=buffer.order,
    )
    trainer = Trainer(
        "train_v", settings, streams("batches"), checkpoints=checkpoints or NoCheckpoints()
    )
    curve = trainer.fit(vision, training_set)
    terms, counts = zip(
        *((vision.terms(batch_of(f, held_out_noise)), len(f)) for f in batches(held_out)),
        strict=True,
    )
    score = LossTerms.mean(terms, counts)
    baseline = mean_image_error(vision, train, held_out)
    metrics = {"held_out_loss": score.loss, "baseline_loss": baseline + vision.kl_floor}
    details = {
        "train_loss": curve[-1].train,
        "held_out_error": score.error,
        "held_out_kl": score.kl,
        "mean_image_error": baseline,
    }
    kl = f", KL {score.kl:.1f} nats an observation" if vision.noise_size else ""
    verdict = "better" if score.error < baseline else "WORSE"
    summary = (
        f"{vision.ERROR} {score.error:.3g} on held-out frames, {verdict} than the mean image "
        f"({baseline:.3g}){kl}"
    )
    return vision, StageResult(
        summary, metrics, details, curve_rows(curve, metrics["baseline_loss"])
    )


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
            width_multiplier=settings.width_multiplier,
            beta=settings.beta,
            free_bits=settings.free_bits,
            bright_weight=settings.bright_weight,
        )
    except ValueError as error:
        raise ParamsError(f"train_v.kind: {error}") from None


def batches(frames: FrameSubset) -> Iterator[Frames]:
    """All frames, EVAL_BATCH at a time."""
    return (frames[start : start + EVAL_BATCH] for start in range(0, len(frames), EVAL_BATCH))


def mean_image_error(vision: AnyVision, train: FrameSubset, held_out: FrameSubset) -> float:
    """The baseline: V's error of predicting the mean training image for every held-out frame."""
    total = sum(frames.sum(axis=0, dtype=np.int64) for frames in batches(train))
    mean = np.clip(total / len(train) / 255, 1e-6, 1 - 1e-6).astype(np.float32).reshape(1, -1)
    logits = np.log(mean / (1 - mean))
    errors = [
        vision.error(logits, to_pixels(frames).reshape(len(frames), -1))[0] * len(frames)
        for frames in batches(held_out)
    ]
    return float(np.cumsum(errors)[-1]) / len(held_out)


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    optional = {"init-from": ["initial"]}
    with run_stage("train_v", reads=["rollouts"], optional=optional, writes=["v"]) as run:
        rollouts, warm_start = run.table("rollouts", Rollouts), None
        if "initial" in run.paths:
            initial = run.model("initial", "train_v", VISIONS)
            warm_start = WarmStart(run.paths["initial"], [initial])
        vision, result = train_v(
            run.params.train_v, rollouts, run.streams, run.checkpoints, warm_start
        )
        run.write("v", Model(vision.kind, vision.parameters))
        run.report(result)


if __name__ == "__main__":
    main()
