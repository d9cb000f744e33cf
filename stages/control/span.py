"""A search that reality pays for goes along few lines: those on which several Cs differ.

Wortsman et al. 2022 (model soups) mix what several runs have learned in equal parts; here
evolution finds the parts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Span(NamedTuple):
    """All mixtures of some genomes, whose parts add up to one and may be negative."""

    origin: Array  # (n,), their mean
    directions: Array  # (k, n), one across another, the longest first

    @classmethod
    def of(cls, genomes: Array) -> Span:
        """That of genomes (m, n): m - 1 directions at the most, each as long as their standard
        deviation along it, so that a step of 1 is an ordinary one.
        """
        origin = genomes.mean(axis=0)
        _, lengths, lines = np.linalg.svd(genomes - origin, full_matrices=False)
        told_apart = lengths > lengths[0] * 1e-9
        scaled = lines * lengths[:, None] / np.sqrt(len(genomes))
        return cls(origin, scaled[told_apart])

    def genomes(self, points: Array) -> Array:
        """(m, n): those at points (m, k)."""
        return self.origin + points @ self.directions
