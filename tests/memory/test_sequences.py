import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from worldmodels.memory import sequences as room
from worldmodels.memory.sequences import LatentSequences, PackedSequences, cut
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import Latents


def episodes(lengths: list[int], logvar: float = -100) -> Latents:
    frames, steps = sum(lengths) + len(lengths), sum(lengths)
    return Latents(
        lengths=np.array(lengths),
        terminated=np.arange(len(lengths)) % 2 == 0,
        held_out=np.zeros(len(lengths), bool),
        round=np.zeros(len(lengths), int),
        mean=np.arange(frames, dtype=np.float32)[:, None],
        logvar=np.full((frames, 1), logvar, np.float32),
        actions=np.arange(steps, dtype=np.float32)[:, None],
        rewards=np.arange(steps, dtype=np.float64),
    )


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def everything(sequences: LatentSequences, seed: int = 0) -> PackedSequences:
    return sequences.sample(np.arange(len(sequences)), np.random.default_rng(seed))


def by_piece(column: NDArray[Any], batch_sizes: NDArray[np.intp]) -> list[list[float]]:
    """The rows of packed pieces, piece by piece, the longest first."""
    steps = np.split(column.ravel(), np.cumsum(batch_sizes)[:-1])
    return [
        [float(step[piece]) for step in steps if piece < len(step)]
        for piece in range(batch_sizes[0])
    ]


def test_pieces_are_cut_from_one_episode_and_short_ends_are_dropped():
    sequences = everything(cut(episodes([7, 12, 3]), 5, held_out=False))
    assert sequences.batch_sizes.tolist() == [3] * 5  # ends of 2, 2 and 3 steps are dropped
    assert by_piece(sequences.z, sequences.batch_sizes) == [
        [0, 1, 2, 3, 4],
        [8, 9, 10, 11, 12],
        [13, 14, 15, 16, 17],
    ]
    assert by_piece(sequences.actions, sequences.batch_sizes)[1] == [7, 8, 9, 10, 11]
    assert by_piece(sequences.rewards, sequences.batch_sizes)[1] == [7, 8, 9, 10, 11]
    np.testing.assert_array_equal(sequences.z_next, sequences.z + 1)


def test_pieces_of_many_lengths_are_packed_with_the_longest_first():
    sequences = everything(cut(episodes([4, 9]), 5, held_out=False))
    assert sequences.batch_sizes.tolist() == [3, 3, 3, 3, 1]
    assert by_piece(sequences.z, sequences.batch_sizes) == [
        [5, 6, 7, 8, 9],
        [0, 1, 2, 3],
        [10, 11, 12, 13],
    ]
    assert {len(entry) for entry in sequences[:-1]} == {13}
    np.testing.assert_array_equal(sequences.z_next, sequences.z + 1)


def test_an_episode_ends_once_and_only_where_the_car_is_lost():
    sequences = everything(
        cut(episodes([9, 9, 5]), 5, held_out=False)
    )  # the second is cut off by time
    assert by_piece(sequences.dones, sequences.batch_sizes) == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
    ]


def test_no_piece_at_all_is_said_in_words():
    with pytest.raises(UserError, match=r"^collect.episodes: none of these episodes lasts 4 steps"):
        cut(episodes([3, 2]), 5, held_out=False)


def test_z_is_drawn_anew_each_time_and_a_frame_only_once():
    sequences = cut(episodes([9, 9], logvar=0), 5, held_out=False)
    generator = rng()
    rows = np.arange(len(sequences))
    first, second = sequences.sample(rows, generator), sequences.sample(rows, generator)
    assert (first.z != second.z).all()
    for batch in (first, second):
        seen, seen_next = (
            by_piece(column, batch.batch_sizes) for column in (batch.z, batch.z_next)
        )
        assert [piece[1:] for piece in seen] == [piece[:-1] for piece in seen_next]
    np.testing.assert_array_equal(everything(sequences).z, first.z)


def test_z_is_drawn_as_wide_as_v_says():
    latents = episodes([400], logvar=2 * np.log(3))
    mean = np.zeros_like(latents.mean)
    drawn = everything(cut(dataclasses.replace(latents, mean=mean), 400, held_out=False))
    assert drawn.z.dtype == np.float32
    assert drawn.z.std() == pytest.approx(3, rel=0.1)


def test_nothing_is_drawn_for_certain_codes():
    sequences, generator = cut(episodes([9, 9]), 5, held_out=False), rng()
    sequences.sample(np.arange(len(sequences)), generator)
    assert generator.bit_generator.state == rng().bit_generator.state


def test_parts_are_all_pieces_and_what_is_spread_is_some(monkeypatch):
    sequences = cut(episodes([10] * 50), 5, held_out=False)
    assert len(sequences.parts()) == 1
    np.testing.assert_array_equal(sequences.spread(), np.arange(100))
    monkeypatch.setattr(room, "STEPS_AT_ONCE", 80)
    assert [len(part) for part in sequences.parts()] == [16] * 6 + [4]
    np.testing.assert_array_equal(np.concatenate(sequences.parts()), np.arange(100))
    chosen = sequences.spread()
    assert (len(chosen), chosen[0], chosen[-1]) == (16, 0, 99)
