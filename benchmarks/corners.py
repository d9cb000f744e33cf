"""How true CarRacing's dreams are: corners in view, drives lost and pace, beside what really came.

A dream begins at a moment of a real drive of C, after all that M then remembered, and the same C
drives in it. Moments are those that a car was going at, with a horizon's drive to come.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import ARRAYS, Controllers
from worldmodels.dream.env import Context, DreamEnv
from worldmodels.envs.registry import make_task
from worldmodels.interfaces import Vision
from worldmodels.memory.ensemble import ENSEMBLES
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.storage.artifacts import load_model
from worldmodels.vision.registry import VISIONS

SEED, HORIZON, MOMENTS, EACH = 12345, 60, 400, 4  # dreams each
SETTLED = slice(30, HORIZON)  # steps of a dream that little of its start is left in
STUCK = 12  # steps without a tile: lost
TILE = 0.5  # a reward above it is of a tile
LAP = 930  # points of tiles: after about so many a drive is over
GREENER = 0.12  # by which grass is greener than red; road is grey


class Course(NamedTuple):
    """What was seen and what it earned, of drives or dreams; NaN after an end."""

    z: NDArray[np.float32]  # (T, N, Z)
    actions: NDArray[np.float32]  # (T, N, A)
    rewards: NDArray[np.float64]  # (T, N)


def driven(agent: AgentParts, params_file: Path, count: int) -> Course:
    """So many real drives on tracks of their own."""
    params = read_params(params_file)
    task = make_task(params.env)
    cars = task.make_env(task.sample_tracks(count, np.random.default_rng(SEED)), count)
    driver = Agent(agent.vision, agent.memory, agent.controllers)
    driver.reset(count)
    seen, _ = cars.reset()
    over = np.zeros(count, np.bool_)
    steps = []
    while not over.all():
        z, actions = agent.vision.encode(seen), driver.act(seen)
        seen, rewards, terminated, truncated, _ = cars.step(actions)
        steps.append((z, actions, np.where(over, np.nan, rewards)))
        over = over | terminated | truncated
    return Course(*(np.stack(column) for column in zip(*steps, strict=True)))


def dreamt(
    agent: AgentParts,
    course: Course,
    step: NDArray[np.intp],
    car: NDArray[np.intp],
    temperature: float,
) -> Course:
    """From these steps of these cars on, each so many times."""
    before = step[:, None] + np.arange(-len(course.z), 0)
    z, actions = (entry[np.maximum(before, 0), car[:, None]] for entry in course[:2])
    every = np.repeat(np.arange(len(step)), EACH)
    dream = DreamEnv(
        agent.memory.members,
        course.z[step, car][every],
        len(every),
        HORIZON,
        temperature,
        SEED,
        Context(z[every], actions[every], step[every]),
    )
    driver = LatentPolicy(agent.controllers)
    driver.reset(len(every))
    seen, _ = dream.reset()
    steps = []
    for _ in range(HORIZON):
        actions = driver.act(seen)
        z = seen[:, : agent.vision.z_size]
        seen, rewards, *_ = dream.step(actions)
        steps.append((z, actions, rewards))
    return Course(*(np.stack(column) for column in zip(*steps, strict=True)))


def corners(
    vision: Vision, z: NDArray[np.float32], shape: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """Where the road leaves the view of z (..., Z) at a side, and not at its top."""
    pictures = vision.decode(z.reshape(-1, z.shape[-1])).reshape(-1, *shape)
    road = pictures[..., 1] - pictures[..., 0] < GREENER
    sides = road[:, 2 : 2 * shape[0] // 3]
    corner = (sides[..., :2].any(axis=(1, 2)) | sides[..., -2:].any(axis=(1, 2))) & ~road[
        :, :2
    ].any(axis=(1, 2))
    return np.asarray(corner.reshape(z.shape[:-1]))


def row(agent: AgentParts, course: Course, shape: tuple[int, int, int]) -> str:
    """Shares and pace, as cells of a table."""
    tiles = course.rewards > TILE
    apart = np.lib.stride_tricks.sliding_window_view(tiles, STUCK, axis=0)
    lost = (~apart.any(axis=-1)).any(axis=0)
    share = corners(agent.vision, course.z[SETTLED][:, ~lost], shape).mean()
    return f"{100 * share:.1f} % | {100 * lost.mean():.1f} % | {course.rewards.mean():.2f}"


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("v", "m", "c"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--params", type=Path, default=Path("carracing/params.yaml"))
    parser.add_argument("--drives", type=int, default=48)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[1.0, 1.3, 1.6])
    options = parser.parse_args()
    agent = AgentParts(
        load_model(options.v, "train_v", VISIONS),
        load_model(options.m, "train_m", ENSEMBLES),
        load_model(options.c, "evolve_c", dict.fromkeys(ARRAYS, Controllers.from_arrays)),
    )
    shape = read_params(options.params).env.view.shape
    course = driven(agent, options.params, options.drives)
    returns = np.nansum(course.rewards, axis=0)
    earned = np.cumsum(np.nan_to_num(np.maximum(course.rewards, 0)), axis=0)
    last = len(course.z) - HORIZON + 1  # and one more: steps that a horizon follows
    before = np.lib.stride_tricks.sliding_window_view(course.rewards > TILE, STUCK, axis=0)
    going = before[: last - STUCK].any(axis=-1)
    goes_on = ~np.isnan(course.rewards[HORIZON - 1 :]) & (earned[HORIZON - 1 :] < LAP)
    step, car = np.nonzero(going & goes_on[STUCK:])
    chosen = np.random.default_rng(SEED).choice(len(step), min(MOMENTS, len(step)), replace=False)
    step, car = step[chosen] + STUCK, car[chosen]
    ahead = step + np.arange(HORIZON)[:, None]
    real = Course(*(entry[ahead, car] for entry in course))
    print(
        f"{options.drives} drives: {returns.mean():+.0f}; {len(step)} moments, {HORIZON} decisions"
    )
    print("| | sharp corner in view | lost | reward a decision |\n|---|---:|---:|---:|")
    print(f"| really | {row(agent, real, shape)} |", flush=True)
    for temperature in options.temperatures:
        dreams = dreamt(agent, course, step, car, temperature)
        print(f"| dreamt, temperature {temperature} | {row(agent, dreams, shape)} |", flush=True)


if __name__ == "__main__":
    main()
