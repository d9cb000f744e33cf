"""The search for C: candidates are asked for and scored, generation by generation, then one is
chosen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.controller.pca import Basis
from worldmodels.evolution.fitness import Fleet, Judge, fitness_of
from worldmodels.evolution.registry import STRATEGIES
from worldmodels.evolution.selection import History, Places, choose, choose_by_checks, places_of
from worldmodels.evolution.strategy import Strategy
from worldmodels.interfaces import Memory, Vision, feature_counts
from worldmodels.pipeline.checkpoints import NoScratch, Scratch, State
from worldmodels.pipeline.config.params import EvolveC
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import Report
from worldmodels.pipeline.seeding import Streams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.policies.smoothed_noise import RandomPolicy
from worldmodels.rollout.task import Grounds


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
    streams: Streams,
    scratch: Scratch,
) -> History:
    """Run the strategy from a genome, every generation on roads, or in dreams, of its own; and
    again for each further search, with other mutations.

    Raises:
        ParamsError: a fitness is not a finite number.
    """
    size, count = judge.fleet.genome_size, settings.searches * settings.generations
    make = STRATEGIES[settings.strategy]

    def begun(search: int) -> Strategy:
        mutations = streams(f"mutations, search {search}" if search else "mutations")
        return make(start, settings.sigma, settings.population, mutations)

    strategy, drawing = begun(0), streams("tracks")
    each = settings.searches, settings.generations
    history = History(
        start=start,
        best=np.zeros((*each, size)),
        mean=np.zeros((*each, size)),
        fitness=np.zeros((*each, settings.population)),
        sigma=np.zeros(each),
    )
    done = 0
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

    for number in progress(range(done, count), "evolve_c", count, done):
        search, generation = divmod(number, settings.generations)
        if search and not generation:
            strategy = begun(search)
        candidates = strategy.ask()
        drawn = places.draw(settings.episodes, drawing)
        scores = judge.scores(candidates, drawn, settings.episodes)
        fitness = fitness_of(scores, settings.caution)
        check_fitness(fitness, number)
        strategy.tell(fitness)
        here = search, generation
        history.best[here], history.mean[here] = candidates[fitness.argmax()], strategy.mean
        history.fitness[here], history.sigma[here] = fitness, strategy.sigma
        done = number + 1
        scratch.save("evolution", state, now=done == count)
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
    judge: Judge,
    latents: Latents,
    streams: Streams,
    scratch: Scratch | None = None,
    start: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], Report]:
    """Evolve, from a genome or from zeros, and choose one; who learned in dreams drives at last."""
    grounds = judge.fleet.grounds
    dreaming = settings.world == "dream"
    places = places_of(settings, grounds, latents, held_out=False)
    scratch = scratch or NoScratch()
    start = np.zeros(judge.fleet.genome_size) if start is None else start
    history = evolve(settings, judge, start, places, streams, scratch)
    if settings.checked_every:
        choice = choose_by_checks(settings, judge, grounds, history, streams, scratch)
    else:
        choice = choose(settings, judge, grounds, latents, history, streams, scratch)
    fitnesses = history.all_fitness
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
        "flat_generations": int((np.ptp(fitnesses, axis=1) == 0).sum()),
        "episodes": fitnesses.size * settings.episodes,
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
            zip(fitnesses, history.sigma.mean(axis=0), strict=True), start=1
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
    return choice.genome, Report(summary, metrics, curve)
