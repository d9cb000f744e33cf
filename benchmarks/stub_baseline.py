"""The random policy's returns in the reference stub, beside ours: one car, 8 episodes a seed.

The stub is github.com/cybertronai/schmidhuber-problems, world-models-carracing. It draws all
episodes of a seed from one generator; so does this benchmark.
"""

from __future__ import annotations

import numpy as np

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import EpisodeStats, rollout

EPISODES = 8
STUB = ("+4.84 +- 1.93, length 30.8", "+2.27", "+3.18", "+2.67", "+4.67")  # by seed


def main() -> None:
    """Print a table as Markdown."""
    print("| seed | reference stub | ours: mean return +- std, mean length |\n|---:|---|---|")
    for seed, published in enumerate(STUB):
        env, policy = RacingEnv(), SmoothedNoisePolicy(np.random.default_rng(seed))
        stats = EpisodeStats.concatenate([rollout(env, policy) for _ in range(EPISODES)])
        ours = (
            f"{stats.returns.mean():+.2f} +- {stats.returns.std():.2f}, "
            f"length {stats.lengths.mean():.1f}"
        )
        print(f"| {seed} | {published} | {ours} |")


if __name__ == "__main__":
    main()
