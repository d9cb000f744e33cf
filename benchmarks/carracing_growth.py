"""Frames a second of CarRacing with V, M and C driving, by the number of cars and of processes.

The released agent drives the first steps of its test tracks; everything is recorded, as in the
stage evaluate. A whole drive has 1,000 frames.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.arguments import positive_int
from worldmodels.agent.agent import Agent
from worldmodels.agent.loading import load_agent
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import INLINE, Compute
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.rollout.recording import deterministic, record

FOLDER = Path("carracing")
CARS = (1, 64, 1024)
PROCESSES = (1, 2)
STEPS = 50  # of each car; the camera zooms in during the first 13
ROUNDS = 2


def seconds(cars: int, compute: Compute) -> tuple[float, int]:
    """The time of the fastest of ROUNDS runs, and the number of frames."""
    params = read_params(FOLDER / "params.yaml", {"env.max_steps": STEPS})
    task = make_task(params.env)
    agent = Agent(*load_agent([FOLDER / "released" / f"{name}.npz" for name in "vmc"], task))
    tracks = task.test_tracks(RandomStreams(0, "growth")("tracks"))
    best, steps = np.inf, 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        recorded = record(
            task, deterministic(agent), tracks, np.random.default_rng, cars, "drives", compute
        )
        steps = int(np.sum([stats.lengths.sum() for stats, _ in recorded]))
        best = min(best, time.perf_counter() - start)
    return best, steps * params.env.frame_skip  # type: ignore[union-attr]


def main() -> None:
    """Print a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cars", type=positive_int, nargs="+", default=CARS)
    print("| cars | processes | frames a second | drives of 1,000 frames a second |")
    print("|---:|---:|---:|---:|")
    for cars in parser.parse_args().cars:
        for count in PROCESSES:
            compute = msgspec.structs.replace(INLINE, executor="processes", workers=count)
            best, frames = seconds(cars, compute)
            speed = frames / best
            print(f"| {cars:,} | {count} | {speed:,.0f} | {speed / 1000:.2f} |", flush=True)


if __name__ == "__main__":
    main()
