import numpy as np
import pytest

from worldmodels.pipeline.storage.frames import BLOCK_BYTES, FrameSubset, block_length
from worldmodels.training.shuffle import ShuffleBuffer

BLOCK = block_length(16)


def rng():
    return np.random.default_rng(0)


@pytest.fixture
def frames():
    count = 10 * BLOCK
    array = np.arange(count).astype(">u8").view(np.uint8).reshape(count, 2, 4, 1)
    return FrameSubset(array.repeat(2, axis=1), np.arange(7, count - 7))


@pytest.mark.parametrize("max_bytes", [1, 4 * BLOCK_BYTES, 100 * BLOCK_BYTES])
def test_an_order_has_every_index_once_and_selects_its_frames(frames, max_bytes):
    buffer = ShuffleBuffer(frames, max_bytes)
    order = buffer.order(rng())
    np.testing.assert_array_equal(np.sort(order), np.arange(len(frames)))
    some = order[: 3 * BLOCK : 100]
    np.testing.assert_array_equal(buffer[some], frames[some])
    np.testing.assert_array_equal(order, buffer.order(rng()))


def test_an_order_mixes_few_blocks_at_a_time(frames):
    order = ShuffleBuffer(frames, 4 * BLOCK_BYTES).order(rng())
    blocks = order[: 2 * BLOCK] // BLOCK
    assert len(np.unique(blocks)) <= 3
    assert (np.diff(blocks) != 0).mean() > 0.3
    assert len(np.unique(order // BLOCK)) == 10


def test_every_block_is_read_once_an_epoch(frames):
    reads = []

    class RecordedReads:
        shape = (len(frames), *frames.shape)

        def __len__(self):
            return self.shape[0]

        def __getitem__(self, rows):
            reads.append(len(rows))
            return frames[rows]

    buffer = ShuffleBuffer(FrameSubset(RecordedReads(), np.arange(len(frames))), 4 * BLOCK_BYTES)
    for batch in np.split(buffer.order(rng()), range(64, len(frames), 64)):
        buffer[batch]
    assert sum(reads) == len(frames)
