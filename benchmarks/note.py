"""The note's random column beside ours: one car, eight episodes, one generator a seed."""

from __future__ import annotations

import numpy as np

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import rollout

NOTE = ("+4.84 +- 1.93, length 30.8", "+2.27", "+3.18", "+2.67", "+4.67")


def main() -> None:
    """Print a table as Markdown."""
    print("| seed | note | ours: mean return +- std, mean length |\n|---:|---|---|")
    for seed, printed in enumerate(NOTE):
        env, policy = RacingEnv(), SmoothedNoisePolicy(np.random.default_rng(seed))
        episodes = [rollout(env, policy) for _ in range(8)]
        returns = np.concatenate([episode.returns for episode in episodes])
        length = np.concatenate([episode.lengths for episode in episodes]).mean()
        ours = f"{returns.mean():+.2f} +- {returns.std():.2f}, length {length:.1f}"
        print(f"| {seed} | {printed} | {ours} |")


if __name__ == "__main__":
    main()
