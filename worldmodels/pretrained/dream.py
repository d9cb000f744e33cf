"""Dreams of a trained agent: what M imagines when actions are given, or when C chooses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.interfaces import Imagination
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.pretrained.adapters import Array
from worldmodels.pretrained.models import PretrainedVision

Policy = Callable[..., Array]


class Dream(NamedTuple):
    """A dream of T steps, fewer if M ended it; of a batch, a second axis N counts its rows."""

    z: Array  # (T + 1, Z)
    pictures: NDArray[np.uint8]  # (T + 1, h, w, c), V's of z
    actions: Array  # (T, A), C's, clipped to [-1, 1]
    rewards: NDArray[np.float64]  # (T,), 0 after the end; NaN if this M predicts none
    done: NDArray[np.bool_]  # (T,), whether it has ended


class _WithoutRewards:
    """An M that predicts neither rewards nor ends, as a dream needs it."""

    def __init__(self, memory: RecurrentMemory) -> None:
        self.z_size, self.action_size = memory.z_size, memory.action_size
        self.hidden_size, self.columns = memory.hidden_size, memory.columns
        self.step, self.head_features = memory.step, memory.head_features
        self.sample = memory.sample

    def reward_and_done(self, head_features: Array) -> tuple[Array, Array]:
        """NaN, and a probability of 0."""
        rows = len(head_features)
        return np.full(rows, np.nan), np.zeros(rows)


def dream(
    vision: PretrainedVision,
    memory: Ensemble,
    start_states: StartStates,
    *,
    actions: ArrayLike | None,
    policy: Policy,
    steps: int,
    temperature: float,
    with_c: bool,
    single: bool,
) -> Dream:
    """A dream from each of the start states.

    Args:
        vision: V, which draws the pictures.
        memory: M.
        start_states: where dreams start, and the seed of their noise.
        actions: (T, A), or (T, N, A); None: `policy` chooses them.
        policy: takes z (N, Z) and h (N, H), and returns actions (N, A).
        steps: the longest dream, without `actions`.
        temperature: of the predictions.
        with_c: whether `policy` takes M's c (N, H), too, after z and h.
        single: whether there is but one, and its arrays are to have no axis for it.

    Raises:
        ValueError: actions are of another shape, or there is no step.
    """
    rows = len(start_states.z)
    given = None if actions is None else _actions(actions, rows, memory.action_size, single)
    steps = steps if given is None else len(given)
    members: list[Imagination] = [
        member if member.predicts_reward_done else _WithoutRewards(member)
        for member in memory.members
    ]
    env = DreamEnv(members, start_states, rows, steps, temperature, observe_c=with_c)
    cuts = [memory.z_size, memory.z_size + memory.hidden_size][: 1 + with_c]
    observations, _ = env.reset()
    all_z = [observations[:, : memory.z_size]]
    all_actions, all_rewards, all_done = list[Array](), list[Array](), list[Array]()
    for step in range(steps):
        z, *c, h = np.split(observations, cuts, axis=1)
        if given is None:
            chosen = _chosen(policy(z, h, *c), rows, memory.action_size)
        else:
            chosen = given[step]
        observations, rewards, terminated, _, _ = env.step(chosen)
        all_z.append(observations[:, : memory.z_size])
        all_actions.append(chosen)
        all_rewards.append(rewards)
        all_done.append(terminated)
        if terminated.all():
            break
    z = np.array(all_z)
    pictures = vision.decode(z.reshape(-1, memory.z_size))
    found = Dream(
        z=z,
        pictures=pictures.reshape(*z.shape[:2], *pictures.shape[1:]),
        actions=np.array(all_actions),
        rewards=np.array(all_rewards),
        done=np.array(all_done),
    )
    return Dream._make(array[:, 0] for array in found) if single else found


def _actions(actions: ArrayLike, rows: int, size: int, single: bool) -> Array:
    """Given actions as (T, N, A).

    Raises:
        ValueError: they are of another shape.
    """
    array = np.asarray(actions, np.float32)
    row = (size,) if single else (rows, size)
    if array.ndim != len(row) + 1 or array.shape[1:] != row or not len(array):
        axes = ", ".join(map(str, ("steps", *row)))
        raise ValueError(f"the actions of this dream should be ({axes}); found {array.shape}")
    return _clipped(array[:, None] if single else array)


def _chosen(actions: ArrayLike, rows: int, size: int) -> Array:
    """Actions (N, A) that a controller has returned.

    Raises:
        ValueError: they are of another shape, or not finite.
    """
    array = np.asarray(actions, np.float32)
    if array.shape != (rows, size):
        raise ValueError(
            f"a controller takes and returns batches, here actions ({rows}, {size}); found "
            f"{array.shape}"
        )
    return _clipped(array)


def _clipped(actions: Array) -> Array:
    """Actions clipped to [-1, 1], as environments do.

    Raises:
        ValueError: one is not finite.
    """
    if not np.isfinite(actions).all():
        raise ValueError("the actions of a dream should be finite numbers; found NaN or infinity")
    return np.clip(actions, -1, 1)
