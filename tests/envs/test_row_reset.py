import numpy as np
import pytest

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.storage.pixels import to_bytes

NARROW = Track(radius=7.0, harmonics=[(3, 1.1, 0.4)], half_width=1.0)
WIDE = Track(radius=6.0, harmonics=[], half_width=3.0)
ACTIONS = np.array([[0.2, 0.5], [0.0, 1.0], [-0.1, 0.02]])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("track", [NARROW, WIDE])
def test_a_row_that_is_reset_goes_on_as_a_new_environment_and_the_others_as_before(channels, track):
    options = {"view_size": 32, "channels": channels}
    env, untouched = (RacingEnv([Track()] * 3, num_envs=3, **options) for _ in range(2))
    for _ in range(30):  # car 1 has left the road
        *_, terminated, _, _ = env.step(ACTIONS)
        untouched.step(ACTIONS)
    assert terminated.tolist() == [False, True, False]
    env.reset_rows(np.array([1]), [track])
    alone = RacingEnv([track], **options)
    for ours, theirs in zip(env.observe(np.array([1])), alone.reset(), strict=True):
        np.testing.assert_equal(ours, theirs)
    for _ in range(10):
        own, others, new = env.step(ACTIONS), untouched.step(ACTIONS), alone.step(ACTIONS[1:2])
        for ours, theirs, fresh in zip(own[:4], others[:4], new[:4], strict=True):
            np.testing.assert_array_equal(ours[[0, 2]], theirs[[0, 2]])
            np.testing.assert_array_equal(ours[1:2], fresh)
        assert own[4]["distance"][1] == new[4]["distance"][0]


def test_rows_are_reset_only_while_each_has_a_track_of_the_same_raster():
    with pytest.raises(ValueError, match="a track of its own"):
        RacingEnv(num_envs=2).reset_rows(np.array([0]), [NARROW])
    env = RacingEnv([Track(), NARROW], num_envs=2)
    with pytest.raises(ValueError, match="must share samples, grid and extent"):
        env.reset_rows(np.array([0]), [Track(samples=128)])
    env.keep(np.array([1]))
    with pytest.raises(ValueError, match="a track of its own"):
        env.reset_rows(np.array([0]), [NARROW])


@pytest.mark.parametrize("channels", [1, 3])
def test_observations_as_bytes_are_those_in_floats_times_255(channels):
    options = {"tracks": [NARROW, Track()], "num_envs": 2, "view_size": 32, "channels": channels}
    floats, stored = RacingEnv(**options), RacingEnv(**options, as_bytes=True)
    for _ in range(5):
        ours, theirs = stored.step(ACTIONS[:2])[0], floats.step(ACTIONS[:2])[0]
        assert ours.dtype == np.uint8
        np.testing.assert_array_equal(ours, to_bytes(theirs))


def test_many_cars_see_the_same_in_blocks_as_one_by_one():
    """More pixels than the camera looks up in one go."""
    tracks = [Track(), NARROW, Track(half_width=1.2)]
    env = RacingEnv(tracks, num_envs=40, view_size=64, channels=3)
    rng = np.random.default_rng(0)
    for _ in range(6):
        observations = env.step(rng.uniform(-1, 1, (40, 2)))[0]
    for row in range(40):
        np.testing.assert_array_equal(env.observe(np.array([row]))[0][0], observations[row])
