"""A shuffle buffer: frames in random order, of which only a part is in memory."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.storage.frames import BLOCK_BYTES, FrameSubset, Numbers, block_length


class ShuffleBuffer:
    """Frames to be read again and again in random order, within a limit of memory.

    Frames that fit in memory are shuffled freely. Of larger sets, an order takes random blocks of
    consecutive frames, as many as fit in half of the memory, shuffles the frames of these blocks,
    and goes on with the next ones (compare tf.data's `Dataset.shuffle`).

    Args:
        frames: all frames.
        max_bytes: of the frames in memory.
    """

    def __init__(self, frames: FrameSubset, max_bytes: int) -> None:
        everything = np.arange(len(frames))
        fits = frames.nbytes <= max_bytes
        self._frames = FrameSubset(frames[:] if fits else _Cached(frames, max_bytes), everything)
        self._block = block_length(math.prod(frames.shape))
        blocks = max(1, max_bytes // (2 * BLOCK_BYTES))
        self._window = len(frames) if fits else blocks * self._block

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, numbers: Numbers) -> NDArray[np.uint8]:
        return self._frames[numbers]

    def order(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """The indices of all frames in random order, for one epoch."""
        numbers, window = np.arange(len(self)), self._window
        if len(self) > window:
            blocks = np.split(numbers, range(self._block, len(self), self._block))
            numbers = np.concatenate([blocks[block] for block in rng.permutation(len(blocks))])
        windows = np.split(numbers, range(window, len(self), window))
        return np.concatenate([rng.permutation(part) for part in windows])


class _Cached:
    """Frames behind a cache of the blocks that were read last."""

    def __init__(self, frames: FrameSubset, max_bytes: int) -> None:
        self.shape = (len(frames), *frames.shape)
        self._length = block_length(math.prod(frames.shape))
        starts = range(0, len(frames), self._length)
        self._block = lru_cache(max(1, max_bytes // BLOCK_BYTES))(
            lambda number: frames[starts[number] : starts[number] + self._length]
        )

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Numbers, /) -> NDArray[np.uint8]:
        blocks, rows_in_block = np.divmod(rows, self._length)
        frames = np.empty((len(rows), *self.shape[1:]), np.uint8)
        for number in np.unique(blocks):
            of_block = blocks == number
            frames[of_block] = self._block(int(number))[rows_in_block[of_block]]
        return frames
