"""What an agent needs of V and M, and whether those at hand fit each other and the world."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]


class Vision(Protocol):
    """A V: pictures (N, ...) of so many pixels to z (N, Z)."""

    pixels: int
    z_size: int

    def encode(self, observations: Array) -> Array:
        """What is seen, compressed."""

    def posterior(self, observations: Array) -> tuple[Array, Array]:
        """The same, z (N, Z), and the log of the variance of each number, (N, Z)."""

    def decode(self, z: Array) -> Array:
        """z (N, Z) as pictures (N, pixels) in [0, 1]."""


class Memory(Protocol):
    """An M: z (N, Z), actions (N, A) and the state h, c (N, H) to the next state."""

    z_size: int
    action_size: int
    hidden_size: int

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c."""


class Imagination(Memory, Protocol):
    """An M that one can dream with."""

    def head_features(self, h: Array) -> Array:
        """What all is said of (N, R)."""

    def sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """A next z (N, Z), by noise (N, Z) in [0, 1), and from N(0, 1)."""

    def reward_and_done(self, head_features: Array) -> tuple[Array, Array]:
        """What the step earned, and the probability that it was the last, (N,) each."""


def feature_counts(vision: Vision, memory: Memory) -> dict[str, int]:
    """How many numbers a controller sees, by the name of its inputs: z alone, or [z; h]."""
    return {"z": vision.z_size, "zh": vision.z_size + memory.hidden_size}


def observation_mismatch(vision: Vision, pixels: int, whose: str) -> str | None:
    """Why this V cannot look at pictures of so many pixels; None if it can."""
    if vision.pixels != pixels:
        return f"V was made for pictures of {vision.pixels} pixels, but {whose} have {pixels}"
    return None


def mismatch(vision: Vision, memory: Memory, pixels: int, action_size: int) -> str | None:
    """Why these V and M cannot drive together where that is seen and done; None if they can."""
    if problem := observation_mismatch(vision, pixels, "the world's"):
        return problem
    if memory.z_size != vision.z_size:
        return f"M was made for z of {memory.z_size} numbers, but V's has {vision.z_size}"
    if memory.action_size != action_size:
        return f"M was made for {memory.action_size} actions, but the world takes {action_size}"
    return None


def controller_mismatch(vision: Vision, memory: Memory, features: int, actions: int) -> str | None:
    """Why a controller of these sizes cannot drive with these V and M; None if it can."""
    counts = feature_counts(vision, memory)
    if features not in counts.values():
        return (
            f"C was made for {features} features, but z has {counts['z']}, "
            f"z and h together {counts['zh']}"
        )
    if actions != memory.action_size:
        return f"C was made for {actions} actions, but M for {memory.action_size}"
    return None
