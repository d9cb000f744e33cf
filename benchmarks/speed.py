"""How fast worlds step and the recipe learns; what is compared runs in one process."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning import Learned, learn, teach
from benchmarks.one_car import OneCar, OneDriver
from stages.encode import encode
from stages.train_v import train_v
from worldmodels.agent.agent import Agent
from worldmodels.controller.controller import Controllers
from worldmodels.dream.starts import StartStates
from worldmodels.envs.racing.track import Track
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker, Scores
from worldmodels.evolution.search import controller_sizes, evolve_c
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.env_params import RacingParams
from worldmodels.pipeline.config.params import INLINE, Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Rollouts
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import EpisodeStats, Policy, recorded_rollout, rollout
from worldmodels.rollout.loop import VectorEnv as AnyWorld
from worldmodels.rollout.recording import columns_of
from worldmodels.vision.registry import AnyVision

CARS = (1, 24, 256, 4096)
ROUNDS = 3


class OneAtATime(FitnessEvaluator):
    """Gives the same figures as `FitnessEvaluator`, but drives the candidates one after the other."""

    def __init__(self, params: Params, vision: AnyVision, memory: Ensemble, *, plain: bool) -> None:
        sizes = controller_sizes(params.evolve_c, vision, memory)
        worker = RolloutWorker(make_task(params.env), vision, memory, sizes, params.evolve_c)
        super().__init__(worker, WorkerPool(worker, INLINE))
        self._v, (self._m,) = vision, memory.members
        self._plain = plain
        self._one = one_car(params, plain=plain)

    def scores(
        self, genomes: NDArray[np.float64], where: Sequence[Hashable] | StartStates, episodes: int
    ) -> Scores:
        """The same, in a loop, on the note's road."""
        drivers = [self._driver(self.worker.controllers(genome[None])) for genome in genomes]
        drives = [rollout(self._one, driver) for driver in drivers for _ in range(episodes)]
        return Scores.of(EpisodeStats.concatenate(drives), episodes)

    def _driver(self, controller: Controllers) -> Policy:
        if self._plain:
            return OneDriver(self._v.parameters, self._m.parameters, controller.arrays(0))
        return Agent(self._v, self._m, controller)


def fixed_track(params: Params) -> Track:
    """The road that all drive on."""
    track: Track
    (track,) = make_task(params.env).sample_tracks(1, RandomStreams(params.seed, "speed")("tracks"))
    return track


def one_car(params: Params, *, plain: bool) -> AnyWorld:
    """A world of one car: the plain one, or a batch of one."""
    track = fixed_track(params)
    if plain:
        return OneCar(track, params.env.max_steps)
    return make_task(params.env).make_env([track], 1)


def learn_one_at_a_time(params: Params, *, plain: bool) -> StageResult:
    """The same recipe, but one car at a time; training V and M is the same code in both."""
    seed = params.seed
    rollouts = collect_one_at_a_time(params, one_car(params, plain=plain))
    vision, _ = train_v(params.train_v, rollouts, RandomStreams(seed, "train_v"))
    latents, _ = encode(params.encode, rollouts, vision)
    memory, _ = teach(params, latents)
    evaluator = OneAtATime(params, vision, memory, plain=plain)
    return evolve_c(params.evolve_c, evaluator, latents, RandomStreams(seed, "evolve_c"))[1]


def collect_one_at_a_time(params: Params, env: AnyWorld) -> Rollouts:
    """What `collect` does, in a loop; other episodes, for the noise is drawn in another order."""
    episodes = params.collect.episodes + params.collect.held_out_episodes
    policy = SmoothedNoisePolicy(RandomStreams(params.seed, "collect")("policy"))
    task, track = make_task(params.env), fixed_track(params)
    drives = [recorded_rollout(env, policy, "collect") for _ in range(episodes)]
    return task.rollouts.concatenate(
        task.rollouts(
            **columns_of(task, [track], outcome, recording),
            held_out=np.array([number >= params.collect.episodes]),
            round=np.array([0]),
        )
        for number, (outcome, recording) in enumerate(drives)
    )


def seconds(action: Callable[[], object], repeats: int = 1) -> float:
    """The shortest of some runs."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def rollouts_table(params: Params, learned: Learned) -> None:
    """Whole drives of the learned C a second, V and M included."""
    print(f"| cars at once | drives of {params.env.max_steps} steps a second | steps a second |")
    print("|---:|---:|---:|")
    track = fixed_track(params)
    for cars in CARS:
        env = make_task(params.env).make_env([track], cars)
        agent = Agent(learned.vision, learned.memory, learned.controllers)
        steps = int(rollout(env, agent).lengths.sum())
        taken = seconds(lambda env=env, agent=agent: rollout(env, agent), 3)  # type: ignore[misc]
        print(f"| {cars:,} | {cars / taken:,.0f} | {steps / taken:,.0f} |")


def learning_table(params: Params) -> None:
    """The whole recipe, batched and one car at a time."""
    ways: dict[str, Callable[[], object]] = {
        "all cars of a generation in one batch": lambda: learn(params),
        "one car at a time, plain NumPy": lambda: learn_one_at_a_time(params, plain=True),
        "one car at a time, this code with batches of one": lambda: learn_one_at_a_time(
            params, plain=False
        ),
    }
    taken = dict.fromkeys(ways, np.inf)
    for _ in range(ROUNDS):  # taking turns, so that a slow minute of the machine hits all of them
        for name, way in ways.items():
            taken[name] = min(taken[name], seconds(way))
    fastest = min(taken.values())
    print("| collect + V + encode + M + C | seconds | times |\n|---|---:|---:|")
    for name, best in taken.items():
        print(f"| {name} | {best:.2f} | {best / fastest:.1f} |")


def main() -> None:
    """Print tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    params = read_params(parser.parse_args().params)
    env = params.env
    if not isinstance(env, RacingParams) or env.tracks != "note":
        parser.error("the plain loop knows only the note's road: world.tracks: note")
    if params.evolve_c.inputs != "zh" or params.evolve_c.hidden:
        parser.error(
            "the plain loop knows only the note's C: evolve_c.inputs: zh, evolve_c.hidden: 0"
        )
    if params.train_v.kind != "autoencoder" or params.train_m.kind != "lstm":
        parser.error("the plain loop knows only the note's V and M: autoencoder, lstm")
    rollouts_table(params, learn(params))
    print()
    learning_table(params)


if __name__ == "__main__":
    main()
