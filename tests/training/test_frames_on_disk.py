"""Frames that are read from a file a part at a time, because they may not fit in memory."""

import numpy as np
import pytest

from stages.encode import encode, encode_parts
from stages.train_v import train_v
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents, RacingRollouts, Rollouts
from worldmodels.vision.autoencoder import Autoencoder

PART_BYTES = "worldmodels.pipeline.storage.artifacts.PART_BYTES"


@pytest.fixture
def stored(tmp_path):
    """Three episodes, as arrays and as read from a file."""
    rng = np.random.default_rng(3)
    table = RacingRollouts(
        lengths=np.array([3, 1, 4]),
        held_out=np.array([False, False, True]),
        round=np.array([0, 0, 1]),
        terminated=np.array([True, True, False]),
        lap_fraction=rng.random(3),
        observations=rng.integers(0, 256, (11, 4, 4, 1), np.uint8),
        states=rng.standard_normal((11, 4)),
        distances=rng.random(11),
        actions=rng.standard_normal((8, 2)).astype(np.float32),
        rewards=rng.standard_normal(8),
        radius=np.full(3, 8.0),
        harmonics=rng.standard_normal((3, 2, 3)),
        half_width=np.full(3, 1.4),
    )
    table.write(tmp_path / "r.h5")
    return table, Rollouts.read(tmp_path / "r.h5")


def test_rows_of_a_file_equal_those_of_the_array(stored):
    table, read = stored
    assert not isinstance(read.observations, np.ndarray)
    for rows in (3, slice(2, 9), np.array([5, 1, 2, 10, 1]), np.array([], int)):
        np.testing.assert_array_equal(read.observations[rows], table.observations[rows])


def test_a_table_that_is_appended_in_parts_equals_the_whole_and_has_the_same_bytes(
    stored, tmp_path
):
    table, read = stored
    for name in "ab":
        with RacingRollouts.appending(tmp_path / name) as append:
            for number in range(3):
                append(read.slice(number, number + 1))
    again = Rollouts.read(tmp_path / "a")
    for name in RacingRollouts.schema():
        np.testing.assert_array_equal(getattr(again, name)[:], getattr(table, name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_spans_cover_all_episodes_within_the_limit_of_bytes(stored, monkeypatch):
    table, _ = stored
    assert table.spans() == [(0, 3)]
    monkeypatch.setattr(PART_BYTES, 16 * 6)
    assert table.spans() == [(0, 2), (2, 3)]
    monkeypatch.setattr(PART_BYTES, 1)
    assert table.spans() == [(0, 1), (1, 2), (2, 3)]


def test_stages_give_the_same_results_for_a_file_and_for_arrays(
    reference, quick, stored, monkeypatch
):
    monkeypatch.setattr(PART_BYTES, 16 * 6)
    vision = Autoencoder.initial(16, 8, 3, np.random.default_rng(0))
    encoded = [encode(reference.encode, table, vision) for table in stored]
    parts: list[Latents] = []
    result = encode_parts(reference.encode, stored[1], vision, parts.append)
    assert len(parts) == 2
    assert encoded[0][1] == encoded[1][1] == result
    np.testing.assert_array_equal(encoded[0][0].mean, encoded[1][0].mean)
    trained = [train_v(quick.train_v, table, RandomStreams(0, "train_v")) for table in stored]
    np.testing.assert_array_equal(*(vision.parameters.flat for vision, _ in trained))
    assert trained[0][1] == trained[1][1]
