"""A linear probe: how well a linear regression reads a quantity off features that a network has.

G. Alain and Y. Bengio, "Understanding intermediate layers using linear classifier probes" (2016).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

PROBE_RIDGE = 1e-4  # of the squared weights of standardised features, a training row


def linear_probe(
    features: ArrayLike, targets: ArrayLike, held_out: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """R^2 (T,) of each target on the held-out rows, of a ridge regression on all other rows.

    It is 1 where a target is a linear function of the features, 0 where they say no more than the
    target's mean over the held-out rows, and negative where they mislead.

    Args:
        features: (N, F).
        targets: (N, T).
        held_out: (N,), the rows to score on.

    Raises:
        ValueError: no row is held out, or all are, or a target is the same in all held-out rows.
    """
    x, y = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    if held_out.all() or not held_out.any():
        raise ValueError("a probe needs rows to learn from, and others that are held out")
    train, test = ~held_out, held_out
    total = ((y[test] - y[test].mean(axis=0)) ** 2).sum(axis=0)
    if not total.all():
        raise ValueError(
            f"target {int(np.argmin(total))} is the same in all held-out rows, so that there is "
            "nothing to explain"
        )
    std = x[train].std(axis=0)
    scaled = (x - x[train].mean(axis=0)) / np.where(std > 0, std, 1)
    known, mean = scaled[train], y[train].mean(axis=0)
    penalty = PROBE_RIDGE * len(known) * np.eye(x.shape[1])
    weights = np.linalg.solve(known.T @ known + penalty, known.T @ (y[train] - mean))
    residual = y[test] - (scaled[test] @ weights + mean)
    r_squared: NDArray[np.float64] = 1 - (residual**2).sum(axis=0) / total
    return r_squared
