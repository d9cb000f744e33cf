"""Recorded games are rendered at full size, if the game repeats them."""

import dataclasses

import numpy as np
import pytest

from tests.support.doom import PARAMS, needs_vizdoom
from worldmodels.envs.doom.env import DoomEnv
from worldmodels.envs.doom.rerender import rerender_episode
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.episode import Episode

pytestmark = needs_vizdoom
SIZE = (60, 80)
STEPS = 12


@pytest.fixture(scope="module")
def episode():
    """The first steps of the game of seed 3."""
    actions = np.where(np.arange(STEPS) < 6, 1, -1).astype(np.float32)[:, None]
    env = DoomEnv([3], 1, STEPS)
    env.reset()
    rewards = [env.step(action[None])[1][0] for action in actions]
    return Episode(np.zeros((STEPS + 1, 28, 80, 3), np.uint8), actions, np.array(rewards))


def test_a_screen_is_shown_before_the_first_step_and_after_each(episode):
    screens = np.stack([*rerender_episode(PARAMS, 3, episode, SIZE)])
    assert screens.shape == (STEPS + 1, *SIZE, 3)
    assert screens.dtype == np.uint8
    assert all(screens[step].tobytes() != screens[step + 1].tobytes() for step in range(STEPS))


def test_a_game_that_is_not_repeated_is_refused(episode):
    rewards = episode.rewards.copy()
    rewards[7] = 3
    changed = dataclasses.replace(episode, rewards=rewards)
    with pytest.raises(UserError, match=r"seed 3 cannot be rendered: step 7 had 3 tics, and .* 4 "):
        list(rerender_episode(PARAMS, 3, changed, SIZE))
