"""Adam (Kingma & Ba 2015, algorithm 1) on a flat vector of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from worldmodels.nn.parameters import Parameters

BETA1 = 0.9
BETA2 = 0.999
EPSILON = 1e-8


class Adam:
    """Moves parameters against their gradient, in place.

    Args:
        parameters: what to move.
        learning_rate: step size alpha.
        max_grad_norm: a longer gradient is shortened to this Euclidean length; None for never.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float, max_grad_norm: float | None = None
    ) -> None:
        self._parameters = parameters
        self._learning_rate = learning_rate
        self._clip_norm = max_grad_norm
        self._first = np.zeros_like(parameters.flat)  # m
        self._second = np.zeros_like(parameters.flat)  # v
        self._steps = 0

    def step(self, gradient: Parameters, share: float = 1.0) -> None:
        """One update, by a share of the learning rate; `gradient` is used up."""
        g = gradient.flat
        if self._clip_norm is not None:
            norm = float(np.sqrt(g @ g))
            if norm > self._clip_norm:
                g *= self._clip_norm / norm
        self._steps += 1
        self._first += (1 - BETA1) * (g - self._first)
        self._second += (1 - BETA2) * (g * g - self._second)
        rate = share * self._learning_rate / (1 - BETA1**self._steps)
        root = np.sqrt(self._second / (1 - BETA2**self._steps))
        self._parameters.flat -= rate * self._first / (root + EPSILON)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on bit for bit; the parameters are not in it."""
        return {
            "first": self._first.copy(),
            "second": self._second.copy(),
            "steps": self._steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
        self._first, self._second = state["first"].copy(), state["second"].copy()
        self._steps = state["steps"]
