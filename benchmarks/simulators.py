"""CarRacing three ways: how fast each simulator is, and in what EnvPool's port is another world."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.dreams import trace_dream
from benchmarks.speed import seconds
from worldmodels.agent.agent import LatentPolicy
from worldmodels.envs.carracing.base import PICTURE, BatchedCarRacing, Frame, Info, Rows
from worldmodels.envs.carracing.env import CarRacingEnv
from worldmodels.envs.carracing.envpool import EnvPoolCarRacing
from worldmodels.envs.carracing.optional_imports import extra
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.rollout.loop import rollout

VIEWS = ((28, 32), (64, 64))
CARS, WARM, STEPS, ROUNDS = 2, 15, 25, 3  # the camera comes down in the first 13 steps
DREAMT, HORIZON = 768, 75  # cars of a generation, and steps
COMPARED = 120  # frames of each way to drive
WAYS = {
    "straight on, little gas": [0.0, 0.1],
    "straight on, more gas": [0.0, 0.4],
    "to the right": [0.3, 0.2],
    "hard to the left": [-1.0, 0.3],
}
# Rows below the picture, and columns; what stands left of them is the return, in another font.
INDICATORS = {"speed": (12, 15), "wheels": (16, 28), "steering": (32, 60), "gyro": (60, 96)}
COLOURS = {"grass": (102, 204, 102), "light grass": (102, 230, 102), "hull": (204, 0, 0)}
ROAD = 102  # grey of a tile that a wheel has touched; others are up to 5 lighter
BEHIND = slice(76, 84)  # rows of a picture


class EveryFrame(CarRacingEnv):
    """Gymnasium's own, which draws all polygons of all frames."""

    def _begin(self, tracks: list[int]) -> None:
        with extra("gymnasium", "Box2D", "pygame"):
            from gymnasium.envs.box2d.car_racing import CarRacingEnv as GymnasiumCarRacing
        self._simulators: list[Any] = [GymnasiumCarRacing() for _ in tracks]
        begun = zip(self._simulators, tracks, strict=True)
        self._seen = np.stack([simulator.reset(seed=track)[0] for simulator, track in begun])

    def _frame(self, cars: Rows, commands: NDArray[np.float32]) -> Frame:
        frame = super()._frame(cars, commands)
        self._seen[cars] = [self._simulators[car].state for car in cars]
        return frame

    def _pictures(self, cars: Rows) -> NDArray[np.uint8]:
        return self._seen[cars, : PICTURE[0]]

    def _more_info(self, cars: Rows) -> Info:
        return {}

    def as_envpool_scales(self) -> NDArray[np.uint8]:
        """The first car's window, of which the four pixels nearest to each place are averaged."""
        with extra("pygame"):
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
    "Gymnasium's own, every frame drawn": EveryFrame,
    "Gymnasium's physics, drawn when looked at (`CarRacingEnv`)": CarRacingEnv,
    "EnvPool (`EnvPoolCarRacing`)": EnvPoolCarRacing,
}


def speed_table(tracks: list[int]) -> None:
    """Frames a second of one core, four to a step, with views; the camera is down."""
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
            env = simulator(tracks, CARS, WARM + ROUNDS * STEPS + 1, view)

            def drive(steps: int, env: BatchedCarRacing = env) -> None:
                for _ in range(steps):
                    env.step(actions)

            drive(WARM)
            taken = seconds(lambda drive=drive: drive(STEPS), ROUNDS)  # type: ignore[misc]
            speeds.append(CARS * STEPS * env.frame_skip / taken)
        print(f"| {name} | " + " | ".join(f"{speed:,.0f}" for speed in speeds) + " |")
    params = read_params(Path("carracing/params.yaml"), {"world.max_steps": HORIZON})
    speed = dreamt(params) * env.frame_skip
    name = f"the dream of {params.train_m.ensemble_size} Ms of {params.train_m.hidden} (`DreamEnv`)"
    print(f"| {name} | {speed:,.0f} | the same |")


