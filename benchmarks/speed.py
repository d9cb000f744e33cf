"""Steps a second of a trained agent, and the time of a recipe, in batches and one at a time."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning import TrainedAgent, learn, run_train_m
from benchmarks.reference import ReferenceAgent, ReferenceEnv
from stages.encode import encode
from stages.train_v import train_v
from tools.command_errors import errors_in_a_line
from worldmodels.agent.agent import Agent
from worldmodels.controller.controller import Controllers
from worldmodels.envs.racing.track import Track
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker, Scores, Starts
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
from worldmodels.rollout.loop import EpisodeStats, Policy, VectorEnv, recorded_rollout, rollout
from worldmodels.rollout.recording import columns_of
from worldmodels.vision.registry import AnyVision

BATCHES = (1, 24, 256, 4096)  # rows
ROUNDS = 3


class SequentialEvaluator(FitnessEvaluator):
    """Scores as `FitnessEvaluator` gives them, but one candidate and one episode at a time.

    Args:
        params: whose env has one fixed track.
        vision: V.
        memory: M, of one member.
        plain: whether the environment and the agent are those of `benchmarks.reference`.
    """

    def __init__(self, params: Params, vision: AnyVision, memory: Ensemble, *, plain: bool) -> None:
        sizes = controller_sizes(params.evolve_c, vision, memory)
        worker = RolloutWorker(make_task(params.env), vision, memory, sizes, params.evolve_c)
        super().__init__(worker, WorkerPool(worker, INLINE))
        self._vision, (self._memory,) = vision, memory.members
        self._plain = plain
        self._env = single_env(params, plain=plain)

    def scores(self, genomes: NDArray[np.float64], starts: Starts, episodes: int) -> Scores:
        """Scores of candidates (n, genome_size), all on the fixed track."""
        policies = [self._policy(self.worker.controllers(genome[None])) for genome in genomes]
        stats = [rollout(self._env, policy) for policy in policies for _ in range(episodes)]
        return Scores.of(EpisodeStats.concatenate(stats), episodes)

    def _policy(self, controller: Controllers) -> Policy:
        if self._plain:
            v, m = self._vision.parameters, self._memory.parameters
            return ReferenceAgent(v, m, controller.arrays(0))
        return Agent(self._vision, self._memory, controller)


def fixed_track(params: Params) -> Track:
    """The track of all episodes."""
    track: Track
    (track,) = make_task(params.env).sample_tracks(1, RandomStreams(params.seed, "speed")("tracks"))
    return track


def single_env(params: Params, *, plain: bool) -> VectorEnv:
    """An environment of one row: the plain one, or a batch of one."""
    track = fixed_track(params)
    if plain:
        return ReferenceEnv(track, params.env.max_steps)
    return make_task(params.env).make_env([track], 1)


def learn_sequentially(params: Params, *, plain: bool) -> StageResult:
    """Train by the same recipe with one episode at a time; V and M are trained as always."""
    seed = params.seed
    rollouts = collect_sequentially(params, single_env(params, plain=plain))
    vision, _ = train_v(params.train_v, rollouts, RandomStreams(seed, "train_v"))
    latents, _ = encode(params.encode, rollouts, vision)
    memory, _ = run_train_m(params, latents)
    evaluator = SequentialEvaluator(params, vision, memory, plain=plain)
    return evolve_c(params.evolve_c, evaluator, latents, RandomStreams(seed, "evolve_c"))[1]


def collect_sequentially(params: Params, env: VectorEnv) -> Rollouts:
    """Episodes as `collect` records them, but not the same: noise is drawn in another order."""
    episodes = params.collect.episodes + params.collect.held_out_episodes
    policy = SmoothedNoisePolicy(RandomStreams(params.seed, "collect")("policy"))
    task, track = make_task(params.env), fixed_track(params)
    recorded = [recorded_rollout(env, policy, "collect") for _ in range(episodes)]
    return task.rollouts.concatenate(
        task.rollouts(
            **columns_of(task, [track], stats, trajectories),
            held_out=np.array([number >= params.collect.episodes]),
            round=np.array([0]),
        )
        for number, (stats, trajectories) in enumerate(recorded)
    )


def min_seconds(
    action: Callable[[], object],
    repeats: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """The time of the fastest of several runs, by a clock in seconds."""
    best = np.inf
    for _ in range(repeats):
        start = clock()
        action()
        best = min(best, clock() - start)
    return best


def rollouts_table(params: Params, trained: TrainedAgent) -> None:
    """Print episodes and steps a second of the trained agent, by batch size."""
    print(
        f"| rows of the batch | episodes of {params.env.max_steps} steps a second "
        "| steps a second |\n|---:|---:|---:|"
    )
    track = fixed_track(params)
    agent = Agent(trained.vision, trained.memory, trained.controllers)
    for num_envs in BATCHES:
        env = make_task(params.env).make_env([track], num_envs)
        steps = int(rollout(env, agent).lengths.sum())
        seconds = min_seconds(lambda env=env: rollout(env, agent), ROUNDS)  # type: ignore[misc]
        print(f"| {num_envs:,} | {num_envs / seconds:,.0f} | {steps / seconds:,.0f} |")


def learning_table(params: Params) -> None:
    """Print the time of the whole recipe, in batches and one episode at a time."""
    recipes: dict[str, Callable[[], object]] = {
        "all episodes of a generation in one batch": lambda: learn(params),
        "one episode at a time, in plain NumPy": lambda: learn_sequentially(params, plain=True),
        "one episode at a time, this code with batches of one": lambda: learn_sequentially(
            params, plain=False
        ),
    }
    seconds = dict.fromkeys(recipes, np.inf)
    for _ in range(ROUNDS):  # taking turns, so that a slow minute of the machine affects all
        for name, recipe in recipes.items():
            seconds[name] = min(seconds[name], min_seconds(recipe))
    fastest = min(seconds.values())
    print("| collect + V + encode + M + C | seconds | times |\n|---|---:|---:|")
    for name, best in seconds.items():
        print(f"| {name} | {best:.2f} | {best / fastest:.1f} |")


def main() -> None:
    """Print tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    path = parser.parse_args().params
    with errors_in_a_line("speed"):
        params = read_params(path)
    env = params.env
    if not isinstance(env, RacingParams) or env.tracks != "fixed":
        parser.error("the plain loop knows the fixed track alone: env.tracks: fixed")
    if params.evolve_c.inputs != "zh" or params.evolve_c.hidden:
        parser.error(
            "the plain loop knows the reference stub's C alone: "
            "evolve_c.inputs: zh, evolve_c.hidden: 0"
        )
    if params.train_v.kind != "autoencoder" or params.train_m.kind != "lstm":
        parser.error("the plain loop knows the reference stub's V and M alone: autoencoder, lstm")
    rollouts_table(params, learn(params))
    print()
    learning_table(params)


if __name__ == "__main__":
    main()
