"""Steps a second of `WorldModels/Racing-v0`: one car, its vector form, and cars in turns."""

from __future__ import annotations

import argparse
import time
from typing import Any

import gymnasium
import numpy as np

import worldmodels.gym  # noqa: F401  (registers the environments)
from benchmarks.arguments import positive_int

ID = "WorldModels/Racing-v0"
VIEWS: dict[str, dict[str, Any]] = {
    "64 x 64 x 3": {},
    "16 x 16 x 1": {"view_size": 16, "channels": 1},
}
STEPS = 120  # of an episode
ROUNDS = 3


def cpu_seconds(num_envs: int, options: dict[str, Any]) -> tuple[float, float]:
    """CPU seconds of a reset of all rows, and of an episode of each after it; least of some.

    The cars stand still, so that no episode ends before its last step.
    """
    envs = gymnasium.make_vec(ID, num_envs, **options)
    actions = np.zeros((num_envs, 2), np.float32)
    times = []
    for seed in range(ROUNDS):
        start = time.process_time()
        envs.reset(seed=seed)
        between = time.process_time()
        for _ in range(STEPS):
            envs.step(actions)
        times.append((between - start, time.process_time() - between))
    envs.close()
    reset, episode = np.min(times, axis=0)
    return float(reset), float(episode)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--envs", type=positive_int, nargs="+", default=[1, 64, 1024])
    print(f"| view | cars | steps a second | with a reset every {STEPS} steps | reset of a car |")
    print("|---|---|---:|---:|---:|")
    for envs in parser.parse_args().envs:
        for view, options in VIEWS.items():
            for word, mode in (("", None), (" in turns (`SyncVectorEnv`)", "sync")):
                reset, episode = cpu_seconds(envs, {**options, "vectorization_mode": mode})
                steps = envs * STEPS
                print(
                    f"| {view} | {envs:,}{word} | {steps / episode:,.0f} "
                    f"| {steps / (reset + episode):,.0f} | {1000 * reset / envs:.1f} ms |"
                )


if __name__ == "__main__":
    main()
