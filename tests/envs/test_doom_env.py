"""DoomEnv as a vector environment: the game of the paper, batches of it, ends of episodes."""

import numpy as np
import pytest

from tests.support.doom import needs_vizdoom
from worldmodels.envs.doom.env import BLIND, VIEWS, DoomEnv
from worldmodels.pipeline.config.env_params import DOOM_VIEWS
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.policies.held_uniform import HeldUniformPolicy
from worldmodels.rollout.loop import recorded_rollout

pytestmark = needs_vizdoom
LEFT_DIES_AFTER = 103  # tics, the player who goes left in game 5


class Fixed:
    """Plays the same action of each row in every step."""

    def __init__(self, *actions):
        self._all = np.array(actions)[:, None]

    def reset(self, num_envs):
        self._actions = self._all

    def keep(self, rows):
        self._actions = self._actions[rows]

    def act(self, observations):
        return self._actions


def steps(env, actions, count):
    for _ in range(count):
        outcome = env.step(np.array(actions)[:, None])
    return outcome


def test_it_has_the_vector_api_of_gymnasium():
    env = DoomEnv([7, 8], num_envs=3)
    observations, info = env.reset(seed=1)
    assert (observations.shape, observations.dtype) == ((3, 28, 80, 3), np.float32)
    assert env.observation_shape == (28, 80, 3)
    assert (env.num_envs, env.max_steps, env.action_size) == (3, 525, 1)
    np.testing.assert_array_equal(observations[0], observations[2])
    assert info["health"].tolist() == [100] * 3
    observations, rewards, terminated, truncated, info = steps(env, [0.0] * 3, 9)
    np.testing.assert_array_equal(to_pixels(to_bytes(observations)), observations)
    np.testing.assert_array_equal(observations[0], observations[2])
    assert not np.array_equal(observations[0], observations[1])  # other monsters
    assert (rewards.dtype, terminated.dtype, truncated.dtype) == (np.float64, np.bool_, np.bool_)
    assert rewards.tolist() == info["tics"].tolist() == [4] * 3
    assert info["lap_fraction"].tolist() == [0] * 3


def test_an_episode_depends_on_its_seed_and_actions_alone():
    def play(seeds, num_envs):
        policy = HeldUniformPolicy(1, 2, np.random.default_rng(0))
        env = DoomEnv(seeds, num_envs, max_steps=30)
        return recorded_rollout(env, policy)

    (first, seen), (second, again) = play([5, 6], 2), play([5, 6], 2)  # in the same engines
    np.testing.assert_array_equal(first.lengths, second.lengths)
    np.testing.assert_array_equal(seen.observations, again.observations)
    assert len(seen.observations) == first.lengths.sum() + 2
    actions = seen.actions[: first.lengths[0]]
    env = DoomEnv([9, 5], num_envs=2, max_steps=30)  # another row, and another engine
    env.reset()
    for number, action in enumerate(actions):
        observations, *_ = env.step([[0.0], action])
        np.testing.assert_array_equal(to_bytes(observations[1]), seen.observations[number + 1])


@pytest.mark.parametrize(("limit", "beyond"), [(1 / 3, 0.34), (-1 / 3, -0.34)])
def test_beyond_a_third_the_player_moves_and_up_to_it_he_does_not(limit, beyond):
    env = DoomEnv([5], num_envs=4)
    env.reset()
    still, up_to, moves, far = steps(env, [0.0, limit, beyond, 9 * beyond], 8)[0]
    np.testing.assert_array_equal(still, up_to)
    np.testing.assert_array_equal(moves, far)
    assert not np.array_equal(still, moves)


def test_the_world_moves_to_the_left_when_the_player_moves_to_the_right():
    env = DoomEnv([5], num_envs=3)
    env.reset()
    left, still, right = steps(env, [-1.0, 0.0, 1.0], 4)[0]

    def shift(shown):
        """By how many columns it looks moved to the right."""
        errors = {
            by: np.abs(np.roll(still, by, axis=1) - shown)[:, 12:-12].mean()
            for by in range(-12, 13)
        }
        return min(errors, key=errors.get)

    assert shift(right) < 0 < shift(left)


