"""evolve_c: evolution finds C, and a second look chooses it.     v.npz, m.npz -> c.npz"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.agent import Agent
from stages.artifacts import Model
from stages.control.controller import Controllers, parameter_count
from stages.control.random_policy import RandomPolicy
from stages.control.strategies import STRATEGIES
from stages.errors import ParamsError, UserError
from stages.memory.lstm import DeterministicLSTM
from stages.modules import Memory, Vision, feature_counts, mismatch
from stages.params import EvolveC, World
from stages.progress import progress
from stages.randomness import Streams
from stages.rollout import Outcome, rollout
from stages.stage import Report, stage
from stages.tracks import make_track
from stages.vision.visions import VISIONS
from stages.worlds.racing import RacingWorld

RANDOM_EPISODES = 64  # of the baseline
VALIDATED_AT_ONCE = 64  # candidates in one batch
LARGEST_COVARIANCE = 5_000  # rows; 200 MB a matrix, and a minute a decomposition


class Generation(NamedTuple):
    """What a generation leaves behind: two candidates for the final choice, and how it went."""

    best: NDArray[np.float64]  # genome of its best candidate
    mean: NDArray[np.float64]  # where the distribution moved to
    fitness: NDArray[np.float64]  # (population,)
    sigma: float


class Scores(NamedTuple):
    """How candidates did; one entry a candidate."""

    mean_return: NDArray[np.float64]
    off_track: NDArray[np.intp]  # episodes that were terminated, far off the road

    @classmethod
    def of(cls, outcome: Outcome, episodes: int) -> Scores:
        """The scores of candidates whose episodes follow one another."""
        returns, off = (
            entry.reshape(-1, episodes) for entry in (outcome.returns, outcome.terminated)
        )
        return cls(returns.mean(axis=1), off.sum(axis=1))


class Judge:
    """Drives candidates and says how well they did.

    Args:
        world: the road and the length of a drive.
        vision: V.
        memory: M.
        sizes: of the controllers: features, any hidden layer, actions.
    """

    def __init__(self, world: World, vision: Vision, memory: Memory, sizes: Sequence[int]) -> None:
        self._track = make_track(world)
        self._max_steps = world.max_steps
        self._worlds: dict[int, RacingWorld] = {}  # by their number of cars, to be used again
        self._vision = vision
        self._memory = memory
        self._sizes = sizes

    @property
    def genome_size(self) -> int:
        """How many numbers a candidate has."""
        return parameter_count(self._sizes)

    def controllers(self, genomes: NDArray[np.float64]) -> Controllers:
        """The controllers that genomes (candidates, n) stand for."""
        return Controllers.from_genomes(genomes, self._sizes)

    def scores(self, genomes: NDArray[np.float64], episodes: int) -> Scores:
        """How candidates (n, genome_size) do in `episodes` drives each, all driven at once."""
        agent = Agent(self._vision, self._memory, self.controllers(genomes))
        outcome = rollout(self._racing(len(genomes) * episodes), agent)
        return Scores.of(outcome, episodes)

    def random_return(self, rng: np.random.Generator) -> float:
        """The baseline: the random policy's mean return."""
        return float(rollout(self._racing(RANDOM_EPISODES), RandomPolicy(rng)).returns.mean())

    def _racing(self, cars: int) -> RacingWorld:
        if cars not in self._worlds:
            self._worlds[cars] = RacingWorld([self._track], cars, self._max_steps)
        return self._worlds[cars]


def controller_sizes(settings: EvolveC, vision: Vision, memory: Memory) -> list[int]:
    """Features, any hidden layer, actions."""
    features = feature_counts(vision, memory)[settings.inputs]
    return [features, *([settings.hidden] if settings.hidden else []), memory.action_size]


def evolve(settings: EvolveC, judge: Judge, rng: np.random.Generator) -> list[Generation]:
    """Run the strategy from a controller of zeros."""
    make = STRATEGIES[settings.strategy]
    strategy = make(np.zeros(judge.genome_size), settings.sigma, settings.population, rng)
    history = []
    for _ in progress(range(settings.generations), "evolve_c", settings.generations):
        candidates = strategy.ask()
        fitness = judge.scores(candidates, settings.episodes).mean_return
        strategy.tell(fitness)
        history.append(
            Generation(candidates[fitness.argmax()], strategy.mean, fitness, strategy.sigma)
        )
    return history


def validate(settings: EvolveC, judge: Judge, history: list[Generation]) -> Scores:
    """Drive every generation's best and its mean, in turn, on validation episodes."""
    genomes = np.array([genome for g in history for genome in (g.best, g.mean)])
    parts = np.split(genomes, range(VALIDATED_AT_ONCE, len(genomes), VALIDATED_AT_ONCE))
    scores = [
        judge.scores(part, settings.validation_episodes)
        for part in progress(parts, "evolve_c: validation", len(parts))
    ]
    return Scores(*(np.concatenate(entry) for entry in zip(*scores, strict=True)))


def champions(validated: Scores) -> NDArray[np.intp]:
    """(generations,): the number of the candidate that is best up to each generation.

    Who is lost off the road in fewer episodes is better; among equals the higher mean return is.
    """
    order = np.lexsort((-validated.mean_return, validated.off_track))
    rank = np.argsort(order)
    return order[np.minimum.accumulate(rank.reshape(-1, 2).min(axis=1))]


def evolve_c(settings: EvolveC, judge: Judge, streams: Streams) -> tuple[Controllers, Report]:
    """Evolve, then keep the best of all distribution means and all generations' best.

    A high fitness may be luck, and the last mean may be off the road: all are driven again.
    """
    history = evolve(settings, judge, streams("mutations"))
    validated = validate(settings, judge, history)
    champion = champions(validated)
    generation, which = divmod(int(champion[-1]), 2)
    chosen = history[generation].mean if which else history[generation].best
    metrics = {
        "chosen": "mean" if which else "best",
        "chosen_generation": generation + 1,
        "validation_return": float(validated.mean_return[champion[-1]]),
        "validation_off_track": int(validated.off_track[champion[-1]]),
        "last_mean_return": float(validated.mean_return[-1]),
        "random_return": judge.random_return(streams("random")),
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
    return judge.controllers(chosen[None]), Report(summary, metrics, curve)


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("evolve_c", reads=["v", "m"], writes=["c"]) as run:
        vision = run.model("v", "train_v", VISIONS)
        memory = run.model("m", "train_m", {DeterministicLSTM.kind: DeterministicLSTM})
        pixels, action_size = math.prod(RacingWorld.observation_shape), RacingWorld.action_size
        if problem := mismatch(vision, memory, pixels, action_size):
            raise UserError(f"{run.paths['v']} and {run.paths['m']}: {problem}; run 'dvc repro'")
        settings = run.params.evolve_c
        sizes = controller_sizes(settings, vision, memory)
        if settings.strategy == "cma_es" and parameter_count(sizes) > LARGEST_COVARIANCE:
            raise ParamsError(
                f"evolve_c.strategy: cma_es learns a matrix of {parameter_count(sizes)} rows for "
                f"this C, and {LARGEST_COVARIANCE} are the most; take sep_cma_es, or a smaller C"
            )
        judge = Judge(run.params.world, vision, memory, sizes)
        controllers, report = evolve_c(settings, judge, run.streams)
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
