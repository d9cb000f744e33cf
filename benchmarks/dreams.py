"""Steps a second in the environment and in a dream of it, side by side, on one core."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed import min_seconds
from benchmarks.variants import recipe_path
from stages.train_v import initial_vision
from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.controller.controller import Controllers
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.envs.registry import make_task
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.rollout.loop import Policy, VectorEnv, rollout
from worldmodels.training.member_trainer import initial_memory

STARTS = 16  # tracks, or start states
ROUNDS = 3
NEVER_DONE = -50.0  # a logit of p(done)
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {  # recipe, and changes of its params
    "`dream`: 16 x 16, two LSTMs of 96": ("dream", {}),
    "`dream` with one LSTM": ("dream", {"train_m.ensemble_size": 1}),
    "`dream` with one MDN-LSTM of 5 mixtures": (
        "dream",
        {"train_m.ensemble_size": 1, "train_m.kind": "mdn_lstm", "train_m.num_mixtures": 5},
    ),
    "`paper`: 64 x 64 x 3, convolutions; MDN-LSTM of 256": (
        "paper",
        {"train_m.predict_reward_done": True, "evolve_c.inputs": "z"},
    ),
}

Pair = tuple[VectorEnv, Policy]


def env_and_dream(params: Params, num_envs: int) -> tuple[Pair, Pair]:
    """The environment and a dream, each with an untrained agent at rest, so that no episode ends
    early.
    """
    rng = np.random.default_rng(0)
    task = make_task(params.env)
    vision = initial_vision(params.train_v, task.observation_shape, rng)
    dream, memory, controllers = endless_dream(params, num_envs, rng)
    env = task.make_env(task.sample_tracks(STARTS, rng), num_envs)
    return (env, Agent(vision, memory, controllers)), (dream, LatentPolicy(controllers))


def endless_dream(
    params: Params, num_envs: int, rng: np.random.Generator
) -> tuple[DreamEnv, Ensemble, Controllers]:
    """A dream of an untrained M that terminates no episode, its M, and Cs whose actions are 0."""
    settings, z_size = params.train_m, params.train_v.z_size
    action_size = make_task(params.env).action_size
    members = [
        initial_memory(settings, z_size, action_size, rng) for _ in range(settings.ensemble_size)
    ]
    for member in members:
        member.parameters["done.bias"][...] = NEVER_DONE
    sizes = (z_size, action_size)
    genomes = np.zeros((num_envs // STARTS, action_size * (z_size + 1)))
    starts = StartStates(rng.standard_normal((STARTS, z_size)).astype(np.float32))
    dream = DreamEnv(members, starts, num_envs, params.env.max_steps, 1.0)
    return dream, Ensemble(members), Controllers.from_genomes(genomes, sizes)


def main() -> None:
    """Print a table as Markdown."""
    print(
        "| V and M, C on z | rows of the batch | real steps a second "
        "| dreamt steps a second | ratio |\n|---|---:|---:|---:|---:|"
    )
    for name, (recipe, changes) in RECIPES.items():
        params = read_params(recipe_path(recipe), changes)
        for num_envs in (128, 1024):
            pairs = env_and_dream(params, num_envs)
            seconds = [np.inf, np.inf]
            for _ in range(ROUNDS):  # taking turns: a slow minute of the machine affects both
                for number, (env, policy) in enumerate(pairs):
                    once = min_seconds(lambda env=env, policy=policy: rollout(env, policy))  # type: ignore[misc]
                    seconds[number] = min(seconds[number], once)
            real, dreamt = (num_envs * params.env.max_steps / each for each in seconds)
            print(f"| {name} | {num_envs:,} | {real:,.0f} | {dreamt:,.0f} | {dreamt / real:.1f} |")


if __name__ == "__main__":
    main()
