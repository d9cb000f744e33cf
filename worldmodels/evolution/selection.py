"""Selection of the final C from all that evolution leaves: by validation, because the highest
fitness of many is partly luck.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.dream.starts import StartSampler
from worldmodels.evolution.fitness import FitnessEvaluator, Scores, Starts, risk_adjusted
from worldmodels.pipeline.checkpoints import Checkpoints
from worldmodels.pipeline.config.params import EvolveC
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.rollout.task import Task

VALIDATION_BATCH = 64  # candidates between two steps of the progress bar

StartDistribution = Callable[[int, Generator], Starts]  # samples the starts of n episodes


class History(NamedTuple):
    """What the generations of independent runs leave; all runs have the same start."""

    start: NDArray[np.float64]  # (n,), where the runs began
    best: NDArray[np.float64]  # (runs, generations, n), each generation's best candidate
    mean: NDArray[np.float64]  # (runs, generations, n), the distribution's mean after it
    fitness: NDArray[np.float64]  # (runs, generations, population)
    sigma: NDArray[np.float64]  # (runs, generations)

    @property
    def mean_of_runs(self) -> NDArray[np.float64]:
        """(generations, n): the mean of the runs' means; averaging reduces their variance."""
        mean: NDArray[np.float64] = self.mean.mean(axis=0)
        return mean

    @property
    def all_fitness(self) -> NDArray[np.float64]:
        """(generations, runs x population)."""
        return np.concatenate(self.fitness, axis=1)

    @property
    def genomes(self) -> NDArray[np.float64]:
        """(2 generations, n): the best of all runs and the mean of the runs, in turns."""
        generations = self.fitness.shape[1]
        first = self.fitness.max(axis=2).argmax(axis=0)  # of the runs, by generation
        best = self.best[first, np.arange(generations)]
        return np.stack([best, self.mean_of_runs], axis=1).reshape(2 * generations, -1)


class Selection(NamedTuple):
    """The selected candidate, and how the incumbent of each generation did.

    The incumbent is the best candidate up to a generation by the measure of the selection: returns
    in the environment, or in dreams.
    """

    genome: NDArray[np.float64]  # (n,)
    chosen: str  # `best` of its generation, the distribution's `mean`, or the `start`
    generation: int  # from 1; 0: the start
    incumbent: NDArray[np.float64]  # (generations,), by the measure of the selection
    distribution_mean: NDArray[np.float64]  # (generations,), likewise
    validation: NDArray[np.float64]  # (generations,), of the incumbent in the environment
    off_track: int  # of the selected one's episodes, by the measure of the selection
    validation_off_track: int  # of those in the environment
    env_steps: int  # of all validation episodes in the environment


def start_distribution(
    settings: EvolveC, task: Task[Any], latents: Latents, *, held_out: bool
) -> StartDistribution:
    """Samples tracks, or start states of dreams from episodes that were, or were not, held out."""
    if settings.train_in == "env":
        return task.sample_tracks
    return StartSampler(
        latents,
        held_out=held_out,
        burn_in=settings.burn_in,
        replay_rounds=settings.replay_rounds,
        stalled_start_share=settings.stalled_start_share,
    ).sample


def validate(
    settings: EvolveC,
    evaluator: FitnessEvaluator,
    sample_starts: StartDistribution,
    genomes: NDArray[np.float64],
    rng: Generator,
    checkpoints: Checkpoints,
    name: str,
) -> Scores:
    """Scores of candidates (n, genome_size), all on the same validation starts.

    `name` is that of the checkpoint.
    """
    starts = sample_starts(settings.validation_episodes, rng)
    parts = np.split(genomes, range(VALIDATION_BATCH, len(genomes), VALIDATION_BATCH))
    saved = checkpoints.load(name) or {"scores": []}
    scores = [Scores(*entry) for entry in saved["scores"]]
    done = len(scores)
    for part in progress(parts[done:], "evolve_c: validation", len(parts), done):
        scores.append(evaluator.scores(part, starts, settings.validation_episodes))
        checkpoints.save(name, lambda: {"scores": [list(entry) for entry in scores]})
    return Scores(*(np.concatenate(entry) for entry in zip(*scores, strict=True)))


