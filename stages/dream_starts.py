"""starts: where the dreams of a page begin.     latents.h5 -> starts.npz"""

from __future__ import annotations

import numpy as np

from worldmodels.dream.starts import START_STATES, StartSampler, StoredStarts
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.storage.artifacts import Latents, Model

STARTS = 10


def starts(
    burn_in: int, latents: Latents, rng: np.random.Generator
) -> tuple[StoredStarts, StageResult]:
    """A few moments of the last round's episodes, while their return still rose, each with the
    steps before it: the dreams that C evolves in begin like these.
    """
    night = StartSampler(latents, held_out=False, burn_in=burn_in).sample(STARTS, rng)
    past = night.past
    if past is None:
        empty = np.zeros((STARTS, 0, latents.mean.shape[1]), np.float32)
        actions = np.zeros((STARTS, 0, latents.actions.shape[1]), np.float32)
        drawn = StoredStarts(night.starts, empty, actions, np.zeros(STARTS, np.float32))
    else:
        steps = past.steps.astype(np.float32)
        drawn = StoredStarts(night.starts, past.z, past.actions, steps)
    summary = f"{STARTS} beginnings of dreams, with up to {burn_in} recorded steps before each"
    return drawn, StageResult(
        summary, {"starts": STARTS, "steps_before": float(drawn.steps.mean())}
    )


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage("starts", reads=["latents"], writes=["starts"]) as run:
        burn_in, latents = run.params.evolve_c.burn_in, run.table("latents", Latents)
        drawn, report = starts(burn_in, latents, run.streams("starts"))
        run.write("starts", Model(START_STATES, drawn._asdict()))
        run.report(report)


if __name__ == "__main__":
    main()