def dreamt(params: Params) -> float:
    """Decisions a second of one core in a generation's dreams, which no view is drawn of."""
    dream, _, controllers = trace_dream(params, DREAMT, np.random.default_rng(0))
    taken = seconds(lambda: rollout(dream, LatentPolicy(controllers)), ROUNDS)
    return DREAMT * params.env.max_steps / taken


def frame_by_frame(tracks: list[int], action: list[float]) -> NDArray[np.int64]:
    """How far apart bars are when driven alike, (frames, 12, 96): theirs as EnvPool scales it."""
    own = EveryFrame(tracks, 1, COMPARED, frame_skip=1)
    port = EnvPoolCarRacing(tracks, 1, COMPARED, frame_skip=1)
    apart = []
    for _ in range(COMPARED):
        own.step([action])
        port.step([action])
        bars = [picture[PICTURE[0] :] for picture in (own.as_envpool_scales(), port._seen[0])]
        apart.append(np.abs(bars[0].astype(np.int64) - bars[1]).max(axis=2))
    return np.array(apart)


def physics_table(tracks: list[int]) -> None:
    """What the indicators say of speed, wheels, steering and turning, frame by frame."""
    print(f"| share of the bar's pixels that agree to 8 of 255, {COMPARED} frames | ", end="")
    print(" | ".join(INDICATORS) + " |\n|---|" + "---:|" * len(INDICATORS))
    for name, action in WAYS.items():
        agree = frame_by_frame(tracks, action) <= 8
        shares = [agree[:, :, begin:end].mean() for begin, end in INDICATORS.values()]
        print(f"| {name} | " + " | ".join(f"{share:.2%}" for share in shares) + " |")


def colours_table(tracks: list[int]) -> None:
    """How the same things look on the way straight on."""
    columns = [
        _looks(CarRacingEnv(tracks, len(tracks))),
        _looks(EnvPoolCarRacing(tracks, len(tracks))),
    ]
    print("| how it looks | Gymnasium | EnvPool |\n|---|---:|---:|")
    for name in columns[0]:
        print(f"| {name} | {columns[0][name]} | {columns[1][name]} |")


def _looks(env: BatchedCarRacing) -> dict[str, str]:
    pictures = []
    for step in range(60):
        env.step(np.tile([0.0, 0.1], (env.num_envs, 1)))
        if step > WARM and step % 4 == 0:
            pictures.append(env.pictures())
    seen = np.array(pictures)  # (times, cars, 84, 96, 3)
    found = {}
    for name, colour in COLOURS.items():
        near = seen[np.abs(seen.astype(np.int64) - colour).max(axis=-1) <= 4]
        found[f"{name} {colour}"] = "never pure"
        if len(near):
            values, counts = np.unique(near, axis=0, return_counts=True)
            found[f"{name} {colour}"] = str(tuple(values[counts.argmax()].tolist()))
    grey = seen[:, :, BEHIND][np.ptp(seen[:, :, BEHIND], axis=-1) <= 1][:, 0].astype(np.int64)
    touched = (grey[np.abs(grey - ROAD) <= 8] <= ROAD).mean()
    found["road behind the car as dark as a touched tile"] = f"{touched:.0%}"
    counts = np.sort(np.unique(seen.reshape(-1, 3), axis=0, return_counts=True)[1])
    found["different colours"] = f"{len(counts):,}"
    found["pixels of other than the ten commonest (edges)"] = (
        f"{counts[:-10].sum() / counts.sum():.1%}"
    )
    return found


def ends_table(tracks: list[int]) -> None:
    """When a car that drives straight on from the start is lost, and what the start has earned."""
    print("| straight on, more gas | first frame's reward | lost in frame, of each track |")
    print("|---|---:|---|")
    for name, simulator in {"Gymnasium": CarRacingEnv, "EnvPool": EnvPoolCarRacing}.items():
        env = simulator(tracks, len(tracks), 400, (1, 1), frame_skip=1)
        ends = np.zeros(len(tracks), np.int64)
        for frame in range(1, 400):
            _, rewards, terminated, _, _ = env.step([WAYS["straight on, more gas"]] * len(tracks))
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
