"""Random streams: an independent generator for each stage and purpose, from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np


@dataclass(frozen=True)
class RandomStreams:
    """Independent random generators of a stage, one for each purpose.

    Example:
        >>> streams = RandomStreams(seed=0, stage="collect")
        >>> streams("policy").random() == streams("policy").random() != streams("tracks").random()
        True
    """

    seed: int
    stage: str

    def __call__(self, purpose: str) -> np.random.Generator:
        """A new generator; equal purposes give equal numbers, on every machine."""
        key = (crc32(self.stage.encode()), crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
