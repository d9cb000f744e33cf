"""Latents in which every frame and every step tells its own place."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.storage.artifacts import Latents


def numbered_latents(lengths: NDArray[np.int64], **arrays: Any) -> Latents:
    """Episodes of these lengths: each z is (episode, frame), each action (episode, step).

    Each reward is 1 and all else 0, but for the arrays that are given.
    """
    frames = [(e, t) for e, length in enumerate(lengths) for t in range(length + 1)]
    steps = [(e, t) for e, length in enumerate(lengths) for t in range(length)]
    columns = {
        field: np.zeros(len(lengths), field_type.dtype)
        for field, field_type in Latents.schema().items()
        if field_type.axes == "episodes"
    }
    given = {
        "lengths": lengths,
        "mean": np.array(frames, np.float32),
        "logvar": np.zeros((len(frames), 2), np.float32),
        "actions": np.array(steps, np.float32),
        "rewards": np.ones(len(steps)),
    }
    return Latents(**{**columns, **given, **arrays})