def incumbents(validated: Scores, settings: EvolveC, has_track: bool = True) -> NDArray[np.intp]:
    """(generations,): the number of the best candidate up to each generation.

    On the tracks of an environment, fewer terminated episodes are better, and among equals higher
    fitness is. In dreams fitness alone counts: they are terminated by chance, too, least for a car
    at rest. It alone counts without tracks, too, where a terminated episode may be a success.
    """
    fitness = risk_adjusted(validated, settings.risk_aversion)
    ranked = has_track and settings.train_in == "env"
    off = validated.off_track if ranked else np.zeros_like(validated.off_track)
    order = np.lexsort((-fitness, off))
    rank = np.argsort(order)
    return order[np.minimum.accumulate(rank.reshape(-1, 2).min(axis=1))]


def select(
    settings: EvolveC,
    evaluator: FitnessEvaluator,
    task: Task[Any],
    latents: Latents,
    history: History,
    streams: RandomStreams,
    checkpoints: Checkpoints,
) -> Selection:
    """The best of all distribution means and all generations' best candidates.

    A C that was trained in dreams is selected in dreams too, those of held-out episodes. Its
    returns in the environment are measured only afterwards.
    """
    sample_starts = start_distribution(settings, task, latents, held_out=True)
    genomes, rng = history.genomes, streams("validation tracks")
    validated = validate(
        settings, evaluator, sample_starts, genomes, rng, checkpoints, "validation"
    )
    incumbent = incumbents(validated, settings, task.has_track)
    in_env, row = validated, incumbent
    if settings.train_in == "dream":
        different, row = np.unique(incumbent, return_inverse=True)
        rng, some = streams("real tracks"), genomes[different]
        in_env = validate(settings, evaluator, task.sample_tracks, some, rng, checkpoints, "env")
    generation, which = divmod(int(incumbent[-1]), 2)
    return Selection(
        genome=genomes[incumbent[-1]],
        chosen="mean" if which else "best",
        generation=generation + 1,
        incumbent=validated.mean_return[incumbent],
        distribution_mean=validated.mean_return[1::2],
        validation=in_env.mean_return[row],
        off_track=int(validated.off_track[incumbent[-1]]),
        validation_off_track=int(in_env.off_track[row[-1]]),
        env_steps=int(in_env.steps.sum()),
    )


def select_checkpoint(
    settings: EvolveC,
    evaluator: FitnessEvaluator,
    task: Task[Any],
    history: History,
    streams: RandomStreams,
    checkpoints: Checkpoints,
) -> Selection:
    """The best of the start and the means of the runs after every `eval_every` generations.

    All are evaluated on the same validation tracks of the environment: C learns to exploit a dream
    that it is trained in for too long (compare Stable-Baselines3's EvalCallback).
    """
    count = history.sigma.shape[1]
    every = max(1, settings.eval_every)
    after = np.unique([*range(every, count, every), count])
    after = after[after <= settings.generations]  # none without a search
    genomes = np.concatenate([history.start[None], history.mean_of_runs[after - 1]])
    rng = streams("validation tracks")
    scores = validate(settings, evaluator, task.sample_tracks, genomes, rng, checkpoints, "env")
    best = np.maximum.accumulate(scores.mean_return)
    last_evaluation = np.searchsorted(after, np.arange(1, count + 1), "right")
    chosen = int(scores.mean_return.argmax())
    return Selection(
        genome=genomes[chosen],
        chosen="mean" if chosen else "start",
        generation=int(after[chosen - 1]) if chosen else 0,
        incumbent=best[last_evaluation],
        distribution_mean=scores.mean_return[last_evaluation],
        validation=best[last_evaluation],
        off_track=int(scores.off_track[chosen]),
        validation_off_track=int(scores.off_track[chosen]),
        env_steps=int(scores.steps.sum()),
    )
