"""encode: every frame becomes its z.     rollouts.h5, v.npz -> latents.h5"""

from __future__ import annotations

import numpy as np

from stages.artifacts import Latents, Rollouts
from stages.errors import UserError
from stages.modules import Vision, picture_mismatch
from stages.params import Encode
from stages.pixels import to_pixels
from stages.progress import progress
from stages.stage import Report, stage
from stages.vision.visions import VISIONS


def encode(settings: Encode, rollouts: Rollouts, vision: Vision) -> tuple[Latents, Report]:
    """Run V over all frames, `batch_size` at a time."""
    frames = rollouts.observations
    starts = range(0, len(frames), settings.batch_size)
    codes = [
        vision.code(to_pixels(frames[start : start + settings.batch_size]))
        for start in progress(starts, "encode", len(starts))
    ]
    mean, logvar = (np.concatenate(part) for part in zip(*codes, strict=True))
    latents = Latents(
        lengths=rollouts.lengths,
        terminated=rollouts.terminated,
        held_out=rollouts.held_out,
        mean=mean,
        logvar=logvar,
        actions=rollouts.actions,
        rewards=rollouts.rewards,
    )
    spread = mean.std(axis=0)
    metrics = {
        "frames": len(mean),
        "z_std_mean": float(spread.mean()),
        "z_std_min": float(spread.min()),
        "z_std_max": float(spread.max()),
    }
    summary = (
        f"{len(mean)} frames of {frames[0].size} pixels as z of {mean.shape[1]} numbers, whose "
        f"standard deviations are {spread.min():.2f} to {spread.max():.2f} "
        "(of a number not used: 0)"
    )
    return latents, Report(summary, metrics)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("encode", reads=["rollouts", "v"], writes=["latents"]) as run:
        rollouts = run.table("rollouts", Rollouts)
        vision = run.model("v", "train_v", VISIONS)
        whose = f"those in {run.paths['rollouts']}"
        if problem := picture_mismatch(vision, rollouts.observations[0].size, whose):
            raise UserError(f"{run.paths['v']}: {problem}; run 'dvc repro'")
        latents, report = encode(run.params.encode, rollouts, vision)
        run.write("latents", latents)
        run.report(report)


if __name__ == "__main__":
    main()
