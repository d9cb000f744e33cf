"""The released agent in plain Gymnasium, without our environment: returns as CSV, and their mean.

    python -m benchmarks.plain_carracing > carracing/released/gymnasium.csv

Seeds from 60,000 on are drawn by no stage: tests begin at 0, and training at 65,536.
"""

from __future__ import annotations

import argparse
import sys

import gymnasium
import numpy as np

import worldmodels
from benchmarks.arguments import positive_int
from tools.rooms import ROOT

FIRST, EPISODES = 60_000, 100


def main() -> None:
    """Print a line for each episode, and at the end the mean on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=FIRST, help="seed")
    parser.add_argument("--episodes", type=positive_int, default=EPISODES)
    given = parser.parse_args()
    agent = worldmodels.load(ROOT / "carracing" / "released")
    env = gymnasium.make("CarRacing-v3")
    returns = []
    print("seed,return,frames")
    for seed in range(given.first, given.first + given.episodes):
        observation, _ = env.reset(seed=seed)
        agent.reset()
        total, frames, done = 0.0, 0, False
        while not done:
            observation, reward, terminated, truncated, _ = env.step(agent.act(observation))
            total, frames, done = total + float(reward), frames + 1, terminated or truncated
        returns.append(total)
        print(f"{seed},{total:.2f},{frames}", flush=True)
    stderr = np.std(returns) / np.sqrt(len(returns))
    print(f"mean {np.mean(returns):+.1f} +- {stderr:.1f} of {len(returns)}", file=sys.stderr)


if __name__ == "__main__":
    main()
