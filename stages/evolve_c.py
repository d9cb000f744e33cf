"""evolve_c: evolution finds C, and a second look chooses it.   latents, v.npz, m.npz -> c.npz

C sees the h of the M that it dreams with; or of another one (--memory), an untrained one, say. In
later rounds of the procedure the search begins at what the C before would do (--teacher).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stages.artifacts import Latents, Model
from stages.choosing import History, Places, choose, choose_by_checks, fitness_of, places_of
from stages.control.basis import Basis
from stages.control.controller import Controllers, parameter_count
from stages.control.random_policy import RandomPolicy
from stages.control.strategies import STRATEGIES
from stages.errors import ParamsError, UserError
from stages.grounds import Grounds, grounds_of
from stages.imitation import Example, best_drives, first_genome, fitted_basis
from stages.judge import Fleet, Judge
from stages.memory.ensemble import ENSEMBLES
from stages.modules import Memory, Vision, feature_counts, mismatch
from stages.params import EvolveC, World
from stages.progress import progress
from stages.randomness import Streams
from stages.scratch import NoScratch, Scratch, State
from stages.stage import Report, Run, stage
from stages.vision.visions import VISIONS
from stages.workers import Workers

LARGEST_COVARIANCE = 5_000  # rows; 200 MB a matrix, and a minute a decomposition


def controller_sizes(
    settings: EvolveC, vision: Vision, memory: Memory, basis: Basis | None = None
) -> list[int]:
    """Features, any hidden layer, actions, of what evolution learns."""
    features = feature_counts(vision, memory)[settings.inputs]
    if basis:
        features += basis.size - memory.hidden_size
    return [features, *([settings.hidden] if settings.hidden else []), memory.action_size]


def evolve(
    settings: EvolveC,
    judge: Judge,
    start: NDArray[np.float64],
    places: Places,
    mutations: Generator,
    drawing: Generator,
    scratch: Scratch,
) -> History:
    """Run the strategy from a genome, every generation on roads, or in dreams, of its
    own.

    Raises:
        ParamsError: a fitness is not a finite number.
    """
    size, shape = judge.fleet.genome_size, (settings.generations, settings.population)
    make = STRATEGIES[settings.strategy]
    strategy = make(start, settings.sigma, settings.population, mutations)
    best, mean = np.zeros((2, settings.generations, size))
    history, done = History(start, best, mean, np.zeros(shape), np.zeros(settings.generations)), 0
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


def random_return(fleet: Fleet, grounds: Grounds[Any], episodes: int, streams: Streams) -> float:
    """The baseline: the mean return of the note's random policy."""
    drawn = grounds.draw(episodes, streams("random tracks"))
    outcome = fleet.drive(RandomPolicy(streams("random")), drawn, episodes)
    return float(outcome.returns.mean())


