"""evolve_c: evolution finds C, and a second look chooses it.   latents, v.npz, m.npz -> c.npz"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stages.artifacts import Latents, Model
from stages.control.controller import Controllers, parameter_count
from stages.control.random_policy import RandomPolicy
from stages.control.strategies import STRATEGIES
from stages.dreams import Night, Nights
from stages.errors import ParamsError, UserError
from stages.judge import Fleet, Judge, Scores
from stages.memory.ensemble import ENSEMBLES
from stages.modules import Memory, Vision, feature_counts, mismatch
from stages.params import EvolveC, World
from stages.progress import progress
from stages.randomness import Streams
from stages.stage import Report, stage
from stages.tracks import Roads
from stages.vision.visions import VISIONS
from stages.workers import Workers
from stages.worlds.racing import RacingWorld
from stages.worlds.track import Track

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


def fitness_of(scores: Scores, settings: EvolveC) -> NDArray[np.float64]:
    """(candidates,): what evolution maximises."""
    return scores.mean_return - settings.caution * scores.std_return


class Places(Protocol):
    """Where candidates are tried: `Roads` or `Nights`."""

    def draw(self, episodes: int, rng: Generator) -> Sequence[Track] | Night:
        """So many of them."""


def evolve(
    settings: EvolveC, judge: Judge, places: Places, mutations: Generator, drawing: Generator
) -> list[Generation]:
    """Run the strategy from a controller of zeros, every generation on roads, or in dreams, of its
    own.
    """
    make = STRATEGIES[settings.strategy]
    start = np.zeros(judge.fleet.genome_size)
    strategy = make(start, settings.sigma, settings.population, mutations)
    history = []
    for _ in progress(range(settings.generations), "evolve_c", settings.generations):
        candidates = strategy.ask()
        drawn = places.draw(settings.episodes, drawing)
        fitness = fitness_of(judge.scores(candidates, drawn, settings.episodes), settings)
        strategy.tell(fitness)
        history.append(
            Generation(candidates[fitness.argmax()].copy(), strategy.mean, fitness, strategy.sigma)
        )
    return history


def validate(
    settings: EvolveC,
    judge: Judge,
    places: Places,
    genomes: NDArray[np.float64],
    drawing: Generator,
) -> Scores:
    """Drive candidates (n, genome_size), all on the same validation roads or in the same dreams."""
    drawn = places.draw(settings.validation_episodes, drawing)
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


def champions(validated: Scores, settings: EvolveC) -> NDArray[np.intp]:
    """(generations,): the number of the candidate that is best up to each generation.

    On real roads who is lost in fewer episodes is better, and among equals whose fitness is higher.
    In dreams fitness alone counts: they end by chance, too, and least for who stands still.
    """
    fitness = fitness_of(validated, settings)
    lost = validated.off_track if settings.world == "real" else np.zeros_like(validated.off_track)
    order = np.lexsort((-fitness, lost))
    rank = np.argsort(order)
    return order[np.minimum.accumulate(rank.reshape(-1, 2).min(axis=1))]


def evolve_c(
    settings: EvolveC, world: World, judge: Judge, latents: Latents, streams: Streams
) -> tuple[Controllers, Report]:
    """Evolve, then keep the best of all distribution means and all generations' best.

    A high fitness may be luck, and the last mean may be off the road: all are driven again. Who
    learns in dreams is chosen in dreams too, those of held-out episodes; how it does on real roads
    is looked at only when all is done.
    """
    roads = Roads(world)
    dreaming = settings.world == "dream"
    places = Nights(latents, held_out=False) if dreaming else roads
    history = evolve(settings, judge, places, streams("mutations"), streams("tracks"))
    genomes = np.array([genome for g in history for genome in (g.best, g.mean)])
    if dreaming:
        places = Nights(latents, held_out=True)
    validated = validate(settings, judge, places, genomes, streams("validation tracks"))
    champion = champions(validated, settings)
    real = validated.mean_return[champion], validated.off_track[champion]
    if dreaming:
        different, generations = np.unique(champion, return_inverse=True)
        tried = validate(settings, judge, roads, genomes[different], streams("real tracks"))
        real = tried.mean_return[generations], tried.off_track[generations]
    generation, which = divmod(int(champion[-1]), 2)
    chosen = history[generation].mean if which else history[generation].best
    metrics = {
        "chosen": "mean" if which else "best",
        "chosen_generation": generation + 1,
        **({"temperature": settings.temperature} if dreaming else {}),
        "validation_return": float(validated.mean_return[champion[-1]]),
        "validation_off_track": int(validated.off_track[champion[-1]]),
        "real_return": float(real[0][-1]),
        "real_off_track": int(real[1][-1]),
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
            "real": real[0][number - 1],
            "random": metrics["random_return"],
            "sigma": g.sigma,
        }
        for number, (g, best) in enumerate(zip(history, champion, strict=True), start=1)
    ]
    dreamt = f" in dreams, {metrics['real_return']:+.2f} on real roads," if dreaming else ""
    summary = (
        f"return {metrics['validation_return']:+.2f}{dreamt} by the {metrics['chosen']} of "
        f"generation {metrics['chosen_generation']} of {settings.generations} (the last mean: "
        f"{metrics['last_mean_return']:+.2f}, the random policy: {metrics['random_return']:+.2f})"
    )
    return judge.fleet.controllers(chosen[None]), Report(summary, metrics, curve)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("evolve_c", reads=["latents", "v", "m"], writes=["c"]) as run:
        vision = run.model("v", "train_v", VISIONS)
        memory = run.model("m", "train_m", ENSEMBLES)
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
        world, latents = run.params.world, run.table("latents", Latents)
        if latents.mean.shape[1] != vision.z_size:
            raise UserError(
                f"{run.paths['latents']}: its z have {latents.mean.shape[1]} numbers, but those of "
                f"{run.paths['v']} have {vision.z_size}; run 'dvc repro'"
            )
        if settings.world == "dream" and not memory.predicts_outcome:
            raise UserError(
                f"{run.paths['m']}: this M predicts no rewards and ends, so that nobody can dream "
                "with it; run 'dvc repro'"
            )
        fleet = Fleet(world, vision, memory, sizes, settings.temperature)
        with Workers(fleet, run.params.compute.workers) as workers:
            judge = Judge(fleet, workers)
            controllers, report = evolve_c(settings, world, judge, latents, run.streams)
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
