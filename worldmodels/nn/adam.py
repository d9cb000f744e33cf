"""Adam (Kingma & Ba 2015, algorithm 1) on a flat vector of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from worldmodels.nn.parameters import Parameters

BETA1 = 0.9
BETA2 = 0.999
EPSILON = 1e-8


class Adam:
    """An optimiser that updates parameters in place.

    Args:
        parameters: updated by `step`.
        learning_rate: step size alpha.
        max_grad_norm: a longer gradient is scaled to this Euclidean norm; None for no clipping.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float, max_grad_norm: float | None = None
    ) -> None:
        self._parameters = parameters
        self._learning_rate = learning_rate
        self._max_grad_norm = max_grad_norm
        self._m = np.zeros_like(parameters.flat)  # first moment
        self._v = np.zeros_like(parameters.flat)  # second moment
        self._steps = 0

    def step(self, gradient: Parameters, lr_factor: float = 1.0) -> None:
        """One update with the learning rate times `lr_factor`; may overwrite the gradient."""
        g = gradient.flat
        if self._max_grad_norm is not None:
            norm = float(np.sqrt(g @ g))
            if norm > self._max_grad_norm:
                g *= self._max_grad_norm / norm
        self._steps += 1
        self._m += (1 - BETA1) * (g - self._m)
        self._v += (1 - BETA2) * (g * g - self._v)
        rate = lr_factor * self._learning_rate / (1 - BETA1**self._steps)
        root = np.sqrt(self._v / (1 - BETA2**self._steps))
        self._parameters.flat -= rate * self._m / (root + EPSILON)

    def state(self) -> dict[str, Any]:
        """The moments and the step count, which `restore` takes; the parameters are not in it."""
        return {"m": self._m.copy(), "v": self._v.copy(), "steps": self._steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue, bit for bit, from where `state` was taken."""
        self._m, self._v = state["m"].copy(), state["v"].copy()
        self._steps = state["steps"]
