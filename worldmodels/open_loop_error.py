"""The error of M's open-loop rollouts, which see an episode's first z and then only its actions.

Beside it stands that of dreams from the same starts in which a policy acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.nn.parameters import Array


class OpenLoop(NamedTuple):
    """Open-loop rollouts beside what was recorded, after 1, 2, ... steps."""

    errors: Mapping[str, NDArray[np.float64]]  # of z, by predictor, (steps,)
    ended: NDArray[np.float64]  # (steps,), share of the sampled rollouts that M has ended by then


def open_loop_error(
    memory: RecurrentMemory,
    z: Array,
    actions: Array,
    lengths: NDArray[np.int64],
    temperature: float,
    seed: int,
) -> OpenLoop:
    """Root mean square errors of predicted z after 1, 2, ... steps, by predictor.

    They are divided by the root mean variance of z, and computed for as many steps as at least half
    of the episodes last.

    Args:
        memory: one M that predicts the ends of episodes. Its rollouts go on after them.
        z: (T + 1, B, Z) of B episodes; an episode of L steps has L + 1 of them.
        actions: (T, B, A) of the episodes.
        lengths: (B,), steps of each episode.
        temperature: of the sampled rollout.
        seed: of its noise.

    Returns:
        Errors of `dream` (a rollout that samples z), `mean_rollout` (one that takes M's
        mean for z), `persistence` (the first z for all steps), `shuffled` (the z of another
        episode; missing if there is one episode) and `one_step` (M's mean, given the observed z of
        every step).
    """
    rng = np.random.default_rng(seed)
    scale, size = _std(z, lengths), z.shape[1:]
    rollouts = {
        name: (z[0], *np.zeros((2, size[0], memory.hidden_size), np.float32))
        for name in ("dream", "mean_rollout", "one_step")
    }
    errors: dict[str, list[float]] = {}
    going_on = np.ones(size[0])  # the probability that M has not ended a dream yet
    ended = []

    def add(name: str, prediction: Array, target: Array) -> None:
        errors.setdefault(name, []).append(_rms(prediction - target) / scale)

    for t, action in enumerate(actions[: _median(lengths)]):
        running = lengths > t
        target = z[t + 1, running]
        uniform, normal = rng.random(size, np.float32), rng.standard_normal(size, np.float32)
        for name, (predicted, h, c) in rollouts.items():
            before = z[t] if name == "one_step" else predicted
            h, c = memory.step(before, action, h, c)
            head_features = memory.head_features(h, before, action)
            if name == "dream":
                predicted = memory.sample(head_features, before, uniform, normal, temperature)
                going_on *= 1 - memory.reward_and_done(head_features)[1]
                ended.append(1 - float(going_on[running].mean()))
            else:
                predicted = memory.predict(head_features, before)
            rollouts[name] = predicted, h, c
            add(name, predicted[running], target)
        add("persistence", z[0, running], target)
        if len(lengths) > 1:
            add("shuffled", np.roll(target, 1, axis=0), target)
    arrays = {name: np.array(values) for name, values in errors.items()}
    return OpenLoop(arrays, np.array(ended))


def closed_loop_error(
    dreams: Array,
    dream_lengths: NDArray[np.int64],
    z: Array,
    lengths: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The same errors (steps,) of dreams in which a policy acts, from the starts of the episodes.

    They are computed for as many steps as at least half of the pairs of dream and episode last.

    Args:
        dreams: z (any number of rows, B, Z) of B dreams.
        dream_lengths: (B,), steps of each dream.
        z: (T + 1, B, Z) of B episodes.
        lengths: (B,), steps of each episode.
    """
    scale, both = _std(z, lengths), np.minimum(dream_lengths, lengths)
    errors = [
        _rms(dreams[t, both >= t] - z[t, both >= t]) / scale for t in range(1, _median(both) + 1)
    ]
    return np.array(errors)


def _std(z: Array, lengths: NDArray[np.int64]) -> float:
    """The root mean variance of recorded z; 1 for a constant z."""
    recorded = np.arange(len(z))[:, None] <= lengths
    return float(np.sqrt(z[recorded].var(axis=0, dtype=np.float64).mean())) or 1.0


def _median(lengths: NDArray[np.int64]) -> int:
    """The steps that at least half of the episodes last."""
    return int(np.sort(lengths)[(len(lengths) - 1) // 2])


def _rms(differences: Array) -> float:
    return float(np.sqrt(np.square(differences, dtype=np.float64).mean()))
