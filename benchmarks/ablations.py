"""What matters and what does not: a recipe with one choice changed at a time, on unseen roads."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.variants import over_seeds, result, side_by_side, variant

RECIPES = Path("recipes")
SMALL = {  # a budget for pictures of 64 x 64 x 3 that all V's can be afforded
    "evolve_c.inputs": "z",
    "evolve_c.population": 16,
    "evolve_c.episodes": 4,
    "evolve_c.generations": 40,
    "train_m.epochs": 0,
    "collect.episodes": 120,
    "collect.held_out_episodes": 30,
}
TABLES: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
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
        {f"first step size {sigma}": {"evolve_c.sigma": sigma} for sigma in (0.5, 0.2, 0.1)},
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
            "C evolved on real roads": {"evolve_c.train_in": "real", "train_m.epochs": 0},
            "temperature 0.3": {"evolve_c.temperature": 0.3},
            "M shown no noise": {"train_m.noise": 0.0},
            "hopeless episodes driven to their end": {"collect.patience": 0},
            "one M, no caution": {"train_m.ensemble_size": 1, "evolve_c.caution": 0.0},
            "half of M's training": {"train_m.epochs": 15},
            "MDN-LSTM of 5 mixtures": {"train_m.kind": "mdn_lstm", "train_m.mixtures": 5},
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
        help="default: all but dream, whose Ms take minutes each",
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    for table in given.tables:
        recipe, variants = TABLES[table]
        print(f"\n{table}, recipe {recipe}, seeds 0 to {given.seeds - 1}:\n")
        print("| | mean over seeds ± std | least of a seed | worst drive | lost off the road |")
        print("|---|---:|---:|---:|---:|")
        path = RECIPES / f"{recipe}.yaml"
        seeds = range(given.seeds)
        params = [variant(path, changes, seed) for changes in variants.values() for seed in seeds]
        found = side_by_side(result, params, given.processes)
        for number, name in enumerate(variants):
            own = found[number * given.seeds : (number + 1) * given.seeds]
            print(f"| {name} | {over_seeds(own)} |", flush=True)


if __name__ == "__main__":
    main()
