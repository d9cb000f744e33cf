"""encode: encodes every frame with V.     rollouts.h5, v.npz -> latents.h5"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from worldmodels.interfaces import Vision, observation_mismatch
from worldmodels.pipeline.config.params import Encode
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.storage.artifacts import Latents, Rollouts
from worldmodels.pipeline.storage.mirror import check_mirror, with_mirror_images
from worldmodels.pipeline.storage.pixels import to_pixels
from worldmodels.vision.registry import VISIONS


def encode(settings: Encode, rollouts: Rollouts, vision: Vision) -> tuple[Latents, StageResult]:
    """Mean and log-variance of z of all frames, `batch_size` frames at a time.

    With `mirror`, each episode is followed by its mirror image.
    """
    parts: list[Latents] = []
    result = encode_parts(settings, rollouts, vision, parts.append)
    return Latents.concatenate(parts), result


def encode_parts(
    settings: Encode, rollouts: Rollouts, vision: Vision, append: Callable[[Latents], None]
) -> StageResult:
    """The same, some episodes at a time; `append` is given each part.

    Raises:
        UserError: z is not finite.
        ParamsError: there are no mirror images of such episodes.
    """
    if settings.mirror:
        check_mirror("encode.mirror", rollouts)
    total, squares = np.zeros((2, vision.z_size))  # over all frames
    count = len(rollouts.observations) * (2 if settings.mirror else 1)
    spans = rollouts.spans()
    for span in progress(spans, "encode", len(spans)):
        part = rollouts.slice(*span)
        if settings.mirror:
            part = with_mirror_images(part)
        starts = range(0, len(part.observations), settings.batch_size)
        batches = (part.observations[start : start + settings.batch_size] for start in starts)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
            posteriors = [vision.posterior(to_pixels(frames)) for frames in batches]
        mean, logvar = (np.concatenate(entry) for entry in zip(*posteriors, strict=True))
        if not (np.isfinite(mean).all() and np.isfinite(logvar).all()):
            raise UserError("V's weights are so large that z is no number; run 'dvc repro train_v'")
        total += mean.sum(axis=0, dtype=np.float64)
        squares += np.square(mean, dtype=np.float64).sum(axis=0)
        append(
            Latents(
                lengths=part.lengths,
                terminated=part.terminated,
                held_out=part.held_out,
                round=part.round,
                mean=mean,
                logvar=logvar,
                actions=part.actions,
                rewards=part.rewards,
            )
        )
    std = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
    details = {
        "frames": count,
        "z_std_mean": float(std.mean()),
        "z_std_min": float(std.min()),
        "z_std_max": float(std.max()),
    }
    summary = (
        f"{count} frames of {vision.pixels} pixels as z of {len(std)} dimensions, whose standard "
        f"deviations are {std.min():.2f} to {std.max():.2f} (of an unused dimension: 0)"
    )
    return StageResult(summary, details=details)


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("encode", reads=["rollouts", "v"], writes=["latents"]) as run:
        rollouts = run.table("rollouts", Rollouts)
        vision = run.model("v", "train_v", VISIONS)
        whose = f"those in {run.paths['rollouts']}"
        if problem := observation_mismatch(vision, rollouts.observations[0].size, whose):
            raise UserError(f"{run.paths['v']}: {problem}; run 'dvc repro'")
        with run.appending("latents", Latents) as append:
            result = encode_parts(run.params.encode, rollouts, vision, append)
        run.report(result)


if __name__ == "__main__":
    main()
