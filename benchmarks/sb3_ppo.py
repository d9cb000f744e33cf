"""Stable-Baselines3's PPO on `WorldModels/Racing-v0` and in `WorldModels/Dream-v0`, by seeds.

`make sb3` installs requirements-sb3.txt and runs this.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv, VecMonitor

import worldmodels
import worldmodels.gym
from benchmarks.arguments import positive_int

Array = NDArray[Any]
Policy = Callable[[Array], Array]

ROAD, DREAM = "WorldModels/Racing-v0", "WorldModels/Dream-v0"
VIEW: dict[str, Any] = {"view_size": 16, "channels": 1}  # that of recipes/dream
EPISODES = 100
UNSEEN = 1_000_000  # the first seed of the episodes that policies are compared on
CURVE_POINTS = 8
PPO_SETTINGS: dict[str, Any] = {
    "n_steps": 120,
    "batch_size": 480,
    "n_epochs": 10,
    "learning_rate": 3e-4,
    "gamma": 0.98,
    "gae_lambda": 0.95,
    "ent_coef": 0.0,
    "device": "cpu",
}


class GymnasiumVecEnv(VecEnv):  # type: ignore[misc]
    """A Gymnasium vector environment as Stable-Baselines3's `VecEnv`.

    Args:
        envs: with autoreset_mode SAME_STEP, as Stable-Baselines3 resets.
    """

    def __init__(self, envs: gymnasium.vector.VectorEnv[Any, Any, Any]) -> None:
        assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
        self._envs = envs  # which `get_attr` needs already
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Array:
        """Observations (N, ...) of new episodes, seeded by the last `seed`."""
        seeds = self._seeds if any(seed is not None for seed in self._seeds) else None
        observations, _ = self._envs.reset(seed=seeds)
        self._reset_seeds()
        return np.asarray(observations)

    def step_async(self, actions: Array) -> None:
        """Take the actions of the next step."""
        self._actions = actions

    def step_wait(self) -> tuple[Array, Array, Array, list[dict[str, Any]]]:
        """Observations, rewards, whether episodes ended, and an info for each row."""
        observations, rewards, terminated, truncated, info = self._envs.step(self._actions)
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(done):
            infos[row]["terminal_observation"] = info["final_obs"][row]
            infos[row]["TimeLimit.truncated"] = bool(truncated[row] and not terminated[row])
        return observations, rewards, done, infos

    def close(self) -> None:
        """Close the environments."""
        self._envs.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same attribute of the environment for each row."""
        return [getattr(self._envs, attr_name)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the environment."""
        setattr(self._envs, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> Any:
        """Call a method of the environment."""
        return [getattr(self._envs, method_name)(*args, **kwargs)] * self.num_envs

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """False for each row: single environments there are none."""
        return [False] * self.num_envs


class LearningCurve(BaseCallback):  # type: ignore[misc]
    """Keeps (steps, mean return of the last 100 episodes) after each rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        returns = [episode["r"] for episode in self.model.ep_info_buffer]
        if returns:
            self.points.append((self.num_timesteps, float(np.mean(returns))))


def make_envs(name: str, num_envs: int, folder: str) -> gymnasium.vector.VectorEnv[Any, Any, Any]:
    """The vector form of the road, or dreams one by one."""
    if name == ROAD:
        return gymnasium.make_vec(
            ROAD, num_envs=num_envs, autoreset_mode=AutoresetMode.SAME_STEP, **VIEW
        )
    mode = {"autoreset_mode": AutoresetMode.SAME_STEP}
    return gymnasium.make_vec(
        DREAM, num_envs, vectorization_mode="sync", vector_kwargs=mode, folder=folder
    )


def train(name: str, seed: int, steps: int, num_envs: int, folder: str) -> tuple[PPO, Array]:
    """A trained PPO, and its learning curve: (points, 2), steps and mean returns."""
    envs = VecMonitor(GymnasiumVecEnv(make_envs(name, num_envs, folder)))
    curve = LearningCurve()
    model = PPO("MlpPolicy", envs, seed=seed, **PPO_SETTINGS)
    model.learn(steps, callback=curve)
    envs.close()
    return model, np.array(curve.points)


def returns(envs: gymnasium.vector.VectorEnv[Any, Any, Any], policy: Policy) -> Array:
    """(num_envs,): the return of the first episode of each row, from seed UNSEEN."""
    observations, _ = envs.reset(seed=UNSEEN)
    total, running = np.zeros(envs.num_envs), np.ones(envs.num_envs, np.bool_)
    while running.any():
        observations, rewards, terminated, truncated, _ = envs.step(policy(observations))
        total += rewards * running
        running &= ~(terminated | truncated)
    envs.close()
    return total


def deterministic(model: PPO) -> Policy:
    """The mean action of a PPO."""
    return lambda observations: np.asarray(model.predict(observations, deterministic=True)[0])


def own_controller(folder: str) -> Policy:
    """The agent's C as a policy of the dream."""
    agent = worldmodels.load(folder)
    z_size = agent.vision.z_size
    return lambda features: agent.controller(features[:, :z_size], features[:, z_size:])


def through_vision_and_memory(policy: Policy, folder: str) -> Policy:
    """A policy of the dream as one of the road: z is V's of the view, h is M's."""
    agent = worldmodels.load(folder)
    state = None

    def act(observations: Array) -> Array:
        nonlocal state
        z = agent.vision.encode(observations)
        h = np.zeros((len(z), agent.memory.hidden_size), np.float32) if state is None else state.h
        actions = np.clip(policy(np.concatenate([z, h], axis=1)), -1, 1)
        state = agent.memory.step(z, actions, state)
        return actions

    return act


def random_policy(envs: gymnasium.vector.VectorEnv[Any, Any, Any]) -> Policy:
    """Uniform actions."""
    envs.action_space.seed(0)
    return lambda _: np.asarray(envs.action_space.sample())


def curve_row(curve: Array, chosen: NDArray[np.intp]) -> str:
    """The cells of some points of a learning curve."""
    return " | ".join(f"{curve[number, 1]:+.0f}" for number in chosen)


def table(name: str, seeds: Sequence[int], steps: int, num_envs: int, folder: str) -> None:
    """Print the learning curve and the returns of PPO for some seeds, and those of chance."""
    envs = make_envs(name, EPISODES, folder)
    chance = returns(envs, random_policy(envs))
    controller = own_controller(folder)
    if name == ROAD:
        controller = through_vision_and_memory(controller, folder)
    evolved = returns(make_envs(name, EPISODES, folder), controller)
    print(f"\n{name}, {EPISODES} episodes: the random policy {spread(chance)};")
    print(f"C of {folder}, which has evolved in its dream, {spread(evolved)}\n")
    for number, seed in enumerate(seeds):
        start = time.perf_counter()
        model, curve = train(name, seed, steps, num_envs, folder)
        seconds = time.perf_counter() - start
        if number == 0:
            chosen = np.linspace(0, len(curve) - 1, CURVE_POINTS).astype(np.intp)
            header = " | ".join(f"{curve[each, 0] / 1000:.0f}k" for each in chosen)
            road = " | on the road, through V and M" if name == DREAM else ""
            print(f"| seed | {header} | after training{road} | minutes |")
            print("|---:" * (len(chosen) + 3 + bool(road)) + "|")
        after = spread(returns(make_envs(name, EPISODES, folder), deterministic(model)))
        if name == DREAM:
            policy = through_vision_and_memory(deterministic(model), folder)
            after += f" | {spread(returns(make_envs(ROAD, EPISODES, folder), policy))}"
        print(f"| {seed} | {curve_row(curve, chosen)} | {after} | {seconds / 60:.1f} |", flush=True)


def spread(values: Array) -> str:
    """Mean and lowest."""
    return f"{values.mean():+.1f} ({values.min():+.1f})"


def main() -> None:
    """Train on the road and in the dream, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=positive_int, default=3)
    parser.add_argument("--steps", type=positive_int, default=200_000)
    parser.add_argument("--envs", type=positive_int, default=16, help="that PPO collects in")
    parser.add_argument("--folder", default="recipes/dream/released", help="of the dream")
    parser.add_argument("--only", choices=["road", "dream"])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, word in ((ROAD, "road"), (DREAM, "dream")):
        if arguments.only in (None, word):
            table(name, range(arguments.seeds), arguments.steps, arguments.envs, arguments.folder)


if __name__ == "__main__":
    main()
