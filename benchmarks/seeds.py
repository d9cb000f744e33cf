"""`make seeds`: a recipe over many seeds, and the spread of its returns."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arguments import key_value, positive_int
from benchmarks.learning import learn, run_evaluate
from benchmarks.variants import parallel_map, variant
from tools.command_errors import errors_in_a_line
from worldmodels.pipeline.config.params import Params


def one_seed(params: Params) -> dict[str, Any]:
    """A row of the table, by column."""
    agent = learn(params)
    details = run_evaluate(params, agent)[1].details
    baseline, controller = details["baseline"], details["controller"]
    v, m, c = (agent.results[stage].details for stage in ("train_v", "train_m", "evolve_c"))
    return {
        "seed": params.seed,
        "random": baseline["mean_return"],
        "controller": controller["mean_return"],
        "std": controller["std_return"],
        "worst": controller["worst_return"],
        "length": controller["mean_length"],
        "off": controller["off_track"],
        "laps": controller["lap_fraction"],
        "last mean": c["final_mean_return"],
        "chosen": f"{c['chosen']} of {c['chosen_generation']}",
        "V: error": v["held_out_error"],
        "M: squared error": m["held_out_mse"],
        "z stays": m["persistence_mse"],
        "M: nats": m["held_out_nll"],
        "z stays: nats": m["persistence_nll"],
        "one Gaussian: nats": m["marginal_gaussian_nll"],
    }


def formatted(value: Any) -> str:
    """A cell."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def main() -> None:
    """Print a table as Markdown, and statistics over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=positive_int, default=20, help="number of seeds")
    parser.add_argument("--processes", type=positive_int, default=2, help="seeds at a time")
    parser.add_argument(
        "--set",
        type=key_value,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another value for a key",
    )
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    with errors_in_a_line("seeds"):
        variants = [variant(options.params, dict(options.set), seed) for seed in seeds]
    rows = parallel_map(one_seed, variants, options.processes)

    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---:|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(map(formatted, row.values())) + " |")
    for name in ("controller", "last mean", "random"):
        values = np.array([row[name] for row in rows])
        print(
            f"\n{name}: mean {values.mean():.2f}, std over seeds {values.std():.2f}, "
            f"min {values.min():.2f}, median {np.median(values):.2f}, max {values.max():.2f}"
        )
    steps = variants[0].env.max_steps
    whole = sum(row["length"] == steps and not row["off"] for row in rows)
    print(f"\n{whole} of {len(rows)} seeds drive all {steps} steps of every episode")


if __name__ == "__main__":
    main()
