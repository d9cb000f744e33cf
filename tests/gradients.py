"""Finite differences, the judge of every gradient."""

from collections.abc import Callable

import numpy as np

from stages.nn.parameters import Parameters


def assert_gradient(
    loss: Callable[[], float], parameters: Parameters, gradient: Parameters, step: float = 1e-5
) -> None:
    """Every entry of the gradient is the central difference of the loss."""
    numeric = parameters.zeros_like()
    for entry in range(parameters.flat.size):
        value = parameters.flat[entry]
        parameters.flat[entry] = value + step
        above = loss()
        parameters.flat[entry] = value - step
        below = loss()
        parameters.flat[entry] = value
        numeric.flat[entry] = (above - below) / (2 * step)
    assert np.abs(numeric.flat).max() > 1e-4  # there is something to compare
    for name, expected in numeric.items():
        np.testing.assert_allclose(gradient[name], expected, rtol=1e-5, atol=1e-8, err_msg=name)
