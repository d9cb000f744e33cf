"""`make seeds`: the recipe in params.yaml over many seeds, and how far they spread."""

from __future__ import annotations

import argparse
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.learning import drive, learn
from stages.params import Params, read_params


def one_seed(params: Params) -> dict[str, Any]:
    """What a run with this seed comes to."""
    learned = learn(params)
    metrics = drive(params, learned)[1].metrics
    v, m, c = (learned.reports[stage].metrics for stage in ("train_v", "train_m", "evolve_c"))
    return {
        "seed": params.seed,
        "random": metrics["random"]["mean_return"],
        "controller": metrics["controller"]["mean_return"],
        "length": metrics["controller"]["mean_length"],
        "off": metrics["controller"]["off_track"],
        "laps": metrics["controller"]["laps"],
        "last mean": c["last_mean_return"],
        "chosen": f"{c['chosen']} of {c['chosen_generation']}",
        "V: error": v["held_out_error"],
        "M: MSE": m["held_out_mse"],
        "z stays": m["z_stays_mse"],
    }


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    params = read_params(given.params)
    seeds = range(given.first, given.first + given.seeds)
    variants = [msgspec.structs.replace(params, seed=seed) for seed in seeds]
    with Pool(given.processes) as pool:
        rows = pool.map(one_seed, variants, chunksize=1)

    def shown(value: Any) -> str:
        return f"{value:.2f}" if isinstance(value, float) else str(value)

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
    whole = sum(row["length"] == params.world.max_steps and not row["off"] for row in rows)
    print(f"\n{whole} of {len(rows)} seeds drive all {params.world.max_steps} steps")


if __name__ == "__main__":
    main()
