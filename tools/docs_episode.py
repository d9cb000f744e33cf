"""Records the episode that docs/figures/agent.svg shows: python -m tools.docs_episode

The released agent drives in Gymnasium's CarRacing, which needs requirements-carracing.txt. What is
recorded is in git, so that `python -m tools.docs_figures` needs no environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import worldmodels
from tools.rooms import ROOT
from worldmodels.envs.carracing.optional_imports import optional_import

EPISODE = Path("docs/figures/episode.npz")
SEED = 2026  # of no test track: theirs are 0 to 99
ACTIONS = 66  # up to the frame that is shown
Frames = NDArray[np.uint8]
FRAME_SIZE = (380, 253)  # width and height of the game's frame, pixels


def recorded_episode(actions: int) -> tuple[Frames, Frames]:
    """The frames (actions + 1, 96, 96, 3) that C acts on, and the last as people see it.

    Raises:
        ImportError: Gymnasium or what its CarRacing needs is not installed.
    """
    with optional_import("gymnasium", "Box2D", "pygame"):
        import gymnasium
    agent = worldmodels.load(ROOT / "carracing" / "released")
    env: Any = gymnasium.make(agent.environment, render_mode="rgb_array", **agent.env_kwargs)
    observation, _ = env.reset(seed=SEED)
    observations = [observation]
    for _ in range(actions):
        for _ in range(agent.frame_skip):
            observation, *_ = env.step(agent.act(observation))
        observations.append(observation)
    frame = Image.fromarray(env.render()).resize(FRAME_SIZE, Image.Resampling.LANCZOS)
    env.close()
    return np.array(observations), np.asarray(frame)


def main() -> None:
    """Write the file."""
    observations, frame = recorded_episode(ACTIONS)
    np.savez_compressed(ROOT / EPISODE, observations=observations, frame=frame)
    print(f"{EPISODE}: {(ROOT / EPISODE).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
