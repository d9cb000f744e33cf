"""CarRacingEnv as a vector environment: batches of cars, ends of episodes, wrong arguments."""

import gc
import weakref

import numpy as np
import pytest

from worldmodels.envs.carracing.env import CarRacingEnv
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import recorded_rollout

WHY = "needs requirements-carracing.txt"
pytest.importorskip("gymnasium", reason=WHY)
pytest.importorskip("Box2D", reason=WHY)
pytest.importorskip("pygame", reason=WHY)

STRAIGHT = [0.0, 0.2]
CIRCLING = [1.0, 0.3]
AWAY = [0.0, 0.4]  # straight on, beyond the playfield in 72 steps


def test_it_has_the_vector_api_of_gymnasium():
    env = CarRacingEnv([7, 8], num_envs=3)
    observations, info = env.reset(seed=1)
    assert (observations.shape, observations.dtype) == ((3, 28, 32, 3), np.float32)
    assert env.observation_shape == (28, 32, 3)
    np.testing.assert_array_equal(observations[0], observations[2])
    assert not np.array_equal(observations[0], observations[1])
    for _ in range(20):
        observations, rewards, terminated, truncated, info = env.step([STRAIGHT] * 3)
        np.testing.assert_array_equal(to_pixels(to_bytes(observations)), observations)
    assert (rewards.dtype, terminated.dtype, truncated.dtype) == (np.float64, np.bool_, np.bool_)
    assert info["lap_fraction"].dtype == np.float64
    assert (info["lap_fraction"] > 0.01).all()
    assert info["lap_fraction"][0] == info["lap_fraction"][2]
    assert not info["finished"].any()
    assert CarRacingEnv([7], view=(64, 64)).reset()[0].shape == (1, 64, 64, 3)


def test_the_same_tracks_give_the_same_episodes_again():
    env = CarRacingEnv([5, 6], num_envs=2, max_steps=30)
    (first, seen), (second, again) = [
        recorded_rollout(env, SmoothedNoisePolicy(np.random.default_rng(0)), "rollout")
        for _ in range(2)
    ]
    np.testing.assert_array_equal(first.returns, second.returns)
    np.testing.assert_array_equal(seen.observations, again.observations)
    assert len(seen.observations) == 2 * 31
    assert first.lengths.tolist() == [30, 30]
    assert not first.terminated.any()


def test_a_terminated_row_keeps_its_state_without_reward_while_the_others_continue():
    env = CarRacingEnv([1], num_envs=2, max_steps=100)
    actions = [AWAY, [0.0, 0.0]]
    for _ in range(71):
        assert not env.step(actions)[2].any()
    observations, rewards, terminated, truncated, info = env.step(actions)
    assert -100.4 < rewards[0] < -99
    assert (terminated.tolist(), truncated.tolist()) == ([True, False], [False, False])
    assert not info["finished"].any()
    lap_fraction = info["lap_fraction"][0]
    for _ in range(28):
        again, rewards, terminated, truncated, info = env.step(actions)
        assert rewards[0] == 0
        np.testing.assert_array_equal(again[0], observations[0])
        assert terminated.tolist() == [True, False]
    assert truncated.tolist() == [False, True]
    assert info["lap_fraction"][0] == lap_fraction
    assert env.step(actions)[1].tolist() == [0, 0]


def test_kept_rows_continue_unchanged():
    whole, part = CarRacingEnv([1, 2], num_envs=4), CarRacingEnv([1, 2], num_envs=4)
    actions = np.array([STRAIGHT, CIRCLING, CIRCLING, [-0.3, 0.4]])
    rows = np.array([3, 1])
    for _ in range(15):
        whole.step(actions)
        part.step(actions)
    part.keep(rows)
    for _ in range(3):
        ours, theirs = part.step(actions[rows]), whole.step(actions)
    for mine, other in zip(ours[:4], theirs[:4], strict=True):
        np.testing.assert_array_equal(mine, other[rows])
    for name, value in ours[4].items():
        np.testing.assert_array_equal(value, theirs[4][name][rows])
    np.testing.assert_array_equal(part.frames(), whole.frames()[rows])
    assert part.reset()[0].shape == (4, 28, 32, 3)


def test_returned_arrays_never_change_afterwards():
    env = CarRacingEnv([1])
    observations, info = env.reset()
    kept, before = observations.copy(), {name: value.copy() for name, value in info.items()}
    _, _, terminated, *_ = env.step([STRAIGHT])
    np.testing.assert_array_equal(observations, kept)
    for name, value in before.items():
        np.testing.assert_array_equal(info[name], value)
    assert not np.shares_memory(terminated, env.step([STRAIGHT])[2])


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (np.zeros(2), r"shape \(2, 2\).*found \(2,\)"),
        (np.zeros((3, 2)), r"shape \(2, 2\).*found \(3, 2\)"),
        ([[0, 0], [0, np.nan]], "NaN for car 1, pedal"),
    ],
)
def test_invalid_actions_are_refused(actions, words):
    with pytest.raises(ValueError, match=words):
        CarRacingEnv([1], num_envs=2).step(actions)


def test_actions_out_of_range_are_clipped():
    wild, tame = CarRacingEnv([1]), CarRacingEnv([1])
    for _ in range(5):
        ours = wild.step([[np.inf, -7.0]])
        theirs = tame.step([[1.0, -1.0]])
        np.testing.assert_array_equal(ours[0], theirs[0])


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="at least one track, row, step and frame"):
        CarRacingEnv([])
    with pytest.raises(ValueError, match="at least one track, row, step and frame"):
        CarRacingEnv([1], num_envs=0)
    with pytest.raises(ValueError, match="from 1 x 1 to 84 x 96 pixels, not 85 x 96"):
        CarRacingEnv([1], view=(85, 96))


def test_an_environment_that_nobody_uses_leaves_no_bodies_in_memory():
    def bodies() -> int:
        gc.collect()
        return sum(type(each).__name__ == "b2Body" for each in gc.get_objects())

    before = bodies()
    env = CarRacingEnv([1], num_envs=2)
    env.step(np.zeros((2, 2)))
    assert bodies() > before
    del env
    assert bodies() == before


def test_an_environment_that_nobody_uses_is_no_garbage_that_python_would_collect_later():
    env = CarRacingEnv([1])
    env.step(np.zeros((1, 2)))
    gc.collect()
    gc.disable()
    try:
        env = CarRacingEnv([1], num_envs=2)  # the first one goes
        env.step(np.zeros((2, 2)))
        car = weakref.ref(env._simulators[0])
        del env
        assert car() is None
        assert gc.collect() == 0
    finally:
        gc.enable()
