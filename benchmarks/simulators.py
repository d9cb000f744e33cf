"""CarRacing's simulators: their speed, and how EnvPool's port differs from Gymnasium's."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.dreams import endless_dream
from benchmarks.speed import min_seconds
from worldmodels.agent.agent import LatentPolicy
from worldmodels.envs.carracing.base import FRAME_SHAPE, BatchedCarRacing, FrameStep, Info, Rows
from worldmodels.envs.carracing.env import CarRacingEnv
from worldmodels.envs.carracing.envpool import EnvPoolCarRacing
from worldmodels.envs.carracing.optional_imports import optional_import
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.rollout.loop import rollout

VIEWS = ((28, 32), (64, 64))
CARS, WARM_UP, STEPS, ROUNDS = 2, 15, 25, 3  # the camera zooms in during the first 13 steps
DREAMS, HORIZON = 768, 75  # episodes of a generation, and their steps
COMPARED = 120  # frames, for each action
ACTIONS = {
    "straight on, little gas": [0.0, 0.1],
    "straight on, more gas": [0.0, 0.4],
    "to the right": [0.3, 0.2],
    "hard to the left": [-1.0, 0.3],
}
# Columns of the bar below the frame; left of them is the return, in another font.
INDICATORS = {"speed": (12, 15), "wheels": (16, 28), "steering": (32, 60), "gyro": (60, 96)}
COLOURS = {"grass": (102, 204, 102), "light grass": (102, 230, 102), "hull": (204, 0, 0)}
ROAD = 102  # grey of a tile that a wheel has touched; others are up to 5 lighter
BEHIND = slice(76, 84)  # rows of a frame


class EveryFrameCarRacing(CarRacingEnv):
    """Gymnasium's own CarRacing, which draws all polygons of all frames."""

    def _reset_cars(self, tracks: list[int]) -> None:
        with optional_import("gymnasium", "Box2D", "pygame"):
            from gymnasium.envs.box2d.car_racing import CarRacing
        self._simulators: list[Any] = [CarRacing() for _ in tracks]
        started = zip(self._simulators, tracks, strict=True)
        # (num_envs, 96, 96, 3)
        self._drawn = np.stack([simulator.reset(seed=track)[0] for simulator, track in started])

    def _step_frame(self, cars: Rows, controls: NDArray[np.float32]) -> FrameStep:
        step = super()._step_frame(cars, controls)
        self._drawn[cars] = [self._simulators[car].state for car in cars]
        return step

    def _frames(self, cars: Rows) -> NDArray[np.uint8]:
        return self._drawn[cars, : FRAME_SHAPE[0]]

    def _simulator_info(self, cars: Rows) -> Info:
        return {}

    def envpool_frame(self) -> NDArray[np.uint8]:
        """(96, 96, 3): the first car's window, scaled as EnvPool does, bilinearly."""
        with optional_import("pygame"):
            import pygame
        window = pygame.surfarray.array3d(self._simulators[0].surf).transpose(1, 0, 2)
        for axis in (0, 1):
            place = (np.arange(96) + 0.5) * window.shape[axis] / 96 - 0.5
            first = np.floor(place).astype(int)
            share = (place - first).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
            near, next_ = window.take(first, axis), window.take(first + 1, axis)
            window = near * (1 - share) + next_ * share
        scaled: NDArray[np.uint8] = np.rint(window).astype(np.uint8)
        return scaled


SIMULATORS: dict[str, type[BatchedCarRacing]] = {
    "Gymnasium's own, every frame drawn": EveryFrameCarRacing,
    "Gymnasium's physics, drawn when observed (`CarRacingEnv`)": CarRacingEnv,
    "EnvPool (`EnvPoolCarRacing`)": EnvPoolCarRacing,
}


def speed_table(tracks: list[int]) -> None:
    """Print frames a second of one core, four to a step, observations included."""
    actions = np.tile([0.0, 0.1], (CARS, 1))
    print(
        "| frames a second and core, views of | "
        + " | ".join(f"{h} x {w}" for h, w in VIEWS)
        + " |"
    )
    print("|---|" + "---:|" * len(VIEWS))
    for name, simulator in SIMULATORS.items():
        speeds = []
        for view in VIEWS:
            env = simulator(tracks, CARS, WARM_UP + ROUNDS * STEPS + 1, view)

            def run(steps: int, env: BatchedCarRacing = env) -> None:
                for _ in range(steps):
                    env.step(actions)

            run(WARM_UP)
            seconds = min_seconds(lambda run=run: run(STEPS), ROUNDS)  # type: ignore[misc]
            speeds.append(CARS * STEPS * env.frame_skip / seconds)
        print(f"| {name} | " + " | ".join(f"{speed:,.0f}" for speed in speeds) + " |")
    params = read_params(Path("carracing/params.yaml"), {"env.max_steps": HORIZON})
    speed = dream_speed(params) * env.frame_skip
    name = f"the dream of {params.train_m.ensemble_size} Ms of {params.train_m.hidden} (`DreamEnv`)"
    print(f"| {name} | {speed:,.0f} | the same |")


