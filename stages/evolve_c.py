"""evolve_c: evolution finds C, and a second look chooses it.   latents, v.npz, m.npz -> c.npz"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stages.artifacts import Latents, Model
from stages.control.controller import Controllers, parameter_count
from stages.control.random_policy import RandomPolicy
from stages.control.strategies import STRATEGIES
from stages.dreams import Night, Nights
from stages.errors import ParamsError, UserError
from stages.grounds import Grounds, grounds_of
from stages.judge import Fleet, Judge, Scores
from stages.memory.ensemble import ENSEMBLES
from stages.modules import Memory, Vision, feature_counts, mismatch
from stages.params import EvolveC, World
from stages.progress import progress
from stages.randomness import Streams
from stages.scratch import NoScratch, Scratch, State
from stages.stage import Report, stage
from stages.vision.visions import VISIONS
from stages.workers import Workers

RANDOM_EPISODES = 64  # of the baseline
VALIDATED_AT_ONCE = 64  # candidates between two steps of the progress bar
LARGEST_COVARIANCE = 5_000  # rows; 200 MB a matrix, and a minute a decomposition


class History(NamedTuple):
    """What all generations leave: two candidates each for the final choice, and how it went."""

    best: NDArray[np.float64]  # (generations, n), genomes of the best candidates
    mean: NDArray[np.float64]  # (generations, n), where the distribution moved to
    fitness: NDArray[np.float64]  # (generations, population)
    sigma: NDArray[np.float64]  # (generations,)

    @property
    def genomes(self) -> NDArray[np.float64]:
        """(2 generations, n): best and mean in turns."""
        return np.stack([self.best, self.mean], axis=1).reshape(-1, self.best.shape[1])


def controller_sizes(settings: EvolveC, vision: Vision, memory: Memory) -> list[int]:
    """Features, any hidden layer, actions."""
    features = feature_counts(vision, memory)[settings.inputs]
    return [features, *([settings.hidden] if settings.hidden else []), memory.action_size]


def fitness_of(scores: Scores, settings: EvolveC) -> NDArray[np.float64]:
    """(candidates,): what evolution maximises."""
    return scores.mean_return - settings.caution * scores.std_return


class Places(Protocol):
    """Where candidates are tried: `Grounds` or `Nights`."""

    def draw(self, episodes: int, rng: Generator) -> Sequence[Hashable] | Night:
        """So many of them."""


def evolve(
    settings: EvolveC,
    judge: Judge,
    places: Places,
    mutations: Generator,
    drawing: Generator,
    scratch: Scratch,
) -> History:
    """Run the strategy from a controller of zeros, every generation on roads, or in dreams, of its
    own.

    Raises:
        ParamsError: a fitness is not a finite number.
    """
    size, shape = judge.fleet.genome_size, (settings.generations, settings.population)
    make = STRATEGIES[settings.strategy]
    strategy = make(np.zeros(size), settings.sigma, settings.population, mutations)
    best, mean = np.zeros((2, settings.generations, size))
    history, done = History(best, mean, np.zeros(shape), np.zeros(settings.generations)), 0
    if left := scratch.load("evolution"):
        strategy = make.from_state(left["strategy"])
        drawing.bit_generator.state = left["drawing"]
        history, done = History(*left["history"]), left["done"]

    def state() -> State:
        return {
            "strategy": strategy.state(),
            "drawing": drawing.bit_generator.state,
            "history": list(history),
            "done": done,
        }

    to_do = range(done, settings.generations)
    for number in progress(to_do, "evolve_c", settings.generations, done):
        candidates = strategy.ask()
        drawn = places.draw(settings.episodes, drawing)
        fitness = fitness_of(judge.scores(candidates, drawn, settings.episodes), settings)
        check_fitness(fitness, number)
        strategy.tell(fitness)
        history.best[number], history.mean[number] = candidates[fitness.argmax()], strategy.mean
        history.fitness[number], history.sigma[number] = fitness, strategy.sigma
        done = number + 1
        scratch.save("evolution", state, now=done == settings.generations)
    return history


def check_fitness(fitness: NDArray[np.float64], number: int) -> None:
    """Refuse what nothing can be learned from.

    Raises:
        ParamsError: a fitness is not a finite number.
    """
    wrong = np.flatnonzero(~np.isfinite(fitness))
    if wrong.size:
        raise ParamsError(
            f"evolve_c.sigma: in generation {number + 1} candidate {wrong[0] + 1} has a fitness of "
            f"{fitness[wrong[0]]}, and {wrong.size} of {fitness.size} have none that is a finite "
            "number; try a smaller sigma, or look at the losses of V and M"
        )


def validate(
    settings: EvolveC,
    judge: Judge,
    places: Places,
    genomes: NDArray[np.float64],
    drawing: Generator,
    scratch: Scratch,
    name: str,
) -> Scores:
    """Drive candidates (n, genome_size), all on the same validation roads or in the same dreams;
    `name` is that of the state in between.
    """
    drawn = places.draw(settings.validation_episodes, drawing)
    parts = np.split(genomes, range(VALIDATED_AT_ONCE, len(genomes), VALIDATED_AT_ONCE))
    state = scratch.load(name) or {"scores": []}
    scores = [Scores(*entry) for entry in state["scores"]]
    first = len(scores)
    for part in progress(parts[first:], "evolve_c: validation", len(parts), first):
        scores.append(judge.scores(part, drawn, settings.validation_episodes))
        scratch.save(name, lambda: {"scores": [list(entry) for entry in scores]})
    return Scores(*(np.concatenate(entry) for entry in zip(*scores, strict=True)))


def random_return(fleet: Fleet, grounds: Grounds[Any], streams: Streams) -> float:
    """The baseline: the mean return of the note's random policy."""
    drawn = grounds.draw(RANDOM_EPISODES, streams("random tracks"))
    outcome = fleet.drive(RandomPolicy(streams("random")), drawn, RANDOM_EPISODES)
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
    settings: EvolveC,
    world: World,
    judge: Judge,
    latents: Latents,
    streams: Streams,
    scratch: Scratch | None = None,
) -> tuple[Controllers, Report]:
    """Evolve, then keep the best of all distribution means and all generations' best.

    A high fitness may be luck, and the last mean may be off the road: all are driven again. Who
    learns in dreams is chosen in dreams too, those of held-out episodes; how it does on real roads
    is looked at only when all is done.
    """
    grounds = grounds_of(world)
    dreaming = settings.world == "dream"
    places = Nights(latents, held_out=False) if dreaming else grounds
    scratch = scratch or NoScratch()
    history = evolve(settings, judge, places, streams("mutations"), streams("tracks"), scratch)
    genomes = history.genomes
    if dreaming:
        places = Nights(latents, held_out=True)
    drawing = streams("validation tracks")
    validated = validate(settings, judge, places, genomes, drawing, scratch, "validation")
    champion = champions(validated, settings)
    real = validated.mean_return[champion], validated.off_track[champion]
    if dreaming:
        different, generations = np.unique(champion, return_inverse=True)
        drawing = streams("real tracks")
        tried = validate(settings, judge, grounds, genomes[different], drawing, scratch, "real")
        real = tried.mean_return[generations], tried.off_track[generations]
    generation, which = divmod(int(champion[-1]), 2)
    chosen = genomes[champion[-1]]
    metrics = {
        "chosen": "mean" if which else "best",
        "chosen_generation": generation + 1,
        **({"temperature": settings.temperature} if dreaming else {}),
        "validation_return": float(validated.mean_return[champion[-1]]),
        "validation_off_track": int(validated.off_track[champion[-1]]),
        "real_return": float(real[0][-1]),
        "real_off_track": int(real[1][-1]),
        "last_mean_return": float(validated.mean_return[-1]),
        "random_return": random_return(judge.fleet, grounds, streams),
        "flat_generations": int((np.ptp(history.fitness, axis=1) == 0).sum()),
        "episodes": settings.generations * settings.population * settings.episodes,
    }
    curve = [
        {
            "generation": number,
            "best": fitness.max(),
            "mean": fitness.mean(),
            "median": np.median(fitness),
            "distribution_mean": validated.mean_return[2 * number - 1],
            "champion": validated.mean_return[best],
            "real": real[0][number - 1],
            "random": metrics["random_return"],
            "sigma": sigma,
        }
        for number, (fitness, sigma, best) in enumerate(
            zip(history.fitness, history.sigma, champion, strict=True), start=1
        )
    ]
    dreamt = f" in dreams, {metrics['real_return']:+.2f} on real roads," if dreaming else ""
    summary = (
        f"return {metrics['validation_return']:+.2f}{dreamt} by the {metrics['chosen']} of "
        f"generation {metrics['chosen_generation']} of {settings.generations} (the last mean: "
        f"{metrics['last_mean_return']:+.2f}, the random policy: {metrics['random_return']:+.2f})"
    )
    if flat := metrics["flat_generations"]:
        summary += f"; in {flat} of them all candidates did equally well, and none was learned from"
    return judge.fleet.controllers(chosen[None]), Report(summary, metrics, curve)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("evolve_c", reads=["latents", "v", "m"], writes=["c"]) as run:
        vision = run.model("v", "train_v", VISIONS)
        memory = run.model("m", "train_m", ENSEMBLES)
        grounds = grounds_of(run.params.world)
        pixels = math.prod(grounds.observation_shape)
        if problem := mismatch(vision, memory, pixels, grounds.action_size):
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
            controllers, report = evolve_c(
                settings, world, judge, latents, run.streams, run.scratch
            )
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
