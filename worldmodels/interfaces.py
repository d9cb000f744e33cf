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

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c."""


class Imagination(Memory, Protocol):
    """An M that also predicts the next z, the reward and the episode's end, as dreams need."""

    def head_features(self, h: Array) -> Array:
        """Input (N, R) of the output heads, given h after the step."""

    def sample(
        self, head_features: Array, z: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """A sample of the next z (N, Z), given z and noise (N, Z) in [0, 1) and ~ N(0, 1)."""

    def reward_and_done(self, head_features: Array) -> tuple[Array, Array]:
        """The reward of the step and the probability that it ends the episode, (N,) each."""


class PolicyState:
    """What C sees besides z, for a batch of episodes: h of before the action.

    Agents and dreams build C's features here, and nowhere else. (For recorded episodes
    `memory.sequences.sequence_features` does.)
    """

    def __init__(self, h: Array) -> None:
        self.h = h

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self.h = self.h[rows]

    def update(self, h: Array) -> None:
        """Take M's h (N, H) after a step."""
        self.h = h

    def features(self, z: Array) -> Array:
        """C's features [z; h] (N, Z + H), given z (N, Z)."""
        return np.concatenate([z, self.h], axis=1)


def feature_counts(vision: Vision, memory: Memory) -> dict[str, int]:
    """The number of C's input features by `inputs`: "z" for z alone, "zh" for [z; h]."""
    return {"z": vision.z_size, "zh": vision.z_size + memory.hidden_size}


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
    if memory.action_size != action_size:
        return (
            f"M was made for actions of {memory.action_size} numbers, but the environment's have "
            f"{action_size}"
        )
    return None


def controller_mismatch(vision: Vision, memory: Memory, features: int, actions: int) -> str | None:
    """Why a controller with these numbers of inputs and outputs does not fit; None if it does."""
    counts = feature_counts(vision, memory)
    if features not in counts.values():
        return (
            f"C was made for {features} features, but z has {counts['z']}, "
            f"z and h together {counts['zh']}"
        )
    if actions != memory.action_size:
        return (
            f"C was made for actions of {actions} numbers, but M for those of {memory.action_size}"
        )
    return None
