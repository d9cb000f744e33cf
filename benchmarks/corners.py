"""CarRacing's dreams beside recorded episodes: corners in view, cars that are stuck, and pace.

A dream starts at a step of a real episode of C, after all steps that M had then seen, and the same
C acts in it. The start steps are those of cars that make progress, with at least HORIZON steps of
their episode left.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import positive_int
from tools.command_errors import errors_in_a_line
from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.agent.loading import AgentParts, load_agent
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import Context, StartStates
from worldmodels.envs.registry import make_task
from worldmodels.interfaces import Vision, takes_c
from worldmodels.pipeline.config.reader import read_params
from worldmodels.rollout.task import Task

SEED, HORIZON, STARTS, DREAMS_PER_START = 12345, 60, 400, 4
LATE = slice(30, HORIZON)  # steps of a dream that show little of its start
STUCK_STEPS = 12  # steps without a tile, after which a car counts as stuck
TILE_REWARD = 0.5  # a step with more reward has reached a tile
LAP_RETURN = 930  # rewards of tiles, at which a lap is almost complete
GREEN_MARGIN = 0.12  # by which grass is greener than red; road is grey


class LatentEpisodes(NamedTuple):
    """Observations, actions and rewards of N episodes or dreams."""

    z: NDArray[np.float32]  # (T, N, Z)
    actions: NDArray[np.float32]  # (T, N, A)
    rewards: NDArray[np.float64]  # (T, N), NaN after the end


def env_episodes(agent: AgentParts, task: Task[Any], episodes: int) -> LatentEpisodes:
    """Episodes in the environment, each on a track of its own."""
    env = task.make_env(task.sample_tracks(episodes, np.random.default_rng(SEED)), episodes)
    policy = Agent(*agent)
    policy.reset(episodes)
    observations, _ = env.reset()
    done = np.zeros(episodes, np.bool_)
    steps = []
    while not done.all():
        z, actions = agent.vision.encode(observations), policy.act(observations)
        observations, rewards, terminated, truncated, _ = env.step(actions)
        steps.append((z, actions, np.where(done, np.nan, rewards)))
        done = done | terminated | truncated
    return LatentEpisodes(*(np.stack(column) for column in zip(*steps, strict=True)))


def dream_episodes(
    agent: AgentParts,
    real: LatentEpisodes,
    step: NDArray[np.intp],
    row: NDArray[np.intp],
    temperature: float,
) -> LatentEpisodes:
    """DREAMS_PER_START dreams from each of these steps of these rows."""
    before = step[:, None] + np.arange(-len(real.z), 0)
    z, actions = (entry[np.maximum(before, 0), row[:, None]] for entry in real[:2])
    every = np.repeat(np.arange(len(step)), DREAMS_PER_START)
    context = Context(z[every], actions[every], step[every])
    starts = StartStates(real.z[step, row][every], context, SEED)
    env = DreamEnv(
        agent.memory.members,
        starts,
        len(every),
        HORIZON,
        temperature,
        observe_c=takes_c(agent.controllers.features, agent.memory),
    )
    policy = LatentPolicy(agent.controllers)
    policy.reset(len(every))
    observations, _ = env.reset()
    steps = []
    for _ in range(HORIZON):
        actions = policy.act(observations)
        z = observations[:, : agent.vision.z_size]
        observations, rewards, *_ = env.step(actions)
        steps.append((z, actions, rewards))
    return LatentEpisodes(*(np.stack(column) for column in zip(*steps, strict=True)))


def sharp_corner(
    vision: Vision, z: NDArray[np.float32], shape: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """(...): whether the road leaves the decoded view of z (..., Z) at a side, not at its top."""
    views = vision.decode(z.reshape(-1, z.shape[-1])).reshape(-1, *shape)
    road = views[..., 1] - views[..., 0] < GREEN_MARGIN
    sides = road[:, 2 : 2 * shape[0] // 3]
    corner = (sides[..., :2].any(axis=(1, 2)) | sides[..., -2:].any(axis=(1, 2))) & ~road[
        :, :2
    ].any(axis=(1, 2))
    return np.asarray(corner.reshape(z.shape[:-1]))


def start_steps(real: LatentEpisodes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The steps that dreams may start at, and their rows; (starts,) each."""
    gained = np.cumsum(np.nan_to_num(np.maximum(real.rewards, 0)), axis=0)
    last = len(real.z) - HORIZON + 1  # number of steps that HORIZON steps follow
    tiles = real.rewards > TILE_REWARD
    before = np.lib.stride_tricks.sliding_window_view(tiles, STUCK_STEPS, axis=0)
    progressing = before[: last - STUCK_STEPS].any(axis=-1)
    continues = ~np.isnan(real.rewards[HORIZON - 1 :]) & (gained[HORIZON - 1 :] < LAP_RETURN)
    step, row = np.nonzero(progressing & continues[STUCK_STEPS:])
    return step + STUCK_STEPS, row


def cells(agent: AgentParts, episodes: LatentEpisodes, shape: tuple[int, int, int]) -> str:
    """Cells of the table: corners in view, stuck, reward a decision."""
    tiles = episodes.rewards > TILE_REWARD
    windows = np.lib.stride_tricks.sliding_window_view(tiles, STUCK_STEPS, axis=0)
    stuck = (~windows.any(axis=-1)).any(axis=0)
    corners = sharp_corner(agent.vision, episodes.z[LATE][:, ~stuck], shape).mean()
    return f"{100 * corners:.1f} % | {100 * stuck.mean():.1f} % | {episodes.rewards.mean():.2f}"


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("v", "m", "c"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--params", type=Path, default=Path("carracing/params.yaml"))
    parser.add_argument("--episodes", type=positive_int, default=48)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[1.0, 1.3, 1.6])
    options = parser.parse_args()
    with errors_in_a_line("corners"):
        task = make_task(read_params(options.params).env)
        agent = load_agent([options.v, options.m, options.c], task)
    shape = task.observation_shape
    real = env_episodes(agent, task, options.episodes)
    returns = np.nansum(real.rewards, axis=0)
    step, row = start_steps(real)
    possible = len(step)
    chosen = np.random.default_rng(SEED).choice(possible, min(STARTS, possible), replace=False)
    step, row = step[chosen], row[chosen]
    ahead = step + np.arange(HORIZON)[:, None]
    after_starts = LatentEpisodes(*(entry[ahead, row] for entry in real))
    print(
        f"{options.episodes} episodes: mean return {returns.mean():+.0f}; "
        f"{possible} possible starts, {HORIZON} decisions each"
    )
    print("| | sharp corner in view | stuck | reward a decision |\n|---|---:|---:|---:|")
    print(f"| environment | {cells(agent, after_starts, shape)} |", flush=True)
    for temperature in options.temperatures:
        dreams = dream_episodes(agent, real, step, row, temperature)
        print(f"| dream, temperature {temperature} | {cells(agent, dreams, shape)} |", flush=True)


if __name__ == "__main__":
    main()
