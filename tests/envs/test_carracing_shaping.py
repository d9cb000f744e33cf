"""The shaping of CarRacing's rewards: an estimate of those that an episode can still earn."""

import numpy as np
import pytest

from worldmodels.envs.carracing import task as carracing_task
from worldmodels.envs.registry import make_task
from worldmodels.rollout.loop import EpisodeStats, Trajectories

FRAMES = carracing_task.PACE_WEIGHT * 0.1 * carracing_task.LAP_FRAMES  # cost of a lap's frames


def episode_with(progress, missed=None):
    """The statistics and the trajectory of one episode with that progress, frame by frame."""
    steps = len(progress) - 1
    missed = np.zeros(steps + 1, int) if missed is None else np.array(missed)
    info = {"progress": np.array(progress, float), "missed_tiles": missed}
    trajectories = Trajectories(
        np.zeros((steps + 1, 1)), info, np.zeros((steps, 2), np.float32), np.zeros(steps)
    )
    stats = EpisodeStats(np.zeros(1), np.array([steps]), np.zeros(1, bool), np.zeros(1))
    return stats, trajectories


def shaping(params, progress, missed=None):
    return make_task(params.env).shaping(*episode_with(progress, missed))


def potential(params, progress, missed=None):
    return shaping(params, progress, missed).potential


def test_it_is_limited_by_the_road_ahead_or_by_the_time_left(carracing):
    steps = carracing.env.max_steps
    early = potential(carracing, [0.0, 0.5, 1.0])
    assert 850 < early[0] + FRAMES < 1000  # there is time for most of the road
    assert early[1] + FRAMES / 2 == pytest.approx(500, abs=1)
    assert early[2] == 0
    slow = potential(carracing, [0.1] * (steps + 1)) + 0.9 * FRAMES
    assert slow[-2] < 1.2 * 1000 / steps
    assert (np.diff(slow[:-1]) < 0).all()
    half = steps // 2  # too late for the lap: a step costs its time
    assert slow[half] == pytest.approx(1.125 * 500, rel=0.02)


def test_a_missed_tile_is_lost_once_it_lies_behind(carracing):
    steps = carracing.env.max_steps
    progress = np.minimum(1.25 * np.arange(steps + 1) / steps, 1)  # a quarter faster than needed
    missed = np.arange(steps + 1) > steps // 2
    before, after = (potential(carracing, progress, each) for each in (None, missed))
    half = steps // 2
    tile = 1000 * (progress[1] - progress[0])
    step = before[half] - before[half + 1] + FRAMES * tile / 1000
    assert step == pytest.approx(tile, rel=0.05)
    cost = carracing_task.MISSED_TILE_COST
    np.testing.assert_allclose(before - after, cost * missed)


def test_a_pause_costs_the_frames_that_it_takes(carracing):
    """And a step at an ordinary pace gains what its own frames cost."""
    steps = carracing.env.max_steps
    progress = np.minimum(1.25 * np.arange(steps + 1) / steps, 1)
    values = potential(carracing, progress)
    half = steps // 2
    at_rest = progress.copy()
    at_rest[half + 1 :] = progress[half]
    cost = values[half] - potential(carracing, at_rest)[half + 1]
    tile = 1000 * (progress[1] - progress[0])
    assert 0 <= cost < 0.2 * tile
    pace = 4 / carracing_task.LAP_FRAMES
    even = potential(carracing, [0.4, 0.4 + pace, 0.9])
    gain = even[1] - even[0] + 1000 * pace
    assert gain == pytest.approx(4 * 0.1 * carracing_task.PACE_WEIGHT, rel=0.05)


def test_steps_after_the_lap_do_not_count(carracing):
    values, counted = shaping(carracing, [0.0, 0.5, 1.0, 1.0, 1.0], [0, 0, 2, 2, 2])
    assert counted.tolist() == [True, True, False, False, False]
    # What was missed stays lost when the lap or the episode ends.
    assert values[2] == values[-1] == -2 * carracing_task.MISSED_TILE_COST
