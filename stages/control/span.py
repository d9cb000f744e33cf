"""A search that reality pays for goes along few lines: those along which several Cs differ.

Wortsman et al. 2022 (model soups) mix what several runs have learned in equal parts, or take what
helps in turn; here evolution finds the parts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

APART = 1e-9  # of the largest number: genomes that differ by less are the same, but for rounding


class Span(NamedTuple):
    """All mixtures of some genomes: their parts add up to one, and may be negative."""

    mixed: Array  # (m, n), the genomes
    directions: Array  # (k, m), what a step along each adds to their parts

    @classmethod
    def of(cls, genomes: Array) -> Span:
        """That of genomes (m, n), around their mean.

        Its k < m directions are across one another, the longest first; a step of 1 along one is as
        long as the genomes' standard deviation along it, so that it is an ordinary one.
        """
        parts, lengths, _ = np.linalg.svd(genomes - genomes.mean(axis=0), full_matrices=False)
        directions = parts.T / np.sqrt(len(genomes))
        return cls(genomes, directions[lengths > APART * np.abs(genomes).max()])

    def point(self, number: int) -> Array:
        """(k,): where genome `number` is."""
        return len(self.mixed) * self.directions[:, number]

    def parts(self, points: Array) -> Array:
        """(p, m): how much of each genome there is in points (p, k)."""
        return 1 / len(self.mixed) + points @ self.directions

    def genomes(self, points: Array) -> Array:
        """(p, n): the mixtures that points (p, k) stand for."""
        return self.parts(points) @ self.mixed
