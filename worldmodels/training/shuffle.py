"""TODO."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.storage.frames import BLOCK_BYTES, FrameSubset, Numbers, block_length


class ShuffleBuffer:
    """Frames to go through again and again in random order, with few of them in memory.

    If they are more than that, an order goes through blocks of neighbours that are drawn at random,
    as many as fit in half of the memory, shuffled; and then through others.

    Args:
        frames: what to draw from.
        most_bytes: of the frames in memory.
    """

    def __init__(self, frames: FrameSubset, most_bytes: int) -> None:
        everything = np.arange(len(frames))
        fits = frames.nbytes <= most_bytes
        self._frames = FrameSubset(frames[:] if fits else _Cached(frames, most_bytes), everything)
        self._block = block_length(math.prod(frames.shape))
        blocks = max(1, most_bytes // (2 * BLOCK_BYTES))
        self._window = len(frames) if fits else blocks * self._block

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, numbers: Numbers) -> NDArray[np.uint8]:
        return self._frames[numbers]

    def order(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """All numbers, each once."""
        numbers, window = np.arange(len(self)), self._window
        if len(self) > window:
            blocks = np.split(numbers, range(self._block, len(self), self._block))
            numbers = np.concatenate([blocks[drawn] for drawn in rng.permutation(len(blocks))])
        windows = np.split(numbers, range(window, len(self), window))
        return np.concatenate([rng.permutation(part) for part in windows])


class _Cached:
    """Remembers the blocks that were asked for last."""

    def __init__(self, frames: FrameSubset, most_bytes: int) -> None:
        self.shape = (len(frames), *frames.shape)
        self._length = block_length(math.prod(frames.shape))
        starts = range(0, len(frames), self._length)
        self._block = lru_cache(max(1, most_bytes // BLOCK_BYTES))(
            lambda number: frames[starts[number] : starts[number] + self._length]
        )

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Numbers, /) -> NDArray[np.uint8]:
        blocks, places = np.divmod(rows, self._length)
        found = np.empty((len(rows), *self.shape[1:]), np.uint8)
        for number in np.unique(blocks):
            here = blocks == number
            found[here] = self._block(int(number))[places[here]]
        return found
