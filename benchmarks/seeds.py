"""`make seeds`: the recipe in params.yaml over many seeds, and how far they spread."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.learning import drive, learn
from benchmarks.variants import side_by_side, variant
from worldmodels.pipeline.config.params import Params


def one_seed(params: Params) -> dict[str, Any]:
    """What a run with this seed comes to."""
    learned = learn(params)
    metrics = drive(params, learned)[1].metrics
    random, controller = metrics["random"], metrics["controller"]
    v, m, c = (learned.reports[stage].metrics for stage in ("train_v", "train_m", "evolve_c"))
    return {
        "seed": params.seed,
        "random": random["mean_return"],
        "controller": controller["mean_return"],
        "std": controller["std_return"],
        "worst": controller["worst_return"],
        "length": controller["mean_length"],
        "off": controller["off_track"],
        "laps": controller["laps"],
        "last mean": c["final_mean_return"],
        "chosen": f"{c['chosen']} of {c['chosen_generation']}",
        "V: error": v["held_out_error"],
        "M: squared error": m["held_out_mse"],
        "z stays": m["persistence_mse"],
        "M: nats": m["held_out_nll"],
        "z stays: nats": m["persistence_nll"],
        "one Gaussian: nats": m["marginal_gaussian_nll"],
    }


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--processes", type=int, default=2, help="seeds at a time")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="another value for a key"
    )
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    changes = dict(each.split("=", 1) for each in given.set)
    variants = [variant(given.params, changes, seed) for seed in seeds]
    rows = side_by_side(one_seed, variants, given.processes)

    def shown(value: Any) -> str:
        if not isinstance(value, float):
            return str(value)
        return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"

    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---:|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(map(shown, row.values())) + " |")
    for name in ("controller", "last mean", "random"):
        values = np.array([row[name] for row in rows])
        print(
            f"\n{name}: mean {values.mean():.2f}, std over seeds {values.std():.2f}, "
            f"min {values.min():.2f}, median {np.median(values):.2f}, max {values.max():.2f}"
        )
    steps = variants[0].env.max_steps
    whole = sum(row["length"] == steps and not row["off"] for row in rows)
    print(f"\n{whole} of {len(rows)} seeds drive all {steps} steps of every drive")


if __name__ == "__main__":
    main()
