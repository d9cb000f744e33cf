"""Pictures that are too many for memory."""

import numpy as np
import pytest
from tests.test_artifacts import rollouts

from stages.encode import encode, encode_parts
from stages.train_v import train_v
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents, RacingRollouts, Rollouts
from worldmodels.pipeline.storage.frames import BLOCK_BYTES, FrameSubset, block_length
from worldmodels.training.shuffle import ShuffleBuffer
from worldmodels.vision.autoencoder import Autoencoder

BLOCK = block_length(16)


@pytest.fixture
def frames():
    count = 10 * BLOCK
    column = np.arange(count).astype(">u8").view(np.uint8).reshape(count, 2, 4, 1)
    return FrameSubset(column.repeat(2, axis=1), np.arange(7, count - 7))


@pytest.mark.parametrize("memory", [1, 4 * BLOCK_BYTES, 100 * BLOCK_BYTES])
def test_an_order_has_every_number_once_and_gives_its_frames(frames, memory):
    deck = ShuffleBuffer(frames, memory)
    order = deck.order(np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(order), np.arange(len(frames)))
    some = order[: 3 * BLOCK : 100]
    np.testing.assert_array_equal(deck[some], frames[some])
    again = deck.order(np.random.default_rng(0))
    np.testing.assert_array_equal(order, again)


def test_an_order_goes_through_few_blocks_at_a_time_and_mixes_them(frames):
    order = ShuffleBuffer(frames, 4 * BLOCK_BYTES).order(np.random.default_rng(0))
    blocks = order[: 2 * BLOCK] // BLOCK
    assert len(np.unique(blocks)) <= 3
    assert (np.diff(blocks) != 0).mean() > 0.3
    assert len(np.unique(order // BLOCK)) == 10


def test_a_block_is_read_once_while_it_is_needed(frames):
    reads = []

    class Watched:
        shape = (len(frames), *frames.shape)

        def __len__(self):
            return self.shape[0]

        def __getitem__(self, rows):
            reads.append(len(rows))
            return frames[rows]

    deck = ShuffleBuffer(FrameSubset(Watched(), np.arange(len(frames))), 4 * BLOCK_BYTES)
    for batch in np.split(deck.order(np.random.default_rng(0)), range(64, len(frames), 64)):
        deck[batch]
    assert sum(reads) == len(frames)


@pytest.fixture
def stored(tmp_path):
    table = rollouts(observations=np.random.default_rng(3).integers(0, 256, (11, 4, 4, 1), "u1"))
    table.write(tmp_path / "r.h5")
    return table, Rollouts.read(tmp_path / "r.h5")


def test_rows_of_a_file_are_those_of_the_array(stored):
    table, read = stored
    assert not isinstance(read.observations, np.ndarray)
    for rows in (3, slice(2, 9), np.array([5, 1, 2, 10, 1]), np.array([], int)):
        np.testing.assert_array_equal(read.observations[rows], table.observations[rows])


def test_a_table_in_parts_is_the_whole_and_always_the_same_bytes(stored, tmp_path):
    table, read = stored
    for name in "ab":
        with RacingRollouts.appending(tmp_path / name) as append:
            for number in range(3):
                append(read.slice(number, number + 1))
    again = Rollouts.read(tmp_path / "a")
    for name in RacingRollouts.schema():
        np.testing.assert_array_equal(getattr(again, name)[:], getattr(table, name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_parts_hold_all_episodes_and_no_more_bytes_than_they_may(stored, monkeypatch):
    table, _ = stored
    assert table.spans() == [(0, 3)]
    monkeypatch.setattr("stages.artifacts.PART_BYTES", 16 * 6)
    assert table.spans() == [(0, 2), (2, 3)]
    monkeypatch.setattr("stages.artifacts.PART_BYTES", 1)
    assert table.spans() == [(0, 1), (1, 2), (2, 3)]


def test_stages_make_the_same_of_a_file_as_of_arrays(reference, quick, stored, monkeypatch):
    monkeypatch.setattr("stages.artifacts.PART_BYTES", 16 * 6)
    vision = Autoencoder.initial(16, 8, 3, np.random.default_rng(0))
    codes = [encode(reference.encode, table, vision) for table in stored]
    parts: list[Latents] = []
    report = encode_parts(reference.encode, stored[1], vision, parts.append)
    assert len(parts) == 2
    assert codes[0][1] == codes[1][1] == report
    np.testing.assert_array_equal(codes[0][0].mean, codes[1][0].mean)
    learned = [train_v(quick.train_v, table, RandomStreams(0, "train_v")) for table in stored]
    np.testing.assert_array_equal(*(vision.parameters.flat for vision, _ in learned))
    assert learned[0][1] == learned[1][1]
