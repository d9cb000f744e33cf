"""The task of Doom: what it says without ViZDoom, its seeds and its random policies."""

import sys

import msgspec
import numpy as np
import pytest

from tests.support.doom import PARAMS, needs_vizdoom
from tests.support.project import ROOT
from worldmodels.envs.doom import engine
from worldmodels.envs.doom.env import directions
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.reports import CURVES
from worldmodels.policies.held_uniform import HeldUniformPolicy
from worldmodels.rollout.loop import EpisodeStats, Trajectories
from worldmodels.rollout.seed_tracks import TEST_SEEDS
from worldmodels.rollout.task import shaped_rewards


def test_without_vizdoom_a_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    words = r"^env\.kind: doom needs a package .*, vizdoom: run 'make install-doom'$"
    with pytest.raises(ParamsError, match=words):
        make_task(PARAMS).make_env([70_000], 1)
    assert "\ninstall-doom: core\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_elsewhere_than_on_linux_a_line_says_so(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    words = r"^env\.kind: doom runs on Linux alone, .*; found darwin$"
    with pytest.raises(ParamsError, match=words):
        make_task(PARAMS).make_env([70_000], 1)


@needs_vizdoom
def test_for_policies_that_look_at_nothing_nothing_is_drawn():
    task = make_task(PARAMS, observed=False)
    observations, _ = task.make_env([70_000, 70_001], 2).reset()
    assert observations.shape == (2, *task.observation_shape) == (2, 0, 0, 3)


def test_the_seeds_of_tests_are_those_that_nothing_else_draws():
    task = make_task(PARAMS)
    assert task.test_tracks(np.random.default_rng(0))(1000) == [*range(1000)]
    seeds = task.sample_tracks(1000, np.random.default_rng(0))
    assert min(seeds) >= TEST_SEEDS >= 1000
    assert len(set(seeds)) == 1000


def test_the_random_policy_holds_an_action_for_a_random_number_of_steps():
    policy = HeldUniformPolicy(1, 3, np.random.default_rng(0))
    policy.reset(2)
    actions = np.array([policy.act(np.zeros((2, 1))) for _ in range(3000)])[:, :, 0]
    for row in actions.T:
        starts = np.flatnonzero(np.diff(row, prepend=np.inf))
        assert set(np.diff(starts)) == {1, 2, 3}
        assert np.diff(starts).mean() == pytest.approx(2, abs=0.1)
        moves = np.histogram(row[starts], [-1, -1 / 3, 1 / 3, 1])[0] / len(starts)
        np.testing.assert_allclose(moves, 1 / 3, atol=0.05)


def test_the_actions_of_a_row_do_not_depend_on_when_another_ends():
    def actions(dropped_after):
        policy = HeldUniformPolicy(1, 3, np.random.default_rng(0))
        policy.reset(2)
        shown = []
        for step in range(12):
            if step == dropped_after:
                policy.keep(np.array([1]))
            shown.append(policy.act(np.zeros((2, 1)))[-1, 0])
        return shown

    assert actions(dropped_after=2) == actions(dropped_after=9)


def test_the_random_policies_move_to_both_sides_and_stand_still():
    task = make_task(PARAMS)
    rng = np.random.default_rng(0)
    for policy in (task.random_policy(rng), task.random_weights_policy(rng)):
        policy.reset(60)
        actions = policy.act(rng.random((60, *task.observation_shape), np.float32))
        assert actions.shape == (60, 1)
        assert set(np.sign(np.trunc(3 * actions)).ravel()) == {-1, 0, 1}


def test_with_shaping_a_hit_costs_its_damage_whether_or_not_it_kills():
    health = np.array([100, 100, 37, -26, 100, 100])  # of an episode of 3 steps, and one of 1
    rewards, lengths = np.array([4.0, 4.0, 2.0, 4.0]), np.array([3, 1])
    stats = EpisodeStats(np.zeros(2), lengths, np.array([True, False]), np.zeros(2))
    trajectories = Trajectories(np.zeros((6, 1)), {"health": health}, np.zeros((4, 1)), rewards)
    shaping = make_task(PARAMS).shaping(stats, trajectories)
    assert shaping.counted.all()
    shaped = shaped_rewards(shaping, rewards, lengths)
    np.testing.assert_allclose(shaped, [4, 4 - 63, 2 - 63, 4])


def test_the_sweep_begins_with_half_a_leg_and_then_goes_to_and_fro():
    task = make_task(PARAMS)  # 4 tics an action
    actions = task.controls["sweep"]["136 tics a leg"]
    assert actions.shape == (task.max_steps, 1)
    assert actions[:17].min() == 1
    assert actions[17:].max() == -1
    longer = msgspec.structs.replace(PARAMS, max_steps=525)
    ((label, sweep), *_) = make_task(longer).controls["sweep"].items()
    turns = np.flatnonzero(np.diff(sweep[:, 0])) + 1
    assert label == "128 tics a leg"
    assert turns[0] == 16
    assert set(np.diff(turns)) == {32}


@pytest.mark.parametrize("frame_skip", [1, 3, 10])
def test_a_leg_has_as_many_tics_whatever_the_tics_of_an_action(frame_skip):
    params = msgspec.structs.replace(PARAMS, frame_skip=frame_skip, max_steps=2100 // frame_skip)
    sweep = make_task(params).controls["sweep"]["144 tics a leg"]
    turns = (np.flatnonzero(np.diff(sweep[:, 0])) + 1) * frame_skip
    np.testing.assert_allclose(turns, 72 + 144 * np.arange(len(turns)), atol=frame_skip)


def test_the_other_controls_stand_still_and_go_left():
    controls = make_task(PARAMS).controls
    for name, direction in (("still", 0), ("left", -1)):
        ((_, actions),) = controls[name].items()
        assert directions(actions).tolist() == [direction]


def test_the_controls_have_columns_in_the_curve():
    names = [*make_task(PARAMS).controls, "own_actions"]
    assert CURVES["evaluate_controls"] == ("percentile", "controller", "random", *names)
