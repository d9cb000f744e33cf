"""Any Gymnasium environment with pictures as a vector environment, and its task."""

import gc

import numpy as np
import pytest

pytest.importorskip("gymnasium", reason="needs requirements-carracing.txt")

from tests.support import point_env
from tests.support.gymnasium_params import BOX, DISCRETE, gymnasium_params
from tests.support.zero_policy import ZeroPolicy
from worldmodels.envs.gymnasium.env import to_action
from worldmodels.envs.gymnasium.task import GymnasiumTask
from worldmodels.pipeline.config.env_params import GymnasiumView
from worldmodels.rollout.loop import recorded_rollout, rollout


def make(seeds, num_envs=None, **changes):
    return GymnasiumTask(gymnasium_params(**changes)).make_env(seeds, num_envs or len(seeds))


@pytest.mark.parametrize("name", [BOX, DISCRETE])
def test_an_episode_depends_on_its_seed_and_actions_alone(name):
    def episode(env, row, times=8):
        shown = [env.reset()[0][row]]
        for step in range(times):
            actions = np.full((env.num_envs, len(to_numbers)), np.sin(step))
            observations, rewards, *_ = env.step(actions)
            shown += [observations[row], rewards[row]]
        return shown

    task = GymnasiumTask(gymnasium_params(name, max_steps=20))
    to_numbers = range(task.action_size)
    alone, among, other = task.make_env([7], 1), task.make_env([5, 7], 4), task.make_env([8], 1)
    first = episode(alone, 0)
    for again in (episode(alone, 0), episode(among, 1), episode(among, 3)):
        for ours, theirs in zip(first, again, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert any((a != b).any() for a, b in zip(first[::2], episode(other, 0)[::2], strict=False))


def test_numbers_from_minus_one_to_one_span_a_box_and_beyond_are_clipped():
    space = point_env.Point().action_space
    for numbers, action in (([-1, -1], [-2, 0]), ([0, 0.5], [2, 75]), ([9, 1], [6, 100])):
        found = to_action(space, np.array(numbers, float))
        assert found.tolist() == action
        assert space.contains(found)


def test_of_discrete_actions_the_one_with_the_greatest_number_is_taken():
    space = point_env.Point(actions="discrete").action_space
    assert to_action(space, np.array([-0.9, -0.2, -0.3])) == 6  # the first is number 5
    assert GymnasiumTask(gymnasium_params(DISCRETE)).action_size == 3


def test_actions_of_another_shape_are_refused():
    env = make([1, 2])
    env.reset()
    with pytest.raises(ValueError, match=r"actions must have shape \(2, 2\); found \(2, 3\)"):
        env.step(np.zeros((2, 3)))


def test_an_action_is_repeated_and_its_rewards_are_summed():
    rewards = [make([1], kwargs={"wind": 0.0}, frame_skip=skip) for skip in (1, 3)]
    once, thrice = (env.reset() and env.step([[0, 0]])[1][0] for env in rewards)
    assert (once, thrice) == (1.5, 4.5)


def test_pixels_are_means_of_areas_grey_or_coloured_and_inverted_if_so_wanted():
    env = make([1], view=GymnasiumView(height=12, width=12, channels=3, inverted=False))
    observation = env.reset()[0][0]
    frame = env._envs[0].render().astype(float)
    means = frame.reshape(12, 2, 12, 3, 3).mean(axis=(1, 3))
    np.testing.assert_array_less(np.abs(observation * 255 - means), 0.51)
    assert observation.dtype == np.float32
    grey = make([1], view=GymnasiumView(height=12, width=12, channels=1, inverted=True))
    np.testing.assert_allclose(grey.reset()[0][0], 1 - observation[..., :1], atol=1e-6)


def test_a_row_that_has_ended_stays_as_it_is_until_it_is_dropped():
    env = make([1, 2], kwargs={"wind": 0.0}, max_steps=6)
    env.reset()
    ahead = np.array([[1.0, 0], [-1.0, 0]])
    for _ in range(2):
        observations, rewards, terminated, truncated, _ = env.step(ahead)
    assert terminated.tolist() == [True, False]
    before = observations[0].copy()
    observations, rewards, terminated, truncated, _ = env.step(ahead)
    np.testing.assert_array_equal(observations[0], before)
    assert rewards[0] == 0 > rewards[1]
    env.keep(np.array([1]))
    for _ in range(3):
        _, _, terminated, truncated, info = env.step(ahead[1:])
    assert (terminated.tolist(), truncated.tolist()) == ([False], [True])
    assert info["lap_fraction"].shape == (1,)
    assert env.reset()[0].shape == (2, 8, 12, 1)


def test_the_environments_own_truncation_counts():
    env = make([1], kwargs={"wind": 0.0, "max_episode_steps": 3}, frame_skip=2, max_steps=50)
    stats = rollout(env, ZeroPolicy())
    assert stats.lengths.tolist() == [2]  # frames 1 and 2, then 3
    assert not stats.terminated.any()


def test_observations_belong_to_the_caller():
    env = make([1])
    first = env.reset()[0]
    copy = first.copy()
    env.step([[1, 0]])
    np.testing.assert_array_equal(first, copy)


def test_environments_are_closed_when_nobody_has_them_any_more():
    env = make([1, 2, 3])
    numbers = [each.unwrapped.number for each in env._all]
    recorded_rollout(env, ZeroPolicy())
    point_env.CLOSED.clear()
    del env
    gc.collect()
    assert numbers == point_env.CLOSED


def test_the_random_policies_use_the_whole_space():
    task = GymnasiumTask(gymnasium_params(DISCRETE))
    rng = np.random.default_rng(0)
    for policy in (task.random_policy(rng), task.random_weights_policy(rng)):
        policy.reset(50)
        observations = rng.random((50, *task.observation_shape), np.float32)
        chosen = {
            to_action(point_env.Point(actions="discrete").action_space, row)
            for row in policy.act(observations)
        }
        assert chosen == {5, 6, 7}
        policy.keep(np.arange(0, 50, 2))
        assert policy.act(observations[::2]).shape == (25, 3)
