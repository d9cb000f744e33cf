"""The speed of CarRacing: Gymnasium's own, ours with its lazy drawing, with an agent, the dream."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.dreams import endless_dream
from benchmarks.speed import min_seconds
from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.agent.loading import load_agent
from worldmodels.envs.carracing.area_resize import AreaResize
from worldmodels.envs.carracing.env import FRAME_SHAPE, CarRacingEnv
from worldmodels.envs.carracing.optional_imports import optional_import
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.rollout.loop import rollout
from worldmodels.rollout.recording import EpisodeBatch, EpisodeRecorder, deterministic

FOLDER = Path("carracing")
VIEWS = ((28, 32), (64, 64))
TRACKS = (1, 2)
FRAME_SKIP = 4
GAS = 0.1  # straight on
WARM_UP, STEPS, ROUNDS = 15, 25, 3  # the camera zooms in during the first 13 steps
DRIVES = 8  # of the released agent, on the first test tracks
DREAMS, HORIZON = 768, 75  # episodes of a generation, and their steps

View = tuple[int, int]


def min_cpu_seconds(action: Callable[[], object]) -> float:
    """CPU time of the fastest of ROUNDS runs, which other processes disturb least."""
    return min_seconds(action, ROUNDS, time.process_time)


def gymnasium_step(view: View) -> Callable[[], object]:
    """A step of two cars in Gymnasium's own CarRacing, which draws every frame."""
    with optional_import("gymnasium", "Box2D", "pygame"):
        from gymnasium.envs.box2d.car_racing import CarRacing
    cars = [CarRacing() for _ in TRACKS]
    for car, track in zip(cars, TRACKS, strict=True):
        car.reset(seed=track)
    control = np.array([0.0, GAS, 0.0], np.float32)
    resize = AreaResize(FRAME_SHAPE, view)

    def step() -> object:
        for _ in range(FRAME_SKIP):
            frames = [car.step(control)[0] for car in cars]
        return resize(np.array(frames)[:, : FRAME_SHAPE[0]])

    return step


def lazy_step(view: View) -> Callable[[], object]:
    """The same step of `CarRacingEnv`."""
    env = CarRacingEnv(TRACKS, len(TRACKS), WARM_UP + ROUNDS * STEPS + 1, view, FRAME_SKIP)
    return lambda: env.step([[0.0, GAS]] * len(TRACKS))


SIMULATORS = {
    "Gymnasium's own, every frame drawn": gymnasium_step,
    "Gymnasium's physics, drawn when observed (`CarRacingEnv`)": lazy_step,
}


def frames_per_second(step: Callable[[], object]) -> float:
    """Frames a second of one core, four to a step, observations included."""

    def run(steps: int) -> None:
        for _ in range(steps):
            step()

    run(WARM_UP)
    return len(TRACKS) * STEPS * FRAME_SKIP / min_cpu_seconds(lambda: run(STEPS))


def agent_speed(params: Params) -> float:
    """Frames a second of one core in whole drives of V, M and C, recorded as `evaluate` does."""
    task = make_task(params.env)
    agent = Agent(*load_agent([FOLDER / "released" / f"{name}.npz" for name in "vmc"], task))
    record = EpisodeRecorder(task, deterministic(agent), patience=0, shaped=False)
    batch = EpisodeBatch(range(DRIVES), DRIVES, np.random.default_rng(0))
    stats, _ = record(batch)
    return int(stats.lengths.sum()) * FRAME_SKIP / min_cpu_seconds(lambda: record(batch))


def dream_speed(params: Params) -> float:
    """Decisions a second of one core in a generation's dreams, which draw no view."""
    dream, _, controllers = endless_dream(params, DREAMS, np.random.default_rng(0))
    seconds = min_cpu_seconds(lambda: rollout(dream, LatentPolicy(controllers)))
    return DREAMS * params.env.max_steps / seconds


def main() -> None:
    """Print a table as Markdown."""
    views = " | ".join(f"{height} x {width}" for height, width in VIEWS)
    print(f"| frames a second and core, views of | {views} |")
    print("|---|" + "---:|" * len(VIEWS))
    for name, make_step in SIMULATORS.items():
        speeds = " | ".join(f"{frames_per_second(make_step(view)):,.0f}" for view in VIEWS)
        print(f"| {name} | {speeds} |", flush=True)
    speed = agent_speed(read_params(FOLDER / "params.yaml"))
    print(f"| V, M and C drive in it, recorded, from the reset on | {speed:,.0f} | |", flush=True)
    params = read_params(FOLDER / "params.yaml", {"env.max_steps": HORIZON})
    speed = dream_speed(params) * FRAME_SKIP
    name = f"the dream of {params.train_m.ensemble_size} Ms of {params.train_m.hidden} (`DreamEnv`)"
    print(f"| {name} | {speed:,.0f} | the same |")


if __name__ == "__main__":
    main()
