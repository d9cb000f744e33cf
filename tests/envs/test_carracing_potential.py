"""The potential of CarRacing: an estimate of the rewards that an episode can still earn."""

import numpy as np
import pytest

from worldmodels.envs.registry import make_task
from worldmodels.rollout.loop import EpisodeStats, Trajectories


def episode_with(progress):
    """The statistics and the trajectory of one episode with that progress, frame by frame."""
    steps = len(progress) - 1
    info = {"progress": np.array(progress, float), "lap_fraction": np.array(progress, float)}
    trajectories = Trajectories(
        np.zeros((steps + 1, 1)), info, np.zeros((steps, 2), np.float32), np.zeros(steps)
    )
    stats = EpisodeStats(np.zeros(1), np.array([steps]), np.zeros(1, bool), np.zeros(1))
    return stats, trajectories


def potential(params, progress):
    return make_task(params.env).potential(*episode_with(progress))


def test_it_is_limited_by_the_road_ahead_or_by_the_time_left(carracing):
    steps = carracing.env.max_steps
    early = potential(carracing, [0.0, 0.5, 1.0])
    assert 850 < early[0] < 1000  # there is time for most of the road
    assert early[1] == pytest.approx(500, abs=1)
    assert early[2] == pytest.approx(0, abs=1)
    slow = potential(carracing, [0.1] * (steps + 1))
    assert slow[-1] == pytest.approx(0, abs=1e-3)
    assert (np.diff(slow) < 0).all()
    half = steps // 2  # too late for the lap: a step costs its time
    assert slow[half] == pytest.approx(1.125 * 500, rel=0.02)


def test_a_missed_tile_is_lost_once_it_lies_behind_and_a_pause_costs_little(carracing):
    steps = carracing.env.max_steps
    progress = np.minimum(1.25 * np.arange(steps + 1) / steps, 1)  # a quarter faster than needed
    values = potential(carracing, progress)
    tile = 1000 * (progress[1] - progress[0])
    half = steps // 2
    assert values[half] - values[half + 1] == pytest.approx(tile, rel=0.05)
    at_rest = progress.copy()
    at_rest[half + 1 :] = progress[half]
    cost = values[half] - potential(carracing, at_rest)[half + 1]
    assert 0 <= cost < 0.2 * tile
