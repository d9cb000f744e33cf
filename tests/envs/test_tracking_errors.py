"""Cross-track and heading errors: known ones are found again, and the environment's distances."""

import numpy as np
import pytest

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.envs.racing.tracking_errors import tracking_errors

CIRCLE = Track(radius=8.0, harmonics=[])


@pytest.mark.parametrize("turn", [0.0, 0.4, -1.2, 3.0])
@pytest.mark.parametrize("left", [0.0, 0.7, -0.7])
def test_on_a_circle_the_errors_are_those_that_cars_are_placed_with(left, turn):
    samples = np.array([0, 31, 100, 255])
    angle = 2 * np.pi * samples / CIRCLE.samples  # counterclockwise: left is towards the middle
    x, y = (8 - left) * np.cos(angle), (8 - left) * np.sin(angle)
    heading = angle + np.pi / 2 + turn + 2 * np.pi * np.arange(4)
    errors = tracking_errors(CIRCLE, np.stack([x, y, heading, np.zeros(4)], axis=1))
    np.testing.assert_allclose(errors.cross_track, left, atol=1e-9)
    np.testing.assert_allclose(errors.heading, turn, atol=1e-9)


def test_a_car_that_steers_left_comes_to_the_left_of_the_centreline():
    env = RacingEnv([CIRCLE], 2)
    env.reset()
    for _ in range(10):
        *_, info = env.step([[0.6, 1.0], [-0.6, 1.0]])
    errors = tracking_errors(CIRCLE, info["state"])
    left, right = np.transpose(errors)
    assert (left > 0.1).all()
    assert (right < -0.1).all()


def test_the_distance_is_the_environments_but_for_its_raster():
    rng, track = np.random.default_rng(0), Track()
    env = RacingEnv([track], 64)
    env.reset()
    for _ in range(20):
        *_, info = env.step(rng.uniform([-1, 0], 1, (64, 2)))
    errors = tracking_errors(track, info["state"])
    assert np.abs(errors.cross_track).max() > 0.5
    # Distances are from a sample, and two samples are some 0.2 apart.
    np.testing.assert_array_less(np.abs(errors.cross_track), info["distance"] + 1e-9)
    along = info["distance"] ** 2 - errors.cross_track**2
    assert np.sqrt(along.clip(0)).max() < 0.15
