"""starts: where the dreams of a page begin.     latents.h5 -> starts.npz"""

from __future__ import annotations

import numpy as np

from worldmodels.dream.starts import BEGINNINGS, Beginnings, Nights
from worldmodels.pipeline.reports import Report
from worldmodels.pipeline.runner import stage
from worldmodels.pipeline.storage.artifacts import Latents, Model

STARTS = 10


def starts(warm_up: int, latents: Latents, rng: np.random.Generator) -> tuple[Beginnings, Report]:
    """A few moments of the last round's episodes, while their return still rose, each with the
    steps before it: the dreams that C evolves in begin like these.
    """
    night = Nights(latents, held_out=False, warm_up=warm_up).draw(STARTS, rng)
    past = night.past
    if past is None:
        empty = np.zeros((STARTS, 0, latents.mean.shape[1]), np.float32)
        actions = np.zeros((STARTS, 0, latents.actions.shape[1]), np.float32)
        drawn = Beginnings(night.starts, empty, actions, np.zeros(STARTS, np.float32))
    else:
        steps = past.steps.astype(np.float32)
        drawn = Beginnings(night.starts, past.z, past.actions, steps)
    summary = f"{STARTS} beginnings of dreams, with up to {warm_up} recorded steps before each"
    return drawn, Report(summary, {"starts": STARTS, "steps_before": float(drawn.steps.mean())})


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("starts", reads=["latents"], writes=["starts"]) as run:
        warm_up, latents = run.params.evolve_c.warm_up, run.table("latents", Latents)
        drawn, report = starts(warm_up, latents, run.streams("starts"))
        run.write("starts", Model(BEGINNINGS, drawn._asdict()))
        run.report(report)


if __name__ == "__main__":
    main()