def evolve_c(
    settings: EvolveC,
    world: World,
    judge: Judge,
    latents: Latents,
    streams: Streams,
    scratch: Scratch | None = None,
    start: NDArray[np.float64] | None = None,
) -> tuple[Controllers, Report]:
    """Evolve, from a genome or from zeros, then choose; who learned in dreams drives at last."""
    grounds = grounds_of(world)
    dreaming = settings.world == "dream"
    places = places_of(settings, grounds, latents, held_out=False)
    scratch = scratch or NoScratch()
    start = np.zeros(judge.fleet.genome_size) if start is None else start
    random = streams("mutations"), streams("tracks")
    history = evolve(settings, judge, start, places, *random, scratch)
    if settings.checked_every:
        choice = choose_by_checks(settings, judge, grounds, history, streams, scratch)
    else:
        choice = choose(settings, judge, grounds, latents, history, streams, scratch)
    metrics = {
        "chosen": choice.chosen,
        "chosen_generation": choice.generation,
        **({"temperature": settings.temperature} if dreaming else {}),
        "validation_return": float(choice.champion[-1]),
        "validation_off_track": choice.off_track,
        "real_return": float(choice.real[-1]),
        "real_off_track": choice.real_off_track,
        "last_mean_return": float(choice.distribution_mean[-1]),
        "random_return": random_return(judge.fleet, grounds, settings.random_episodes, streams),
        "flat_generations": int((np.ptp(history.fitness, axis=1) == 0).sum()),
        "episodes": settings.generations * settings.population * settings.episodes,
        **({"checked_steps": choice.real_steps} if settings.checked_every else {}),
    }
    curve = [
        {
            "generation": number,
            "best": fitness.max(),
            "mean": fitness.mean(),
            "median": np.median(fitness),
            "distribution_mean": choice.distribution_mean[number - 1],
            "champion": choice.champion[number - 1],
            "real": choice.real[number - 1],
            "random": metrics["random_return"],
            "sigma": sigma,
        }
        for number, (fitness, sigma) in enumerate(
            zip(history.fitness, history.sigma, strict=True), start=1
        )
    ]
    dreamt = dreaming and not settings.checked_every
    where = f" in dreams, {metrics['real_return']:+.2f} on real roads," if dreamt else ""
    summary = (
        f"return {metrics['validation_return']:+.2f}{where} by the {metrics['chosen']} of "
        f"generation {metrics['chosen_generation']} of {settings.generations} (the last mean: "
        f"{metrics['last_mean_return']:+.2f}, the random policy: {metrics['random_return']:+.2f})"
    )
    if flat := metrics["flat_generations"]:
        summary += f"; in {flat} of them all candidates did equally well, and none was learned from"
    return judge.fleet.controllers(choice.genome[None]), Report(summary, metrics, curve)


def example_of(run: Run, grounds: Grounds[Any], latents: Latents) -> Example | None:
    """Where the search is to begin, if not at zeros: at what a teacher would do, if the command
    line names one, or else at what was done in the best episodes.

    Raises:
        UserError: there is no such teacher, its episodes are others, or C cannot learn of it.
    """
    rng, settings = run.streams("imitation"), run.params.evolve_c
    if "rollouts" not in run.paths:
        return best_drives(latents, settings.imitated, rng) if settings.imitated else None
    if settings.hidden:
        raise ParamsError(
            "evolve_c.hidden: must be 0 where there is a --teacher, for it is a linear C that "
            f"learns of it; found {settings.hidden}"
        )
    from stages.teacher import asked  # who has none depends on no V of another round

    return asked(run, grounds, latents, rng)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    optional = {
        "memory": ["remembers"],
        "teacher": ["v_before", "m_before", "c_before", "rollouts"],
    }
    with stage("evolve_c", reads=["latents", "v", "m"], optional=optional, writes=["c"]) as run:
        vision = run.model("v", "train_v", VISIONS)
        memory = run.model("m", "train_m", ENSEMBLES)
        other = "remembers" in run.paths
        remembers = run.model("remembers", "train_m", ENSEMBLES) if other else memory
        grounds = grounds_of(run.params.world)
        pixels = math.prod(grounds.observation_shape)
        for name, each in {"m": memory, **({"remembers": remembers} if other else {})}.items():
            if problem := mismatch(vision, each, pixels, grounds.action_size):
                read = f"{run.paths['v']} and {run.paths[name]}"
                raise UserError(f"{read}: {problem}; run 'dvc repro'")
        settings = run.params.evolve_c
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
        basis = fitted_basis(settings, remembers.members[0], latents, run.streams("basis"))
        sizes = controller_sizes(settings, vision, remembers, basis)
        if settings.strategy == "cma_es" and parameter_count(sizes) > LARGEST_COVARIANCE:
            raise ParamsError(
                f"evolve_c.strategy: cma_es learns a matrix of {parameter_count(sizes)} rows for "
                f"this C, and {LARGEST_COVARIANCE} are the most; take sep_cma_es, or a smaller C"
            )
        size, first = parameter_count(sizes), remembers.members[0]
        example = example_of(run, grounds, latents)
        start = first_genome(settings, first, example, basis, size)
        fleet = Fleet(world, vision, memory, sizes, settings, basis, remembers if other else None)
        with Workers(fleet, run.params.compute) as workers:
            judge = Judge(fleet, workers)
            controllers, report = evolve_c(
                settings, world, judge, latents, run.streams, run.scratch, start
            )
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
