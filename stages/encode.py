"""encode: every frame becomes its z.     rollouts.h5, v.npz -> latents.h5"""

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
from worldmodels.pipeline.storage.pixels import to_pixels
from worldmodels.vision.registry import VISIONS


def encode(settings: Encode, rollouts: Rollouts, vision: Vision) -> tuple[Latents, StageResult]:
    """Run V over all frames, `batch_size` at a time."""
    parts: list[Latents] = []
    report = encode_parts(settings, rollouts, vision, parts.append)
    return Latents.concatenate(parts), report


def encode_parts(
    settings: Encode, rollouts: Rollouts, vision: Vision, keep: Callable[[Latents], None]
) -> StageResult:
    """The same, some episodes at a time; `keep` is given each part."""
    total, squares = np.zeros((2, vision.z_size))  # over all frames
    count = len(rollouts.observations)
    spans = rollouts.spans()
    for span in progress(spans, "encode", len(spans)):
        part = rollouts.slice(*span)
        starts = range(0, len(part.observations), settings.batch_size)
        batches = (part.observations[start : start + settings.batch_size] for start in starts)
        codes = [vision.posterior(to_pixels(frames)) for frames in batches]
        mean, logvar = (np.concatenate(posterior) for posterior in zip(*codes, strict=True))
        total += mean.sum(axis=0, dtype=np.float64)
        squares += np.square(mean, dtype=np.float64).sum(axis=0)
        keep(
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
    spread = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
    metrics = {
        "frames": count,
        "z_std_mean": float(spread.mean()),
        "z_std_min": float(spread.min()),
        "z_std_max": float(spread.max()),
    }
    summary = (
        f"{count} frames of {vision.pixels} pixels as z of {len(spread)} numbers, whose "
        f"standard deviations are {spread.min():.2f} to {spread.max():.2f} "
        "(of a number not used: 0)"
    )
    return StageResult(summary, metrics)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage("encode", reads=["rollouts", "v"], writes=["latents"]) as run:
        rollouts = run.table("rollouts", Rollouts)
        vision = run.model("v", "train_v", VISIONS)
        whose = f"those in {run.paths['rollouts']}"
        if problem := observation_mismatch(vision, rollouts.observations[0].size, whose):
            raise UserError(f"{run.paths['v']}: {problem}; run 'dvc repro'")
        with run.appending("latents", Latents) as keep:
            report = encode_parts(run.params.encode, rollouts, vision, keep)
        run.report(report)


if __name__ == "__main__":
    main()
