"""Environments for Gymnasium: importing this registers `WorldModels/Racing-v0`, `.../Dream-v0` and
`.../TakeCover-v0`.

import gymnasium, worldmodels.gym

env = gymnasium.make("WorldModels/Racing-v0")
envs = gymnasium.make_vec("WorldModels/Racing-v0", num_envs=64)
dream = gymnasium.make("WorldModels/Dream-v0", folder="carracing/released")
game = gymnasium.make("WorldModels/TakeCover-v0")
"""

from __future__ import annotations

from worldmodels.envs.racing.track import Track

try:
    import gymnasium
except ImportError as error:
    raise ImportError(
        f"worldmodels.gym needs Gymnasium, and cannot import it ({error}): run "
        "'pip install -c constraints.txt -r requirements-gymnasium.txt'"
    ) from error

__all__ = ["Track"]

MAX_EPISODE_STEPS = 120  # of Racing-v0, as in params.yaml
MAX_DECISIONS = 525  # of TakeCover-v0, as in doom/params.yaml

gymnasium.register(
    "WorldModels/Racing-v0",
    entry_point="worldmodels.gym.racing:RacingGymEnv",
    vector_entry_point="worldmodels.gym.racing_vector:RacingGymVectorEnv",
    max_episode_steps=MAX_EPISODE_STEPS,
)
gymnasium.register("WorldModels/Dream-v0", entry_point="worldmodels.gym.dream:DreamGymEnv")
gymnasium.register(
    "WorldModels/TakeCover-v0",
    entry_point="worldmodels.gym.take_cover:TakeCoverGymEnv",
    max_episode_steps=MAX_DECISIONS,
)