def dream_speed(params: Params) -> float:
    """Decisions a second of one core in a generation's dreams, which draw no view."""
    dream, _, controllers = endless_dream(params, DREAMS, np.random.default_rng(0))
    seconds = min_seconds(lambda: rollout(dream, LatentPolicy(controllers)), ROUNDS)
    return DREAMS * params.env.max_steps / seconds


def bar_difference(tracks: list[int], action: list[float]) -> NDArray[np.int64]:
    """(frames, 12, 96): differences of the two simulators' bars after the same actions."""
    gymnasium = EveryFrameCarRacing(tracks, 1, COMPARED, frame_skip=1)
    envpool = EnvPoolCarRacing(tracks, 1, COMPARED, frame_skip=1)
    differences = []
    for _ in range(COMPARED):
        gymnasium.step([action])
        envpool.step([action])
        frames = gymnasium.envpool_frame(), envpool._pool_frames[0]
        bars = [frame[FRAME_SHAPE[0] :].astype(np.int64) for frame in frames]
        differences.append(np.abs(bars[0] - bars[1]).max(axis=2))
    return np.array(differences)


def physics_table(tracks: list[int]) -> None:
    """Print how often the indicators of speed, wheels, steering and turning agree."""
    print(f"| share of the bar's pixels that agree to 8 of 255, {COMPARED} frames | ", end="")
    print(" | ".join(INDICATORS) + " |\n|---|" + "---:|" * len(INDICATORS))
    for name, action in ACTIONS.items():
        agree = bar_difference(tracks, action) <= 8
        shares = [agree[:, :, begin:end].mean() for begin, end in INDICATORS.values()]
        print(f"| {name} | " + " | ".join(f"{share:.2%}" for share in shares) + " |")


def colours_table(tracks: list[int]) -> None:
    """Print the colours of the same things while all cars go straight on."""
    columns = [
        _colours(CarRacingEnv(tracks, len(tracks))),
        _colours(EnvPoolCarRacing(tracks, len(tracks))),
    ]
    print("| colours | Gymnasium | EnvPool |\n|---|---:|---:|")
    for name in columns[0]:
        print(f"| {name} | {columns[0][name]} | {columns[1][name]} |")


def _colours(env: BatchedCarRacing) -> dict[str, str]:
    """A column of the table, by row."""
    batches = []
    for step in range(60):
        env.step(np.tile([0.0, 0.1], (env.num_envs, 1)))
        if step > WARM_UP and step % 4 == 0:
            batches.append(env.frames())
    frames = np.array(batches)  # (steps, cars, 84, 96, 3)
    cells = {}
    for name, colour in COLOURS.items():
        near = frames[np.abs(frames.astype(np.int64) - colour).max(axis=-1) <= 4]
        cells[f"{name} {colour}"] = "never pure"
        if len(near):
            values, counts = np.unique(near, axis=0, return_counts=True)
            cells[f"{name} {colour}"] = str(tuple(values[counts.argmax()].tolist()))
    behind = frames[:, :, BEHIND]
    grey = behind[np.ptp(behind, axis=-1) <= 1][:, 0].astype(np.int64)
    touched = (grey[np.abs(grey - ROAD) <= 8] <= ROAD).mean()
    cells["road behind the car as dark as a touched tile"] = f"{touched:.0%}"
    counts = np.sort(np.unique(frames.reshape(-1, 3), axis=0, return_counts=True)[1])
    cells["different colours"] = f"{len(counts):,}"
    cells["pixels of other than the ten commonest (edges)"] = (
        f"{counts[:-10].sum() / counts.sum():.1%}"
    )
    return cells


def ends_table(tracks: list[int]) -> None:
    """Print when a car that goes straight on leaves the playfield, and the first frame's reward."""
    print("| straight on, more gas | first frame's reward | terminated in frame, of each track |")
    print("|---|---:|---|")
    for name, simulator in {"Gymnasium": CarRacingEnv, "EnvPool": EnvPoolCarRacing}.items():
        env = simulator(tracks, len(tracks), 400, (1, 1), frame_skip=1)
        ends = np.zeros(len(tracks), np.int64)
        for frame in range(1, 400):
            action = ACTIONS["straight on, more gas"]
            _, rewards, terminated, _, _ = env.step([action] * len(tracks))
            if frame == 1:
                first = rewards
            ends[terminated & (ends == 0)] = frame
            if ends.all():
                break
        print(f"| {name} | {first.min():.1f} to {first.max():.1f} | {ends.tolist()} |")


def main() -> None:
    """Print tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, nargs="+", default=[1, 2, 3, 4], help="seeds")
    tracks = parser.parse_args().tracks
    for table in (speed_table, physics_table, colours_table, ends_table):
        table(tracks)
        print(flush=True)


if __name__ == "__main__":
    main()
