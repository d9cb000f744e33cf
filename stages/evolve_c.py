"""evolve_c: evolution finds C, and a second look chooses it.     v.npz, m.npz -> c.npz"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stages.artifacts import Model
from stages.control.controller import Controllers, parameter_count
from stages.control.random_policy import RandomPolicy
from stages.control.strategies import STRATEGIES
from stages.errors import ParamsError, UserError
from stages.judge import Fleet, Judge, Scores
from stages.memory.memories import MEMORIES
from stages.modules import Memory, Vision, feature_counts, mismatch
from stages.params import EvolveC, World
from stages.progress import progress
from stages.randomness import Streams
from stages.stage import Report, stage
from stages.tracks import Roads
from stages.vision.visions import VISIONS
from stages.workers import Workers
from stages.worlds.racing import RacingWorld

RANDOM_EPISODES = 64  # of the baseline
VALIDATED_AT_ONCE = 64  # candidates between two steps of the progress bar
LARGEST_COVARIANCE = 5_000  # rows; 200 MB a matrix, and a minute a decomposition


class Generation(NamedTuple):
    """What a generation leaves behind: two candidates for the final choice, and how it went."""

    best: NDArray[np.float64]  # genome of its best candidate
    mean: NDArray[np.float64]  # where the distribution moved to
    fitness: NDArray[np.float64]  # (population,)
    sigma: float


def controller_sizes(settings: EvolveC, vision: Vision, memory: Memory) -> list[int]:
    """Features, any hidden layer, actions."""
    features = feature_counts(vision, memory)[settings.inputs]
    return [features, *([settings.hidden] if settings.hidden else []), memory.action_size]


def evolve(
    settings: EvolveC, judge: Judge, roads: Roads, mutations: Generator, tracks: Generator
) -> list[Generation]:
    """Run the strategy from a controller of zeros, every generation on roads of its own."""
    make = STRATEGIES[settings.strategy]
    start = np.zeros(judge.fleet.genome_size)
    strategy = make(start, settings.sigma, settings.population, mutations)
    history = []
    for _ in progress(range(settings.generations), "evolve_c", settings.generations):
        candidates = strategy.ask()
        drawn = roads.draw(settings.episodes, tracks)
        fitness = judge.scores(candidates, drawn, settings.episodes).mean_return
        strategy.tell(fitness)
        history.append(
            Generation(candidates[fitness.argmax()].copy(), strategy.mean, fitness, strategy.sigma)
        )
    return history


def validate(
    settings: EvolveC, judge: Judge, roads: Roads, history: list[Generation], tracks: Generator
) -> Scores:
    """Drive every generation's best and its mean, in turn, all on the same validation roads."""
    genomes = np.array([genome for g in history for genome in (g.best, g.mean)])
    drawn = roads.draw(settings.validation_episodes, tracks)
    parts = np.split(genomes, range(VALIDATED_AT_ONCE, len(genomes), VALIDATED_AT_ONCE))
    scores = [
        judge.scores(part, drawn, settings.validation_episodes)
        for part in progress(parts, "evolve_c: validation", len(parts))
    ]
    return Scores(*(np.concatenate(entry) for entry in zip(*scores, strict=True)))


def random_return(fleet: Fleet, roads: Roads, streams: Streams) -> float:
    """The baseline: the mean return of the note's random policy."""
    tracks = roads.draw(RANDOM_EPISODES, streams("random tracks"))
    outcome = fleet.drive(RandomPolicy(streams("random")), tracks, RANDOM_EPISODES)
    return float(outcome.returns.mean())


def champions(validated: Scores) -> NDArray[np.intp]:
    """(generations,): the number of the candidate that is best up to each generation.

    Who is lost off the road in fewer episodes is better; among equals the higher mean return is.
    """
    order = np.lexsort((-validated.mean_return, validated.off_track))
    rank = np.argsort(order)
    return order[np.minimum.accumulate(rank.reshape(-1, 2).min(axis=1))]


def evolve_c(
    settings: EvolveC, world: World, judge: Judge, streams: Streams
) -> tuple[Controllers, Report]:
    """Evolve, then keep the best of all distribution means and all generations' best.

    A high fitness may be luck, and the last mean may be off the road: all are driven again.
    """
    roads = Roads(world)
    history = evolve(settings, judge, roads, streams("mutations"), streams("tracks"))
    validated = validate(settings, judge, roads, history, streams("validation tracks"))
    champion = champions(validated)
    generation, which = divmod(int(champion[-1]), 2)
    chosen = history[generation].mean if which else history[generation].best
    metrics = {
        "chosen": "mean" if which else "best",
        "chosen_generation": generation + 1,
        "validation_return": float(validated.mean_return[champion[-1]]),
        "validation_off_track": int(validated.off_track[champion[-1]]),
        "last_mean_return": float(validated.mean_return[-1]),
        "random_return": random_return(judge.fleet, roads, streams),
        "episodes": settings.generations * settings.population * settings.episodes,
    }
    curve = [
        {
            "generation": number,
            "best": g.fitness.max(),
            "mean": g.fitness.mean(),
            "median": np.median(g.fitness),
            "distribution_mean": validated.mean_return[2 * number - 1],
            "champion": validated.mean_return[best],
            "random": metrics["random_return"],
            "sigma": g.sigma,
        }
        for number, (g, best) in enumerate(zip(history, champion, strict=True), start=1)
    ]
    summary = (
        f"return {metrics['validation_return']:+.2f} by the {metrics['chosen']} of generation "
        f"{metrics['chosen_generation']} of {settings.generations} (the last mean: "
        f"{metrics['last_mean_return']:+.2f}, the random policy: {metrics['random_return']:+.2f})"
    )
    return judge.fleet.controllers(chosen[None]), Report(summary, metrics, curve)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("evolve_c", reads=["v", "m"], writes=["c"]) as run:
        vision = run.model("v", "train_v", VISIONS)
        memory = run.model("m", "train_m", MEMORIES)
        pixels = math.prod(run.params.world.view.shape)
        if problem := mismatch(vision, memory, pixels, RacingWorld.action_size):
            raise UserError(f"{run.paths['v']} and {run.paths['m']}: {problem}; run 'dvc repro'")
        settings = run.params.evolve_c
        sizes = controller_sizes(settings, vision, memory)
        if settings.strategy == "cma_es" and parameter_count(sizes) > LARGEST_COVARIANCE:
            raise ParamsError(
                f"evolve_c.strategy: cma_es learns a matrix of {parameter_count(sizes)} rows for "
                f"this C, and {LARGEST_COVARIANCE} are the most; take sep_cma_es, or a smaller C"
            )
        world = run.params.world
        fleet = Fleet(world, vision, memory, sizes)
        with Workers(fleet, run.params.compute.workers) as workers:
            controllers, report = evolve_c(settings, world, Judge(fleet, workers), run.streams)
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
