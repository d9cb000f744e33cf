"""Open-loop policies: each row plays its sequence, round and round, whatever other rows do."""

import numpy as np

from worldmodels.policies.action_sequences import ActionSequences


def played(policy, steps):
    return [policy.act(np.zeros((1, 2)))[:, 0].tolist() for _ in range(steps)]


def sequence(*numbers):
    return np.array(numbers, np.float32)[:, None]


def test_a_row_plays_its_sequence_and_then_begins_anew():
    policy = ActionSequences([sequence(1, 2, 3), sequence(7)])
    policy.reset(3)
    assert played(policy, 5) == [[1, 7, 1], [2, 7, 2], [3, 7, 3], [1, 7, 1], [2, 7, 2]]
    policy.reset(1)
    assert played(policy, 2) == [[1], [2]]


def test_a_row_goes_on_where_it_was_when_another_ends():
    policy = ActionSequences([sequence(1, 2, 3, 4), sequence(5, 6), sequence(9)])
    policy.reset(3)
    assert played(policy, 1) == [[1, 5, 9]]
    policy.keep(np.array([0, 1]))
    assert played(policy, 2) == [[2, 6], [3, 5]]
    policy.keep(np.array([1]))
    assert played(policy, 1) == [[6]]


def test_actions_are_of_any_size():
    policy = ActionSequences([np.eye(2, dtype=np.float32)])
    policy.reset(2)
    np.testing.assert_array_equal(policy.act(np.zeros((2, 4))), [[1, 0], [1, 0]])
