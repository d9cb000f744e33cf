import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from worldmodels.memory import sequences as room
from worldmodels.memory.sequences import CodedPieces, Pieces, cut
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


def everything(pieces: CodedPieces, seed: int = 0) -> Pieces:
    return pieces.sampled(np.arange(len(pieces)), np.random.default_rng(seed))


def by_piece(column: NDArray[Any], running: NDArray[np.intp]) -> list[list[float]]:
    """The rows of packed pieces, piece by piece, the longest first."""
    steps = np.split(column.ravel(), np.cumsum(running)[:-1])
    return [
        [float(step[piece]) for step in steps if piece < len(step)] for piece in range(running[0])
    ]


def test_pieces_are_cut_from_one_episode_and_short_ends_are_dropped():
    pieces = everything(cut(episodes([7, 12, 3]), 5, held_out=False))
    assert pieces.running.tolist() == [3] * 5  # ends of 2, 2 and 3 steps are dropped
    assert by_piece(pieces.z, pieces.running) == [
        [0, 1, 2, 3, 4],
        [8, 9, 10, 11, 12],
        [13, 14, 15, 16, 17],
    ]
    assert by_piece(pieces.actions, pieces.running)[1] == [7, 8, 9, 10, 11]
    assert by_piece(pieces.rewards, pieces.running)[1] == [7, 8, 9, 10, 11]
    np.testing.assert_array_equal(pieces.z_next, pieces.z + 1)


def test_pieces_of_many_lengths_are_packed_with_the_longest_first():
    pieces = everything(cut(episodes([4, 9]), 5, held_out=False))
    assert pieces.running.tolist() == [3, 3, 3, 3, 1]
    assert by_piece(pieces.z, pieces.running) == [[5, 6, 7, 8, 9], [0, 1, 2, 3], [10, 11, 12, 13]]
    assert {len(entry) for entry in pieces[:-1]} == {13}
    np.testing.assert_array_equal(pieces.z_next, pieces.z + 1)


def test_an_episode_ends_once_and_only_where_the_car_is_lost():
    pieces = everything(
        cut(episodes([9, 9, 5]), 5, held_out=False)
    )  # the second is cut off by time
    assert by_piece(pieces.ends, pieces.running) == [
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
    pieces = cut(episodes([9, 9], logvar=0), 5, held_out=False)
    generator = rng()
    rows = np.arange(len(pieces))
    first, second = pieces.sampled(rows, generator), pieces.sampled(rows, generator)
    assert (first.z != second.z).all()
    for batch in (first, second):
        seen, seen_next = (by_piece(column, batch.running) for column in (batch.z, batch.z_next))
        assert [piece[1:] for piece in seen] == [piece[:-1] for piece in seen_next]
    np.testing.assert_array_equal(everything(pieces).z, first.z)


def test_z_is_drawn_as_wide_as_v_says():
    latents = episodes([400], logvar=2 * np.log(3))
    mean = np.zeros_like(latents.mean)
    drawn = everything(cut(dataclasses.replace(latents, mean=mean), 400, held_out=False))
    assert drawn.z.dtype == np.float32
    assert drawn.z.std() == pytest.approx(3, rel=0.1)


def test_nothing_is_drawn_for_certain_codes():
    pieces, generator = cut(episodes([9, 9]), 5, held_out=False), rng()
    pieces.sampled(np.arange(len(pieces)), generator)
    assert generator.bit_generator.state == rng().bit_generator.state


def test_parts_are_all_pieces_and_what_is_spread_is_some(monkeypatch):
    pieces = cut(episodes([10] * 50), 5, held_out=False)
    assert len(pieces.parts()) == 1
    np.testing.assert_array_equal(pieces.spread(), np.arange(100))
    monkeypatch.setattr(room, "STEPS_AT_ONCE", 80)
    assert [len(part) for part in pieces.parts()] == [16] * 6 + [4]
    np.testing.assert_array_equal(np.concatenate(pieces.parts()), np.arange(100))
    chosen = pieces.spread()
    assert (len(chosen), chosen[0], chosen[-1]) == (16, 0, 99)
