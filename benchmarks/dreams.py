"""How fast cars drive on real roads and in dreams, side by side, on one core."""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is there to read it

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed import seconds
from stages.train_v import initial_vision
from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.controller.controller import Controllers
from worldmodels.dream.env import DreamEnv
from worldmodels.envs.registry import make_task
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.rollout.loop import Policy, VectorEnv, rollout
from worldmodels.training.member_trainer import initial_memory

ROADS = 16  # as many starts
ROUNDS = 3
NEVER = -50.0  # a logit, of an end of the episode
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "`dream`: 16 x 16, two LSTMs of 96": ("dream", {}),
    "`dream` with one LSTM": ("dream", {"train_m.ensemble_size": 1}),
    "`dream` with one MDN-LSTM of 5 mixtures": (
        "dream",
        {"train_m.ensemble_size": 1, "train_m.kind": "mdn_lstm", "train_m.mixtures": 5},
    ),
    "`canvas`: 64 x 64 x 3, convolutions; MDN-LSTM of 256": (
        "paper",
        {"train_m.predict_reward_done": True, "evolve_c.inputs": "z"},
    ),
}


def both(params: Params, cars: int) -> tuple[tuple[VectorEnv, Policy], tuple[VectorEnv, Policy]]:
    """Real roads and a dream for so many cars that stand still the whole time, and C for each."""
    rng = np.random.default_rng(0)
    task = make_task(params.env)
    vision = initial_vision(params.train_v, task.observation_shape, rng)
    dream, memory, controllers = trace_dream(params, cars, rng)
    real = task.make_env(task.sample_tracks(ROADS, rng), cars)
    return (real, Agent(vision, memory, controllers)), (dream, LatentPolicy(controllers))


def trace_dream(
    params: Params, cars: int, rng: np.random.Generator
) -> tuple[DreamEnv, Ensemble, Controllers]:
    """A dream for so many cars that nothing ends, whose it is, and a C that stands still."""
    settings, z_size = params.train_m, params.train_v.z_size
    action_size = make_task(params.env).action_size
    members = [
        initial_memory(settings, z_size, action_size, rng) for _ in range(settings.ensemble_size)
    ]
    for member in members:
        member.parameters["end.bias"][...] = NEVER
    sizes = (z_size, action_size)
    genomes = np.zeros((cars // ROADS, action_size * (z_size + 1)))
    starts = rng.standard_normal((ROADS, z_size)).astype(np.float32)
    dream = DreamEnv(members, starts, cars, params.env.max_steps, 1.0, seed=0)
    return dream, Ensemble(members), Controllers.from_genomes(genomes, sizes)


def main() -> None:
    """Print a table as Markdown."""
    print(
        "| V and M, C on z | cars at once | real steps a second | dreamt steps a second | ratio |"
    )
    print("|---|---:|---:|---:|---:|")
    for name, (recipe, changes) in RECIPES.items():
        params = read_params(Path("recipes") / f"{recipe}.yaml", changes)
        for cars in (128, 1024):
            ways = both(params, cars)
            taken = [np.inf, np.inf]
            for _ in range(ROUNDS):  # taking turns: a slow minute of the machine hits both
                for number, (env, policy) in enumerate(ways):
                    once = seconds(lambda env=env, policy=policy: rollout(env, policy))  # type: ignore[misc]
                    taken[number] = min(taken[number], once)
            real, dreamt = (cars * params.env.max_steps / each for each in taken)
            print(f"| {name} | {cars:,} | {real:,.0f} | {dreamt:,.0f} | {dreamt / real:.1f} |")


if __name__ == "__main__":
    main()
