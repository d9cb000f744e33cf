"""A recipe with one choice changed at a time, evaluated on unseen tracks."""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.arguments import positive_int
from benchmarks.variants import (
    parallel_map,
    recipe_path,
    summary_cells,
    train_and_evaluate,
    variant,
)

SMALL = {  # a budget that also the dense Vs can be afforded with at 64 x 64 x 3
    "evolve_c.inputs": "z",
    "evolve_c.population": 16,
    "evolve_c.episodes": 4,
    "evolve_c.generations": 40,
    "train_m.epochs": 0,
    "collect.episodes": 120,
    "collect.held_out_episodes": 30,
}
TABLES: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {  # recipe, and changes by row
    "inputs": (
        "unseen",
        {
            "z": {"evolve_c.inputs": "z"},
            "z and h, M untrained": {"evolve_c.inputs": "zh", "train_m.epochs": 0},
            "z and h": {"evolve_c.inputs": "zh"},
            "z, hidden layer of 16": {"evolve_c.inputs": "z", "evolve_c.hidden": 16},
            "z and h, hidden layer of 16": {"evolve_c.inputs": "zh", "evolve_c.hidden": 16},
        },
    ),
    "sigma": (
        "unseen",
        {f"initial step size {sigma}": {"evolve_c.sigma": sigma} for sigma in (0.5, 0.2, 0.1)},
    ),
    "strategy": (
        "unseen",
        {
            name: {"evolve_c.strategy": name}
            for name in ("rank_mu", "sep_cma_es", "cma_es", "openai_es")
        },
    ),
    "dream": (
        "dream",
        {
            "the recipe": {},
            "C evolved in the environment": {"evolve_c.train_in": "env", "train_m.epochs": 0},
            "temperature 0.3": {"evolve_c.temperature": 0.3},
            "no noise on M's input": {"train_m.input_noise": 0.0},
            "hopeless episodes not cut short": {"collect.patience": 0},
            "one M, no risk aversion": {"train_m.ensemble_size": 1, "evolve_c.risk_aversion": 0.0},
            "half of M's training": {"train_m.epochs": 15},
            "MDN-LSTM of 5 mixtures": {"train_m.kind": "mdn_lstm", "train_m.num_mixtures": 5},
        },
    ),
    "v16": (
        "unseen",
        {
            "autoencoder": {},
            "vae": {"train_v.kind": "vae"},
            "vae, beta 0.2": {"train_v.kind": "vae", "train_v.beta": 0.2},
        },
    ),
    "v64": (
        "paper",
        {
            "autoencoder": {**SMALL, "train_v.kind": "autoencoder", "train_v.batch_size": 64},
            "vae": {**SMALL, "train_v.kind": "vae", "train_v.batch_size": 64},
            "conv_vae": SMALL,
        },
    ),
}


def main() -> None:
    """Print tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tables",
        nargs="+",
        choices=TABLES,
        default=[name for name in TABLES if name != "dream"],
        help="default: all but dream, in which each M takes minutes",
    )
    parser.add_argument("--seeds", type=positive_int, default=5, help="number of seeds, from 0")
    parser.add_argument("--processes", type=positive_int, default=2)
    options = parser.parse_args()
    for table in options.tables:
        recipe, rows = TABLES[table]
        print(f"\n{table}, recipe {recipe}, seeds 0 to {options.seeds - 1}:\n")
        print("| | return ± std over seeds | lowest seed | worst episode | off the track |")
        print("|---|---:|---:|---:|---:|")
        path, seeds = recipe_path(recipe), range(options.seeds)
        params = [variant(path, changes, seed) for changes in rows.values() for seed in seeds]
        scores = parallel_map(train_and_evaluate, params, options.processes)
        for number, name in enumerate(rows):
            own = scores[number * options.seeds : (number + 1) * options.seeds]
            print(f"| {name} | {summary_cells(own)} |", flush=True)


if __name__ == "__main__":
    main()
