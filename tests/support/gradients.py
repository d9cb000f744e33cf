"""Gradients, checked against finite differences."""

from collections.abc import Callable

import numpy as np

from worldmodels.nn.parameters import Parameters


def assert_gradient(
    loss: Callable[[], float],
    parameters: Parameters,
    gradient: Parameters,
    step: float = 1e-5,
    sample: int | None = None,
) -> None:
    """Every entry of the gradient is the central difference of the loss.

    If `sample` is given, only that many entries of each array are compared, drawn at random.
    """
    largest = 0.0
    for name, array in parameters.items():
        entries, analytic = array.reshape(-1), gradient[name].reshape(-1)
        chosen = np.arange(entries.size)
        if sample is not None and sample < entries.size:
            chosen = np.random.default_rng(0).choice(entries.size, sample, replace=False)
        numeric = np.empty(len(chosen))
        for number, entry in enumerate(chosen):
            value = entries[entry]
            entries[entry] = value + step
            above = loss()
            entries[entry] = value - step
            below = loss()
            entries[entry] = value
            numeric[number] = (above - below) / (2 * step)
        np.testing.assert_allclose(analytic[chosen], numeric, rtol=1e-5, atol=1e-8, err_msg=name)
        largest = max(largest, np.abs(numeric).max())
    assert largest > 1e-4  # there is something to compare
