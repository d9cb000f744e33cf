"""A difficulty ladder: at which rung does a linear C break, and does h help there?

Every score is a share of what a planner with the full state reaches on the same roads.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.planner import plan
from benchmarks.variants import result, side_by_side, variant
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.seeding import RandomStreams

RECIPE = Path("recipes/unseen.yaml")
PLANNED = 10  # of a seed's roads; a planner takes seconds for one

NARROW = {"world.random.half_width": [0.8, 0.9]}
BENDS = {
    "world.random.harmonics": [
        {"order": 2, "amplitude": [0.6, 1.2]},
        {"order": 3, "amplitude": [0.4, 0.9]},
        {"order": 5, "amplitude": [0.5, 0.8]},
        {"order": 7, "amplitude": [0.1, 0.25]},
    ]
}
LONG = {"world.max_steps": 400}
NEAR_SIGHTED = {"world.view.reach": 2.0}
RUNGS: dict[str, dict[str, Any]] = {
    "as the recipe": {},
    "narrower roads": NARROW,
    "more and sharper bends": BENDS,
    "longer drives": LONG,
    "a smaller view": NEAR_SIGHTED,
    "narrow and winding": NARROW | BENDS,
    "narrow, winding, smaller view": NARROW | BENDS | NEAR_SIGHTED,
}
CONTROLLERS: dict[str, dict[str, Any]] = {
    "linear, z": {"evolve_c.inputs": "z"},
    "linear, z and h": {"evolve_c.inputs": "zh"},
    "hidden 16, z": {"evolve_c.inputs": "z", "evolve_c.hidden": 16},
    "hidden 16, z and h": {"evolve_c.inputs": "zh", "evolve_c.hidden": 16},
}


def planned(params: Params) -> float:
    """The planner's mean return on the first of the roads that `evaluate` drives."""
    streams = RandomStreams(params.seed, "evaluate")
    tracks = make_task(params.env).sample_tracks(PLANNED, streams("tracks"))
    return float(np.mean([plan(track, params.env.max_steps) for track in tracks]))


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rungs", nargs="+", choices=RUNGS, default=list(RUNGS))
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    print(f"| rung | planner | {' | '.join(CONTROLLERS)} |")
    print("|---|---:|" + "---:|" * len(CONTROLLERS), flush=True)
    for rung in given.rungs:
        variants = [
            variant(RECIPE, RUNGS[rung] | changes, seed)
            for changes in CONTROLLERS.values()
            for seed in range(given.seeds)
        ]
        ceiling = np.array(side_by_side(planned, variants[: given.seeds], given.processes))
        found = side_by_side(result, variants, given.processes)
        cells = []
        for number in range(len(CONTROLLERS)):
            own = found[number * given.seeds : (number + 1) * given.seeds]
            share = np.array([each.returns[:PLANNED].mean() for each in own]) / ceiling
            lost = sum(each.off_track for each in own) / sum(len(each.returns) for each in own)
            cells.append(f"{share.mean():.0%} ({share.min():.0%}), {lost:.0%} lost")
        print(f"| {rung} | {ceiling.mean():+.1f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
