"""train_v: V learns to compress what the car sees.     rollouts.h5 -> v.npz"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Model, Rollouts
from stages.columns import Deck, Frames
from stages.errors import ParamsError
from stages.params import TrainV
from stages.pixels import to_pixels
from stages.randomness import Streams
from stages.scratch import NoScratch, Scratch
from stages.stage import Report, stage
from stages.training import Examples, Trainer, curve_rows
from stages.vision.autoencoder import Autoencoder
from stages.vision.conv_vae import ConvVAE
from stages.vision.vae import VAE
from stages.vision.variational import Parts, Seen
from stages.vision.visions import VISIONS, AnyVision
from stages.warm_start import Start

MEMORY_BYTES = 1 << 28  # of the pictures to train on
FRAMES_AT_ONCE = 1024  # held-out ones; the curve is measured on no more

Pictures = NDArray[np.uint8]  # (N, height, width, channels)


def train_v(
    settings: TrainV,
    rollouts: Rollouts,
    streams: Streams,
    scratch: Scratch | None = None,
    start: Start | None = None,
) -> tuple[AnyVision, Report]:
    """Fit V to the frames of the training episodes; score it on those held out.

    Raises:
        ParamsError, UserError: there is no such V, or none such to start from.
    """
    train, held_out = rollouts.frames(held_out=False), rollouts.frames(held_out=True)
    vision = make_vision(settings, train.shape, streams("weights"))
    if start:
        start.give(vision)
    training_noise, held_out_noise = streams("noise"), streams("held-out noise")

    def seen(frames: Pictures, rng: np.random.Generator) -> Seen:
        drawn = rng.standard_normal((len(frames), vision.noise_size), dtype=np.float32)
        return Seen(to_pixels(frames), drawn)

    deck = Deck(train, MEMORY_BYTES)
    points = min(len(held_out), FRAMES_AT_ONCE)
    spread = np.arange(points) * len(held_out) // points
    examples = Examples(
        len(train),
        lambda rows: seen(deck[rows], training_noise),
        seen(held_out[spread], streams("held-out noise")),
        draws=[training_noise],
        order=deck.order,
    )
    trainer = Trainer("train_v", settings, streams("batches"), scratch=scratch or NoScratch())
    curve = trainer.fit(vision, examples)
    parts, counts = zip(
        *((vision.parts(seen(f, held_out_noise)), len(f)) for f in portions(held_out)), strict=True
    )
    score = Parts.mean(parts, counts)
    baseline = mean_picture_error(vision, train, held_out)
    metrics = {
        "train_loss": curve[-1].train,
        "held_out_loss": score.loss,
        "held_out_error": score.error,
        "held_out_kl": score.kl,
        "mean_picture_error": baseline,
    }
    told = f", of which z tells {score.kl:.1f} nats a picture" if vision.noise_size else ""
    verdict = "better" if score.error < baseline else "WORSE"
    summary = (
        f"{vision.ERROR} {score.error:.3g} on held-out frames, {verdict} than the mean picture "
        f"({baseline:.3g}){told}"
    )
    return vision, Report(summary, metrics, curve_rows(curve, baseline + vision.idle_cost))


def make_vision(settings: TrainV, shape: tuple[int, ...], rng: np.random.Generator) -> AnyVision:
    """The V that the params ask for, untrained, for pictures (height, width, channels).

    Raises:
        ParamsError: it is not made for such pictures.
    """
    pixels, hidden, z_size = int(np.prod(shape)), settings.hidden, settings.z_size
    if settings.kind == "autoencoder":
        return Autoencoder.initial(pixels, hidden, z_size, rng)
    vision: VAE | ConvVAE
    if settings.kind == "vae":
        vision = VAE.initial(pixels, hidden, z_size, rng)
    else:
        try:
            vision = ConvVAE.initial(shape, z_size, settings.width, rng)
        except ValueError as error:
            raise ParamsError(f"train_v.kind: {error}") from None
    vision.weigh(settings.beta, settings.free_bits)
    return vision


def portions(frames: Frames) -> Iterator[Pictures]:
    """All frames, so many at a time that they may be turned into numbers."""
    return (
        frames[start : start + FRAMES_AT_ONCE] for start in range(0, len(frames), FRAMES_AT_ONCE)
    )


def mean_picture_error(vision: AnyVision, train: Frames, held_out: Frames) -> float:
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
    with stage("train_v", reads=["rollouts"], optional=optional, writes=["v"]) as run:
        rollouts, start = run.table("rollouts", Rollouts), None
        if "start" in run.paths:
            start = Start(run.paths["start"], [run.model("start", "train_v", VISIONS)])
        vision, report = train_v(run.params.train_v, rollouts, run.streams, run.scratch, start)
        run.write("v", Model(vision.kind, vision.parameters))
        run.report(report)


if __name__ == "__main__":
    main()
