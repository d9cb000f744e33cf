"""Random tracks: parameters are drawn from ranges until they make a valid track."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from worldmodels.envs.racing.track import Track

UniformRange = tuple[float, float]  # from, to
MAX_TRIES = 100  # draws in a row without a valid track, before the ranges are rejected


def random_track(
    radius: UniformRange,
    harmonics: Sequence[tuple[int, UniformRange]],
    half_width: UniformRange,
    rng: np.random.Generator,
) -> Track:
    """A track whose parameters are drawn uniformly from ranges; see `Track` for their meaning.

    A harmonic is given by its order and the range of its amplitude; its phase is drawn from
    [0, 2 pi).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> track = random_track((8, 8), [(2, (0.5, 1.5)), (3, (0, 1))], (1.2, 1.4), rng)
        >>> 1.2 <= track.half_width <= 1.4
        True

    Raises:
        ValueError: MAX_TRIES roads in a row left the grid or touched themselves.
    """
    for _ in range(MAX_TRIES):
        terms = [
            (order, rng.uniform(*amplitude), rng.uniform(0, 2 * np.pi))
            for order, amplitude in harmonics
        ]
        try:
            return Track(rng.uniform(*radius), terms, rng.uniform(*half_width))
        except ValueError as error:
            last = error
    raise ValueError(
        f"none of {MAX_TRIES} tracks drawn from these ranges is valid; the last one: {last}"
    )
