"""How fast worlds step and the recipe learns; what is compared runs in one process."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning import Learned, learn
from benchmarks.one_car import OneCar, OneDriver
from stages.agent import Agent
from stages.artifacts import Rollouts, to_bytes
from stages.control.controller import Controllers
from stages.control.random_policy import RandomPolicy
from stages.encode import encode
from stages.evolve_c import Judge, Scores, controller_sizes, evolve_c
from stages.memory.lstm import DeterministicLSTM
from stages.params import Params, World, read_params
from stages.randomness import Streams
from stages.rollout import Outcome, Policy, recorded_rollout, rollout
from stages.rollout import World as AnyWorld
from stages.stage import Report
from stages.tracks import make_track
from stages.train_m import train_m
from stages.train_v import train_v
from stages.vision.visions import AnyVision
from stages.worlds.racing import RacingWorld

CARS = (1, 24, 256, 4096)
ROUNDS = 3


class OneAtATime(Judge):
    """Gives the same figures as `Judge`, but drives the candidates one after the other."""

    def __init__(
        self, params: Params, vision: AnyVision, memory: DeterministicLSTM, *, plain: bool
    ) -> None:
        world, sizes = params.world, controller_sizes(params.evolve_c, vision, memory)
        super().__init__(world, vision, memory, sizes)
        self._v, self._m = vision, memory
        self._plain = plain
        self._one = one_car(world, plain=plain)

    def scores(self, genomes: NDArray[np.float64], episodes: int) -> Scores:
        """The same, in a loop."""
        drivers = [self._driver(self.controllers(genome[None])) for genome in genomes]
        drives = [rollout(self._one, driver) for driver in drivers for _ in range(episodes)]
        entries = (
            np.concatenate([getattr(drive, field.name) for drive in drives])
            for field in dataclasses.fields(Outcome)
        )
        return Scores.of(Outcome(*entries), episodes)

    def _driver(self, controller: Controllers) -> Policy:
        if self._plain:
            return OneDriver(self._v.parameters, self._m.parameters, controller.arrays(0))
        return Agent(self._v, self._m, controller)


def one_car(world: World, *, plain: bool) -> AnyWorld:
    """A world of one car: the plain one, or a batch of one."""
    track = make_track(world)
    return OneCar(track, world.max_steps) if plain else RacingWorld([track], 1, world.max_steps)


def learn_one_at_a_time(params: Params, *, plain: bool) -> Report:
    """The same recipe, but one car at a time; training V and M is the same code in both."""
    seed = params.seed
    rollouts = collect_one_at_a_time(params, one_car(params.world, plain=plain))
    vision, _ = train_v(params.train_v, rollouts, Streams(seed, "train_v"))
    latents, _ = encode(params.encode, rollouts, vision)
    memory, _ = train_m(params.train_m, latents, Streams(seed, "train_m"))
    judge = OneAtATime(params, vision, memory, plain=plain)
    return evolve_c(params.evolve_c, judge, Streams(seed, "evolve_c"))[1]


def collect_one_at_a_time(params: Params, world: AnyWorld) -> Rollouts:
    """What `collect` does, in a loop; other episodes, for the noise is drawn in another order."""
    episodes = params.collect.episodes + params.collect.held_out_episodes
    policy = RandomPolicy(Streams(params.seed, "collect")("policy"))
    outcomes, recordings = zip(
        *(recorded_rollout(world, policy, "collect") for _ in range(episodes)), strict=True
    )
    return Rollouts(
        lengths=np.concatenate([outcome.lengths for outcome in outcomes]),
        terminated=np.concatenate([outcome.terminated for outcome in outcomes]),
        observations=to_bytes(np.concatenate([r.observations for r in recordings])),
        states=np.concatenate([r.states for r in recordings]),
        actions=np.concatenate([r.actions for r in recordings]),
        rewards=np.concatenate([r.rewards for r in recordings]),
        held_out=np.arange(episodes) >= params.collect.episodes,
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
    print(f"| cars at once | drives of {params.world.max_steps} steps a second | steps a second |")
    print("|---:|---:|---:|")
    track = make_track(params.world)
    for cars in CARS:
        world = RacingWorld([track], cars, params.world.max_steps)
        agent = Agent(learned.vision, learned.memory, learned.controllers)
        steps = int(rollout(world, agent).lengths.sum())
        taken = seconds(lambda world=world, agent=agent: rollout(world, agent), 3)  # type: ignore[misc]
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
    if params.evolve_c.inputs != "zh" or params.evolve_c.hidden:
        parser.error("the plain loop knows only the note's C: evolve_c.inputs: zh, hidden: 0")
    if params.train_v.kind != "autoencoder":
        parser.error("the plain loop knows only the note's V: train_v.kind: autoencoder")
    rollouts_table(params, learn(params))
    print()
    learning_table(params)


if __name__ == "__main__":
    main()
