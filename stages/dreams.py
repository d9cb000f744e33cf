"""Where dreams begin: at what V made of the first frames of real episodes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Latents


class Night(NamedTuple):
    """What all candidates dream: dream i begins at starts[i]."""

    starts: NDArray[np.float32]  # (dreams, Z)
    seed: int  # of what happens in them


class Nights:
    """Draws nights from episodes that were, or were not, held out.

    Args:
        latents: the episodes as V sees them.
        held_out: which of them.
    """

    def __init__(self, latents: Latents, *, held_out: bool) -> None:
        chosen = latents.held_out == held_out
        self._starts = latents.mean[latents.first_frame[:-1][chosen]]

    def draw(self, episodes: int, rng: np.random.Generator) -> Night:
        """So many dreams."""
        starts = self._starts[rng.integers(len(self._starts), size=episodes)]
        return Night(starts, int(rng.integers(2**63)))
