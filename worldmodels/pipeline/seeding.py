"""Where every random number comes from: one seed, the stage that asks, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np


@dataclass(frozen=True)
class RandomStreams:
    """Independent generators, one a purpose.

    Example:
        >>> streams = Streams(seed=0, stage="collect")
        >>> streams("policy").random() == streams("policy").random() != streams("tracks").random()
        True
    """

    seed: int
    stage: str

    def __call__(self, purpose: str) -> np.random.Generator:
        """A fresh generator; the same words give the same numbers, on every machine."""
        key = (crc32(self.stage.encode()), crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
