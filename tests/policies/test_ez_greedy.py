"""Random actions are held for durations of a heavy tail, by row, and no longer than an episode."""

from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace

from stages.collect import collect
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.policies.ez_greedy import EZGreedyPolicy


def durations(actions):
    """How long each action of one row was held, but for the last one."""
    return np.diff(np.flatnonzero(np.diff(actions, prepend=np.inf)))


def played(max_hold, rows, steps):
    policy = EZGreedyPolicy(1, max_hold, np.random.default_rng(0))
    policy.reset(rows)
    return np.array([policy.act(np.zeros((rows, 1))) for _ in range(steps)])[:, :, 0]


def test_an_action_is_held_for_n_steps_with_a_probability_that_falls_as_n_squared():
    for row in played(100, 2, 20_000).T:
        held = durations(row)
        for steps in (1, 2, 5):
            share = (held == steps).mean()
            assert share == pytest.approx(6 / (np.pi * steps) ** 2, rel=0.25)
        assert held.max() == 100
        assert held[held >= 10].sum() > len(row) / 3  # most actions are short, and yet


def test_no_action_outlasts_the_limit():
    assert max(durations(row).max() for row in played(7, 3, 5000).T) == 7


def test_collect_records_its_actions(quick):
    task = make_task(quick.env)
    settings = replace(quick.collect, policy="ez_greedy", episodes=24, held_out_episodes=1)
    rollouts, result = collect(settings, task, RandomStreams(0, "collect"))
    assert "25 episodes of ez_greedy" in result.summary
    first = rollouts.first_step
    held = [durations(rollouts.actions[start:stop, 0]) for start, stop in pairwise(first)]
    assert rollouts.actions.shape[1] == task.action_size
    assert (np.concatenate(held) == 1).any()
    assert np.concatenate(held).max() > 5
