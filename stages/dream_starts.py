"""dream_starts: start states of a page's dreams.     latents.h5 -> dream_starts.npz"""

from __future__ import annotations

import numpy as np

from worldmodels.dream.starts import StartSampler, StartStates
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.storage.artifacts import Latents, Model

STARTS = 10


def dream_starts(
    burn_in: int, latents: Latents, rng: np.random.Generator
) -> tuple[StartStates, StageResult]:
    """STARTS start states, sampled like those of the dreams that C evolves in.

    With a burn-in each has up to `burn_in` recorded steps before it, and lies anywhere in an
    episode of the last round before its return's peak.
    """
    start_states = StartSampler(latents, held_out=False, burn_in=burn_in).sample(STARTS, rng)
    context = start_states.context
    mean_steps = 0.0 if context is None else float(context.steps.mean())
    summary = f"{STARTS} start states of dreams, with up to {burn_in} recorded steps before each"
    return start_states, StageResult(
        summary, details={"start_states": STARTS, "mean_context_steps": mean_steps}
    )


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage("dream_starts", reads=["latents"], writes=["dream_starts"]) as run:
        burn_in, latents = run.params.evolve_c.burn_in, run.table("latents", Latents)
        start_states, result = dream_starts(burn_in, latents, run.streams("starts"))
        run.write("dream_starts", Model(StartStates.KIND, start_states.arrays()))
        run.report(result)


if __name__ == "__main__":
    main()
