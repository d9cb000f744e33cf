"""What M predicts of a recorded episode, one step ahead."""

from __future__ import annotations

import numpy as np

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.nn.parameters import Array


def one_step_predictions(memory: RecurrentMemory, z: Array, actions: Array) -> Array:
    """M's mean of the next z (L, Z) in each step of an episode, given all z before it.

    Args:
        memory: one M.
        z: (L + 1, Z).
        actions: (L, A).
    """
    h, c = np.zeros((2, 1, memory.hidden_size), np.float32)
    states = []
    for now, action in zip(z[:-1], actions, strict=True):
        h, c = memory.step(now[None], action[None], h, c)
        states.append(h[0])
    return memory.predict(memory.head_features(np.array(states), z[:-1], actions), z[:-1])
