"""What M predicts of an episode, step by step, and the error of its open-loop rollouts.

An open-loop rollout sees the episode's first z and then only its actions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.nn.parameters import Array


def open_loop_error(
    memory: RecurrentMemory,
    z: Array,
    actions: Array,
    lengths: NDArray[np.int64],
    temperature: float,
    seed: int,
) -> Mapping[str, NDArray[np.float64]]:
    """Root mean square errors of predicted z after 1, 2, ... steps, by predictor.

    They are divided by the root mean variance of z, and computed for as many steps as at least half
    of the episodes last.

    Args:
        memory: one M.
        z: (T + 1, B, Z) of B episodes; an episode of L steps has L + 1 of them.
        actions: (T, B, A) of the episodes.
        lengths: (B,), steps of each episode.
        temperature: of the sampled rollout.
        seed: of its noise.

    Returns:
        Errors (steps,) of `dream` (a rollout that samples z), `mean_rollout` (one that takes M's
        mean for z), `persistence` (the first z for all steps), `shuffled` (the z of another
        episode; missing if there is one episode) and `one_step` (M's mean, given the observed z of
        every step).
    """
    rng = np.random.default_rng(seed)
    recorded = np.arange(len(z))[:, None] <= lengths
    scale = np.sqrt(z[recorded].var(axis=0, dtype=np.float64).mean()) or 1.0  # 1 for a constant z
    size = z.shape[1:]
    rollouts = {
        name: (z[0], *np.zeros((2, size[0], memory.hidden_size), np.float32))
        for name in ("dream", "mean_rollout", "one_step")
    }
    errors: dict[str, list[float]] = {}

    def add(name: str, prediction: Array, target: Array) -> None:
        squared = np.square(prediction - target, dtype=np.float64)
        errors.setdefault(name, []).append(float(np.sqrt(squared.mean()) / scale))

    steps = int(np.sort(lengths)[(len(lengths) - 1) // 2])
    for t, action in enumerate(actions[:steps]):
        running = lengths > t
        target = z[t + 1, running]
        uniform, normal = rng.random(size, np.float32), rng.standard_normal(size, np.float32)
        for name, (predicted, h, c) in rollouts.items():
            h, c = memory.step(z[t] if name == "one_step" else predicted, action, h, c)
            head_features = memory.head_features(h)
            if name == "dream":
                predicted = memory.sample(head_features, uniform, normal, temperature)
            else:
                predicted = memory.predict(head_features)
            rollouts[name] = predicted, h, c
            add(name, predicted[running], target)
        add("persistence", z[0, running], target)
        if len(lengths) > 1:
            add("shuffled", np.roll(target, 1, axis=0), target)
    return {name: np.array(values) for name, values in errors.items()}


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
    return memory.predict(memory.head_features(np.array(states)))
