"""A difficulty ladder: returns of linear and hidden-layer Cs, on z and on z and h, as tracks get
harder.

Every return is given as a share of what a planner that knows the full state reaches on the same
tracks.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.arguments import positive_int
from benchmarks.planner import plan
from benchmarks.variants import parallel_map, recipe_path, train_and_evaluate, variant
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.seeding import RandomStreams

RECIPE = recipe_path("unseen")
PLANNER_TRACKS = 10  # the first test tracks of a seed; the planner takes seconds for each

NARROW = {"env.random_tracks.half_width": [0.8, 0.9]}
BENDS = {
    "env.random_tracks.harmonics": [
        {"order": 2, "amplitude": [0.6, 1.2]},
        {"order": 3, "amplitude": [0.4, 0.9]},
        {"order": 5, "amplitude": [0.5, 0.8]},
        {"order": 7, "amplitude": [0.1, 0.25]},
    ]
}
LONG = {"env.max_steps": 400}
SMALL_VIEW = {"env.view.reach": 2.0}
RUNGS: dict[str, dict[str, Any]] = {
    "as the recipe": {},
    "narrower tracks": NARROW,
    "more and sharper bends": BENDS,
    "longer episodes": LONG,
    "a smaller view": SMALL_VIEW,
    "narrow and winding": NARROW | BENDS,
    "narrow, winding, smaller view": NARROW | BENDS | SMALL_VIEW,
}
CONTROLLERS: dict[str, dict[str, Any]] = {
    "linear, z": {"evolve_c.inputs": "z"},
    "linear, z and h": {"evolve_c.inputs": "zh"},
    "hidden 16, z": {"evolve_c.inputs": "z", "evolve_c.hidden": 16},
    "hidden 16, z and h": {"evolve_c.inputs": "zh", "evolve_c.hidden": 16},
}


def planner_return(params: Params) -> float:
    """The planner's mean return on the first of the tracks that `evaluate` uses."""
    streams = RandomStreams(params.seed, "evaluate")
    tracks = make_task(params.env).sample_tracks(PLANNER_TRACKS, streams("tracks"))
    return float(np.mean([plan(track, params.env.max_steps) for track in tracks]))


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rungs", nargs="+", choices=RUNGS, default=list(RUNGS))
    parser.add_argument("--seeds", type=positive_int, default=3, help="number of seeds, from 0")
    parser.add_argument("--processes", type=positive_int, default=2)
    options = parser.parse_args()
    print(f"| rung | planner | {' | '.join(CONTROLLERS)} |")
    print("|---|---:|" + "---:|" * len(CONTROLLERS), flush=True)
    for rung in options.rungs:
        variants = [
            variant(RECIPE, RUNGS[rung] | changes, seed)
            for changes in CONTROLLERS.values()
            for seed in range(options.seeds)
        ]
        one_each = variants[: options.seeds]  # tracks do not depend on the controller
        planner = np.array(parallel_map(planner_return, one_each, options.processes))
        scores = parallel_map(train_and_evaluate, variants, options.processes)
        cells = []
        for number in range(len(CONTROLLERS)):
            own = scores[number * options.seeds : (number + 1) * options.seeds]
            share = np.array([each.returns[:PLANNER_TRACKS].mean() for each in own]) / planner
            off = sum(each.off_track for each in own) / sum(len(each.returns) for each in own)
            cells.append(f"{share.mean():.0%} ({share.min():.0%}), {off:.0%} off")
        print(f"| {rung} | {planner.mean():+.1f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
