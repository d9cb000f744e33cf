"""The search for C: an evolution strategy, generation by generation, and a selection at its end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.controller.pca import WhitenedPCA
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker, risk_adjusted
from worldmodels.evolution.registry import STRATEGIES
from worldmodels.evolution.selection import (
    History,
    Selection,
    StartDistribution,
    select,
    select_checkpoint,
    start_distribution,
)
from worldmodels.evolution.strategy import Strategy
from worldmodels.interfaces import Memory, Vision, feature_counts
from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints, State
from worldmodels.pipeline.config.params import EvolveC
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import Row, StageResult
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.rollout.task import Task


def controller_sizes(
    settings: EvolveC, vision: Vision, memory: Memory, pca: WhitenedPCA | None = None
) -> list[int]:
    """Features, any hidden layer, and actions of the controllers that are searched."""
    counts = feature_counts(vision.z_size, memory.hidden_size)
    features = vision.z_size + pca.size if pca else counts[settings.inputs]
    return [features, *([settings.hidden] if settings.hidden else []), memory.action_size]


def evolve(
    settings: EvolveC,
    evaluator: FitnessEvaluator,
    start: NDArray[np.float64],
    sample_starts: StartDistribution,
    streams: RandomStreams,
    checkpoints: Checkpoints,
) -> History:
    """Run the strategy from a genome, `runs` times with other mutations.

    All candidates of a generation are evaluated on the same starts, the next one's on fresh ones.

    Raises:
        ParamsError: a fitness is not a finite number.
    """
    size, count = evaluator.worker.genome_size, settings.runs * settings.generations
    make = STRATEGIES[settings.strategy]

    def new_strategy(run: int) -> Strategy:
        mutations = streams(f"mutations, search {run}" if run else "mutations")
        return make(start, settings.sigma, settings.population, mutations)

    strategy, rng = new_strategy(0), streams("tracks")
    each = settings.runs, settings.generations
    history = History(
        start=start,
        best=np.zeros((*each, size)),
        mean=np.zeros((*each, size)),
        fitness=np.zeros((*each, settings.population)),
        sigma=np.zeros(each),
    )
    done = 0
    if saved := checkpoints.load("evolution"):
        strategy = make.from_state(saved["strategy"])
        rng.bit_generator.state = saved["rng"]
        history, done = History(*saved["history"]), saved["done"]

    def state() -> State:
        return {
            "strategy": strategy.state(),
            "rng": rng.bit_generator.state,
            "history": list(history),
            "done": done,
        }

    for number in progress(range(done, count), "evolve_c", count, done):
        run, generation = divmod(number, settings.generations)
        if run and not generation:
            strategy = new_strategy(run)
        candidates = strategy.ask()
        starts = sample_starts(settings.episodes, rng)
        scores = evaluator.scores(candidates, starts, settings.episodes)
        fitness = risk_adjusted(scores, settings.risk_aversion)
        check_fitness(fitness, number)
        strategy.tell(fitness)
        here = run, generation
        history.best[here], history.mean[here] = candidates[fitness.argmax()], strategy.mean
        history.fitness[here], history.sigma[here] = fitness, strategy.sigma
        done = number + 1
        checkpoints.save("evolution", state, force=done == count)
    return history


def evaluate_start(
    settings: EvolveC,
    evaluator: FitnessEvaluator,
    start: NDArray[np.float64],
    sample_starts: StartDistribution,
    rng: Generator,
) -> History:
    """The history of no search: one generation, of the start alone."""
    starts = sample_starts(settings.episodes, rng)
    scores = evaluator.scores(start[None], starts, settings.episodes)
    alone = start[None, None]
    fitness = risk_adjusted(scores, settings.risk_aversion)[None, None]
    return History(start, best=alone, mean=alone, fitness=fitness, sigma=np.zeros((1, 1)))


def check_fitness(fitness: NDArray[np.float64], number: int) -> None:
    """Refuse a generation's fitness if no strategy can learn from it.

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


def baseline_return(
    worker: RolloutWorker, task: Task[Any], episodes: int, streams: RandomStreams
) -> float:
    """The mean return of the random policy."""
    tracks = task.sample_tracks(episodes, streams("random tracks"))
    stats = worker.run(task.random_policy(streams("random")), tracks, episodes)
    return float(stats.returns.mean())


def evolve_c(
    settings: EvolveC,
    evaluator: FitnessEvaluator,
    latents: Latents,
    streams: RandomStreams,
    checkpoints: Checkpoints | None = None,
    start: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], StageResult]:
    """The selected genome of a search from `start`, or from zeros, and the stage's result.

    Without generations it is the start.
    """
    task = evaluator.worker.task
    sample_starts = start_distribution(settings, task, latents, held_out=False)
    checkpoints = checkpoints or NoCheckpoints()
    start = np.zeros(evaluator.worker.genome_size) if start is None else start
    if settings.generations:
        history = evolve(settings, evaluator, start, sample_starts, streams, checkpoints)
    else:
        history = evaluate_start(settings, evaluator, start, sample_starts, streams("tracks"))
    if settings.eval_every or not settings.generations:
        selection = select_checkpoint(settings, evaluator, task, history, streams, checkpoints)
    else:
        selection = select(settings, evaluator, task, latents, history, streams, checkpoints)
    baseline = baseline_return(evaluator.worker, task, settings.baseline_episodes, streams)
    return selection.genome, _result(settings, history, selection, baseline)


def _result(
    settings: EvolveC, history: History, selection: Selection, baseline: float
) -> StageResult:
    """Metrics, details, curve and closing line."""
    fitnesses = history.all_fitness
    in_dreams = settings.train_in == "dream"
    selected_in_dreams = in_dreams and not settings.eval_every
    validation_return = float(selection.validation[-1])
    metrics = {
        "validation_return": validation_return,
        "baseline_return": baseline,
        **({"dream_return": float(selection.incumbent[-1])} if selected_in_dreams else {}),
    }
    flat = int((np.ptp(fitnesses, axis=1) == 0).sum()) if settings.generations else 0
    details = {
        "chosen": selection.chosen,
        "chosen_generation": selection.generation,
        **({"temperature": settings.temperature} if in_dreams else {}),
        "validation_off_track": selection.validation_off_track,
        **({"dream_off_track": selection.off_track} if selected_in_dreams else {}),
        "final_mean_return": float(selection.distribution_mean[-1]),
        "flat_generations": flat,
        "episodes": fitnesses.size * settings.episodes,
        "validation_steps": selection.env_steps,
    }
    curve: list[Row] = [
        {
            "generation": number,
            "best": fitness.max(),
            "mean": fitness.mean(),
            "median": float(np.median(fitness)),
            "distribution_mean": selection.distribution_mean[number - 1],
            "incumbent": selection.incumbent[number - 1],
            "validation": selection.validation[number - 1],
            "baseline": baseline,
            "sigma": sigma,
        }
        for number, (fitness, sigma) in enumerate(
            zip(fitnesses, history.sigma.mean(axis=0), strict=True), min(1, settings.generations)
        )
    ]
    dreams = f" ({metrics['dream_return']:+.2f} in dreams)" if selected_in_dreams else ""
    summary = (
        f"validation return {validation_return:+.2f}{dreams} by the {selection.chosen} of "
        f"generation {selection.generation} of {settings.generations} (the last mean: "
        f"{details['final_mean_return']:+.2f}, the random policy: {baseline:+.2f})"
    )
    if flat:
        summary += f"; in {flat} generations all candidates scored alike, and nothing was learned"
    return StageResult(summary, metrics, details, curve)
