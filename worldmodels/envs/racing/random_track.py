"""Roads that nobody has seen: drawn from ranges, again and again until one is a road."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from worldmodels.envs.racing.track import Track

Range = tuple[float, float]  # from, to; drawn evenly between
MOST_TRIES = 100  # before the ranges are held to be wrong


def random_track(
    radius: Range,
    harmonics: Sequence[tuple[int, Range]],
    half_width: Range,
    rng: np.random.Generator,
) -> Track:
    """A track with numbers drawn evenly from ranges; see `Track` for their meaning.

    A harmonic is its order and the range of its amplitude; its phase may be any.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> track = random_track((8, 8), [(2, (0.5, 1.5)), (3, (0, 1))], (1.2, 1.4), rng)
        >>> 1.2 <= track.half_width <= 1.4
        True

    Raises:
        ValueError: MOST_TRIES roads in a row left the grid or crossed themselves.
    """
    for _ in range(MOST_TRIES):
        terms = [
            (order, rng.uniform(*amplitude), rng.uniform(0, 2 * np.pi))
            for order, amplitude in harmonics
        ]
        try:
            return Track(rng.uniform(*radius), terms, rng.uniform(*half_width))
        except ValueError as error:
            last = error
    raise ValueError(f"none of {MOST_TRIES} roads drawn from these ranges is one; the last: {last}")
