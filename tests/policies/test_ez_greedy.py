"""Random actions are held for durations of a heavy tail, whose exponent each episode draws."""

from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace

from stages.collect import collect
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.policies.ez_greedy import MAX_HOLD, EZGreedyPolicy


def durations(actions):
    """How long each action of one row was held, but for the last one."""
    return np.diff(np.flatnonzero(np.diff(actions, prepend=np.inf)))


def played(rows, steps):
    policy = EZGreedyPolicy(1, np.random.default_rng(0))
    policy.reset(rows)
    return np.array([policy.act(np.zeros((rows, 1))) for _ in range(steps)])[:, :, 0].T


def test_an_action_is_held_for_n_steps_with_a_probability_that_falls_as_a_power_of_n():
    held = [durations(row) for row in played(400, 1500)]
    assert max(row.max() for row in held) == MAX_HOLD
    exponents = np.linspace(1, 3, 201)[:, None]
    weights = np.arange(1, MAX_HOLD + 1) ** -exponents
    weights /= weights.sum(axis=1, keepdims=True)
    for steps in (1, 2, 5, 10):
        share = np.mean([(row == steps).mean() for row in held])
        assert share == pytest.approx(weights[:, steps - 1].mean(), rel=0.15)


def test_some_episodes_hold_nearly_all_actions_briefly_and_others_many_for_long():
    means = [durations(row).mean() for row in played(400, 1500)]
    assert min(means) < 1.5
    assert max(means) > 6


def test_the_actions_of_a_row_do_not_depend_on_when_another_ends():
    def actions(dropped_after):
        policy = EZGreedyPolicy(1, np.random.default_rng(0))
        policy.reset(2)
        shown = []
        for step in range(40):
            if step == dropped_after:
                policy.keep(np.array([1]))
            shown.append(policy.act(np.zeros((2, 1)))[-1, 0])
        return shown

    assert actions(dropped_after=2) == actions(dropped_after=30)


def test_collect_records_its_actions(quick):
    task = make_task(quick.env)
    settings = replace(quick.collect, policy="ez_greedy", episodes=24, held_out_episodes=1)
    rollouts, result = collect(settings, task, RandomStreams(0, "collect"))
    assert "25 episodes of ez_greedy" in result.summary
    assert rollouts.actions.shape[1] == task.action_size
    held = np.concatenate(
        [durations(rollouts.actions[slice(*span), 0]) for span in pairwise(rollouts.first_step)]
    )
    assert (held == 1).any()
    assert held.max() > 5