def test_a_step_ends_with_the_players_death_and_its_last_tic_counts():
    totals = {}
    for frame_skip in (1, 4):
        env = DoomEnv([5], frame_skip=frame_skip, max_steps=2100 // frame_skip)
        stats, seen = recorded_rollout(env, Fixed(-1.0))
        totals[frame_skip] = stats.returns[0]
        assert stats.terminated.tolist() == [True]
        assert seen.info["health"][-1] <= 0 < seen.info["health"][-2]
        np.testing.assert_array_equal(seen.observations[-1], seen.observations[-2])
    assert totals == {1: LEFT_DIES_AFTER, 4: LEFT_DIES_AFTER}
    assert seen.rewards.tolist() == [4.0] * 25 + [3.0]


def test_four_steps_of_a_tic_show_what_one_of_four_tics_shows():
    tics, decisions = (DoomEnv([6], frame_skip=frame_skip) for frame_skip in (1, 4))
    for env in (tics, decisions):
        env.reset()
    for action in (1.0, -1.0, -1.0, 0.0):
        ours, theirs = steps(decisions, [action], 1)[0], steps(tics, [action], 4)[0]
        np.testing.assert_array_equal(ours, theirs)


def test_a_dead_row_keeps_its_state_without_reward_while_the_others_continue():
    env = DoomEnv([5, 6], num_envs=2, max_steps=28)
    env.reset()
    observations, rewards, terminated, truncated, info = steps(env, [-1.0, 1.0], 26)
    assert (terminated.tolist(), truncated.tolist()) == ([True, False], [False, False])
    again, rewards, terminated, truncated, later = steps(env, [-1.0, 1.0], 2)
    assert (rewards.tolist(), later["tics"].tolist()) == ([0, 4], [0, 4])
    np.testing.assert_array_equal(again[0], observations[0])
    assert later["health"][0] == info["health"][0] <= 0
    # the time is up: a truncation, never a termination
    assert (terminated.tolist(), truncated.tolist()) == ([True, False], [False, True])
    assert steps(env, [-1.0, 1.0], 1)[1].tolist() == [0, 0]


def test_kept_rows_continue_unchanged():
    whole, part = DoomEnv([1, 2], num_envs=3), DoomEnv([1, 2], num_envs=3)
    actions, rows = np.array([1.0, -1.0, 0.0]), np.array([1, 0])
    for env in (whole, part):
        env.reset()
        assert steps(env, actions, 26)[2].tolist() == [False, True, False]
    part.keep(rows)
    ours, theirs = steps(part, actions[rows], 3), steps(whole, actions, 3)
    for mine, other in zip(ours[:4], theirs[:4], strict=True):
        np.testing.assert_array_equal(mine, other[rows])
    for name, value in ours[4].items():
        np.testing.assert_array_equal(value, theirs[4][name][rows])
    assert part.reset()[0].shape == (3, 28, 80, 3)


def test_returned_arrays_never_change_afterwards():
    env = DoomEnv([1])
    observations, info = env.reset()
    kept, before = observations.copy(), {name: value.copy() for name, value in info.items()}
    _, _, terminated, *_ = steps(env, [1.0], 1)
    np.testing.assert_array_equal(observations, kept)
    for name, value in before.items():
        np.testing.assert_array_equal(info[name], value)
    assert not np.shares_memory(terminated, steps(env, [1.0], 1)[2])


def test_the_views_are_those_of_the_params():
    assert tuple(VIEWS) == DOOM_VIEWS
    env = DoomEnv([5], camera=VIEWS[64, 64])
    observations, _ = env.reset()
    assert observations.shape == (1, 64, 64, 3)
    assert 0.01 < observations.std() < 0.5


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (np.zeros(2), r"shape \(2, 1\).*found \(2,\)"),
        (np.zeros((2, 2)), r"shape \(2, 1\).*found \(2, 2\)"),
        ([[0], [np.nan]], "NaN for game 1"),
    ],
)
def test_invalid_actions_are_refused(actions, words):
    env = DoomEnv([1], num_envs=2)
    env.reset()
    with pytest.raises(ValueError, match=words):
        env.step(actions)


def test_games_that_are_not_drawn_have_the_same_tics_and_ends():
    """So a policy that looks at nothing has the same score in them."""

    def play(camera):
        policy = HeldUniformPolicy(1, 9, np.random.default_rng(0))
        stats, seen = recorded_rollout(DoomEnv(range(8), 8, 200, camera), policy)
        return stats, seen

    (drawn, shown), (blind, unseen) = play(VIEWS[28, 80]), play(BLIND)
    np.testing.assert_array_equal(blind.returns, drawn.returns)
    np.testing.assert_array_equal(blind.terminated, drawn.terminated)
    np.testing.assert_array_equal(unseen.rewards, shown.rewards)
    assert drawn.terminated.any()
    assert drawn.returns.max() > 400  # there were fireballs
    assert unseen.observations.shape == (len(shown.observations), 0, 0, 3)
    assert list(unseen.info) == ["lap_fraction", "tics"]


def test_impossible_arguments_are_refused():
    for seeds, num_envs in (([], 1), ([1], 0)):
        with pytest.raises(ValueError, match="at least one seed, row, step and tic"):
            DoomEnv(seeds, num_envs)


def test_to_the_other_side_the_game_looks_the_same_but_for_its_monsters():
    """So recorded episodes have mirror images, whose action is negated."""
    env = DoomEnv([7], num_envs=2)
    env.reset()
    right, left = steps(env, [1.0, -1.0], 16)[0]
    assert np.abs(right - left[:, ::-1]).mean() < 0.5 * np.abs(right - left).mean()
