"""What agents and dreams need of V and M, and checks that V, M, C and the environment fit."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Vision(Protocol):
    """V: maps observations (N, ...) of `pixels` numbers to z (N, Z)."""

    pixels: int
    z_size: int
    columns: int  # of an observation, that z has the numbers of one by one; 1: z has no places

    def encode(self, observations: Array) -> Array:
        """z (N, Z); the mean, if V predicts a distribution."""

    def posterior(self, observations: Array) -> tuple[Array, Array]:
        """Mean and log-variance of z, (N, Z) each."""

    def decode(self, z: Array) -> Array:
        """Observations (N, pixels) in [0, 1] of z (N, Z)."""


class Memory(Protocol):
    """M: maps z (N, Z), actions (N, A) and its state h, c (N, H) to the next state."""

    z_size: int
    action_size: int
    hidden_size: int
    columns: int  # of z, that it tells apart; 1: none

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c."""


class Imagination(Memory, Protocol):
    """An M that also predicts the next z, the reward and the episode's end, as dreams need."""

    def head_features(self, h: Array, z: Array, actions: Array) -> Array:
        """Input (N, R) of the output heads, given h after the step and z before it."""

    def sample(
        self, head_features: Array, z: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """A sample of the next z (N, Z), given z and noise (N, Z) in [0, 1) and ~ N(0, 1)."""

    def reward_and_done(self, head_features: Array) -> tuple[Array, Array]:
        """The reward of the step and the probability that it ends the episode, (N,) each."""


class PolicyState:
    """M's h and c of before the action, for a batch of episodes, and what C sees of them.

    Agents and dreams build C's features here, and nowhere else. (For recorded episodes
    `memory.sequences.sequence_features` does.)

    Args:
        h: (N, H).
        c: (N, H).
        with_c: whether C sees c, too.
    """

    def __init__(self, h: Array, c: Array, with_c: bool = False) -> None:
        self.h, self.c = h, c
        self._with_c = with_c

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self.h, self.c = self.h[rows], self.c[rows]

    def update(self, h: Array, c: Array) -> None:
        """Take M's h and c (N, H) after a step."""
        self.h, self.c = h, c

    def features(self, z: Array) -> Array:
        """C's features [z; h] (N, Z + H), or [z; c; h] (N, Z + 2H), given z (N, Z)."""
        return np.concatenate([z, self.c, self.h] if self._with_c else [z, self.h], axis=1)


def feature_counts(z_size: int, hidden_size: int) -> dict[str, int]:
    """The number of C's input features by `inputs`: "z" for z alone, "zh" for [z; h], "zch" for
    [z; c; h]. Because h has at least one number, each is another, and tells what a C takes.
    """
    return {"z": z_size, "zh": z_size + hidden_size, "zch": z_size + 2 * hidden_size}


def takes_c(features: int, memory: Memory) -> bool:
    """Whether a C of that many features takes M's c, and not only z and h."""
    return features == feature_counts(memory.z_size, memory.hidden_size)["zch"]


def observation_mismatch(vision: Vision, pixels: int, whose: str) -> str | None:
    """Why V cannot encode observations of that many pixels; None if it can."""
    if vision.pixels != pixels:
        return f"V was made for observations of {vision.pixels} pixels, but {whose} have {pixels}"
    return None


def mismatch(vision: Vision, memory: Memory, pixels: int, action_size: int) -> str | None:
    """Why V and M do not fit each other or the environment; None if they do."""
    if problem := observation_mismatch(vision, pixels, "the environment's"):
        return problem
    if memory.z_size != vision.z_size:
        return f"M was made for z of {memory.z_size} numbers, but V's has {vision.z_size}"
    if memory.columns not in (1, vision.columns):
        return f"M was made for z of {memory.columns} columns, but V's has {vision.columns}"
    if memory.action_size != action_size:
        return (
            f"M was made for actions of {memory.action_size} numbers, but the environment's have "
            f"{action_size}"
        )
    return None


def controller_mismatch(vision: Vision, memory: Memory, features: int, actions: int) -> str | None:
    """Why a controller with these numbers of inputs and outputs does not fit; None if it does."""
    counts = feature_counts(vision.z_size, memory.hidden_size)
    if features not in counts.values():
        return (
            f"C was made for {features} features, but z has {counts['z']}, "
            f"z and h together {counts['zh']}, and z, c and h {counts['zch']}"
        )
    if actions != memory.action_size:
        return (
            f"C was made for actions of {actions} numbers, but M for those of {memory.action_size}"
        )
    return None
