"""CMA-ES beside pycma: evaluations to reach a goal, and time of a generation, on one core."""

from __future__ import annotations

import time
from collections.abc import Callable

import cma
import numpy as np
from numpy.typing import NDArray

from worldmodels.evolution.cma_es import CMAES

Array = NDArray[np.float64]

GOAL, DIMENSIONS, RUNS = 1e-9, 20, 9
PAPER_GENOME, PAPER_POPULATION = 867, 64
GENERATIONS, ROUNDS = 40, 5  # of the paper's size, timed

WEIGHTS = 10.0 ** (6 * np.arange(DIMENSIONS) / (DIMENSIONS - 1))
FUNCTIONS: dict[str, tuple[Callable[[Array], Array], float]] = {  # losses, and initial means
    "sphere": (lambda x: np.square(x).sum(axis=1), 3.0),
    "ellipsoid": (lambda x: np.square(x) @ WEIGHTS, 3.0),
    "Rosenbrock": (
        lambda x: (
            100 * np.square(x[:, 1:] - np.square(x[:, :-1])).sum(axis=1)
            + np.square(1 - x[:, :-1]).sum(axis=1)
        ),
        0.0,
    ),
}


def our_evaluations(loss: Callable[[Array], Array], start: float, seed: int) -> int:
    """Evaluations of our CMA-ES until the loss of a candidate is at the goal."""
    population = 4 + int(3 * np.log(DIMENSIONS))
    rng = np.random.default_rng(seed)
    strategy = CMAES(np.full(DIMENSIONS, start), 0.5, population, rng)
    evaluations, best = 0, np.inf
    while best > GOAL and evaluations < 100_000:
        fitness = -loss(strategy.ask())
        strategy.tell(fitness)
        evaluations += population
        best = -fitness.max()
    return evaluations


def pycma_evaluations(loss: Callable[[Array], Array], start: float, seed: int) -> int:
    """Evaluations of pycma until then."""
    options = {"seed": seed + 1, "ftarget": GOAL, "verbose": -9, "tolfun": 0, "tolfunhist": 0}
    strategy = cma.CMAEvolutionStrategy(np.full(DIMENSIONS, start), 0.5, options)
    while not strategy.stop():
        candidates = strategy.ask()
        strategy.tell(candidates, loss(np.array(candidates)).tolist())
    return int(strategy.result.evaluations)


def evaluations_table() -> None:
    """Print medians over RUNS runs."""
    print(f"| {DIMENSIONS} dimensions, to {GOAL:g} | ours | pycma | ratio |")
    print("|---|---:|---:|---:|")
    for name, (loss, start) in FUNCTIONS.items():
        ours = np.median([our_evaluations(loss, start, seed) for seed in range(RUNS)])
        theirs = np.median([pycma_evaluations(loss, start, seed) for seed in range(RUNS)])
        print(f"| {name} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} |")


def generation_table() -> None:
    """Print the time of ask and tell at the paper's size, matrix decompositions included."""
    rng = np.random.default_rng(0)
    ours = CMAES(np.zeros(PAPER_GENOME), 0.1, PAPER_POPULATION, rng)
    options = {"seed": 1, "popsize": PAPER_POPULATION, "verbose": -9}
    theirs = cma.CMAEvolutionStrategy(np.zeros(PAPER_GENOME), 0.1, options)

    def our_generation() -> None:
        ours.tell(-np.square(ours.ask() - 1).sum(axis=1))

    def pycma_generation() -> None:
        candidates = theirs.ask()
        theirs.tell(candidates, np.square(np.array(candidates) - 1).sum(axis=1).tolist())

    generations = {"ours": our_generation, "pycma": pycma_generation}
    seconds = dict.fromkeys(generations, np.inf)
    for _ in range(ROUNDS):  # taking turns, so that a slow minute of the machine affects both
        for name, generation in generations.items():
            start = time.perf_counter()
            for _ in range(GENERATIONS):
                generation()
            seconds[name] = min(seconds[name], (time.perf_counter() - start) / GENERATIONS)
    print(f"| a generation, n = {PAPER_GENOME}, population {PAPER_POPULATION} | ms | times |")
    print("|---|---:|---:|")
    for name, best in seconds.items():
        print(f"| {name} | {1000 * best:.1f} | {best / seconds['ours']:.2f} |")


def main() -> None:
    """Print tables as Markdown."""
    evaluations_table()
    print()
    generation_table()


if __name__ == "__main__":
    main()
