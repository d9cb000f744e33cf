"""Mirror images of recorded episodes, which double the data where left and right are alike."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import Rollouts


def check_mirror(key: str, rollouts: Rollouts) -> None:
    """Raise an error if the mirror images of these episodes are of another environment.

    Raises:
        ParamsError: they are; begins with the dotted key.
    """
    if rollouts.left_right_action is None:
        raise ParamsError(
            f"{key}: must be false for {rollouts.kind}, because nothing says that left and right "
            "are alike there, and which action turns; found True"
        )


def flip_at_random(frames: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Frames (N, height, width, channels), each flipped left to right with probability 1/2."""
    flipped = rng.random(len(frames)) < 0.5
    return np.where(flipped[:, None, None, None], frames[:, :, ::-1], frames)


def with_mirror_images(rollouts: Rollouts) -> Rollouts:
    """Each episode, followed by its mirror image, in memory.

    Frames are flipped left to right, and the action between left and right is negated. The columns
    of the environment's own table are left out.
    """
    episodes = np.repeat(np.arange(len(rollouts.lengths)), 2)
    images = np.arange(len(episodes)) % 2 == 1
    frames, steps = (
        np.concatenate([np.arange(*span) for span in np.array([*pairwise(first)])[episodes]])
        for first in (rollouts.first_frame, rollouts.first_step)
    )
    lengths = rollouts.lengths[episodes]
    observations = rollouts.observations[:][frames]
    of_images = np.repeat(images, lengths + 1)
    observations[of_images] = observations[of_images, :, ::-1]
    actions = rollouts.actions[steps]
    actions[np.repeat(images, lengths), rollouts.left_right_action] *= -1
    return Rollouts(
        lengths=lengths,
        terminated=rollouts.terminated[episodes],
        lap_fraction=rollouts.lap_fraction[episodes],
        observations=observations,
        actions=actions,
        rewards=rollouts.rewards[steps],
        held_out=rollouts.held_out[episodes],
        round=rollouts.round[episodes],
    )
