import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from worldmodels.memory import sequences as module
from worldmodels.memory.sequences import (
    LatentSequences,
    PackedSequences,
    split_episodes,
    states_before,
    whole_episodes,
)
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


def split(latents: Latents, length: int, **options: float) -> LatentSequences:
    return split_episodes(latents, length, np.ones(len(latents.lengths), bool), **options)


def sample_all(sequences: LatentSequences, seed: int = 0) -> PackedSequences:
    return sequences.sample(np.arange(len(sequences)), np.random.default_rng(seed))


def by_sequence(column: NDArray[Any], batch_sizes: NDArray[np.intp]) -> list[list[float]]:
    """The rows of packed sequences, sequence by sequence, the longest first."""
    steps = np.split(column.ravel(), np.cumsum(batch_sizes)[:-1])
    return [
        [float(step[number]) for step in steps if number < len(step)]
        for number in range(batch_sizes[0])
    ]


def test_a_sequence_lies_within_one_episode_and_short_ends_are_dropped():
    sequences = sample_all(split(episodes([7, 12, 3]), 5))
    assert sequences.batch_sizes.tolist() == [3] * 5  # ends of 2, 2 and 3 steps are dropped
    assert by_sequence(sequences.z, sequences.batch_sizes) == [
        [0, 1, 2, 3, 4],
        [8, 9, 10, 11, 12],
        [13, 14, 15, 16, 17],
    ]
    assert by_sequence(sequences.actions, sequences.batch_sizes)[1] == [7, 8, 9, 10, 11]
    assert by_sequence(sequences.rewards, sequences.batch_sizes)[1] == [7, 8, 9, 10, 11]
    np.testing.assert_array_equal(sequences.z_next, sequences.z + 1)


def test_sequences_are_packed_with_the_longest_first():
    sequences = sample_all(split(episodes([4, 9]), 5))
    assert sequences.batch_sizes.tolist() == [3, 3, 3, 3, 1]
    assert by_sequence(sequences.z, sequences.batch_sizes) == [
        [5, 6, 7, 8, 9],
        [0, 1, 2, 3],
        [10, 11, 12, 13],
    ]
    assert {len(entry) for entry in sequences[:5]} == {13}
    np.testing.assert_array_equal(sequences.z_next, sequences.z + 1)


def test_done_is_1_only_at_the_last_step_of_a_terminated_episode():
    sequences = sample_all(split(episodes([9, 9, 5]), 5))  # the second is truncated
    assert by_sequence(sequences.dones, sequences.batch_sizes) == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
    ]


def test_episodes_that_are_all_too_short_are_refused():
    with pytest.raises(ValueError, match=r"^none of these episodes lasts 4 steps$"):
        split(episodes([3, 2]), 5)


def test_every_batch_samples_z_anew_and_each_frame_once():
    sequences = split(episodes([9, 9], logvar=0), 5)
    generator = rng()
    rows = np.arange(len(sequences))
    first, second = sequences.sample(rows, generator), sequences.sample(rows, generator)
    assert (first.z != second.z).all()
    for batch in (first, second):
        z, z_next = (by_sequence(column, batch.batch_sizes) for column in (batch.z, batch.z_next))
        assert [sequence[1:] for sequence in z] == [sequence[:-1] for sequence in z_next]
    np.testing.assert_array_equal(sample_all(sequences).z, first.z)


@pytest.mark.parametrize("factor", [1.0, 0.1, 0.0])
def test_z_has_a_share_of_the_standard_deviation_of_the_posterior(factor):
    latents = episodes([400], logvar=2 * np.log(3))
    mean = np.zeros_like(latents.mean)
    sequences = split(dataclasses.replace(latents, mean=mean), 400, z_noise_factor=factor)
    batch = sample_all(sequences)
    assert batch.z.dtype == np.float32
    assert batch.z.std() == pytest.approx(3 * factor, rel=0.1)


def test_a_deterministic_posterior_uses_no_random_numbers():
    sequences, generator = split(episodes([9, 9]), 5), rng()
    sequences.sample(np.arange(len(sequences)), generator)
    assert generator.bit_generator.state == rng().bit_generator.state


def test_chunks_have_all_sequences_and_evenly_spaced_ones_fit_in_a_chunk(monkeypatch):
    sequences = split(episodes([10] * 50), 5)
    assert len(sequences.chunks()) == 1
    np.testing.assert_array_equal(sequences.evenly_spaced(), np.arange(100))
    monkeypatch.setattr(module, "CHUNK_STEPS", 80)
    assert [len(chunk) for chunk in sequences.chunks()] == [16] * 6 + [4]
    np.testing.assert_array_equal(np.concatenate(sequences.chunks()), np.arange(100))
    chosen = sequences.evenly_spaced()
    assert (len(chosen), chosen[0], chosen[-1]) == (16, 0, 99)


def test_whole_episodes_take_the_mean_for_z():
    latents = episodes([3, 6, 5, 4], logvar=0)
    batch = sample_all(whole_episodes(latents, np.array([True, True, False, True])))
    assert by_sequence(batch.z, batch.batch_sizes) == [[4, 5, 6, 7, 8, 9], [17, 18, 19, 20]]


def test_the_state_before_a_step_is_that_after_the_step_before():
    batch_sizes = np.array([3, 2, 1])
    states = np.array([10, 20, 30, 11, 21, 12])[:, None]
    before = states_before(states, batch_sizes)
    assert by_sequence(before, batch_sizes) == [[0, 10, 11], [0, 20], [0]]
