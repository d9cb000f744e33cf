"""Reward shaping of dreams: the terminal value and the cost of steering."""

import sys

import numpy as np
import pytest
import yaml

from stages import evolve_c
from tests.support.project import ROOT
from tools.fast_yaml import parse_yaml
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.evolution.dream_shaping import PACE_WINDOW, ShapedDream
from worldmodels.memory.deterministic_lstm import DeterministicLSTM

NEVER = -50.0  # bias of the done head
STARTS = StartStates(np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32), seed=1)
MANY = StartStates(np.repeat(STARTS.z, 4000, axis=0), seed=2)  # each with noise of its own
ACTIONS = np.array([[0.5, 1.0], [-1.0, 0.0], [0.0, -1.0]], np.float32)


def dream(max_steps=30, done_bias=NEVER, starts=STARTS, temperature=1.0, sample_done=True):
    memory = DeterministicLSTM.initial(4, 2, 5, np.random.default_rng(0), predict_reward_done=True)
    memory.calibrate(np.full(4, 0.3))
    memory.parameters["done.bias"][...] = done_bias
    num_envs = len(starts.z)
    return DreamEnv([memory], starts, num_envs, max_steps, temperature, sample_done=sample_done)


def shaped(terminal_value_steps=0.0, steering_cost=0.0, **changes):
    return ShapedDream(dream(**changes), terminal_value_steps, steering_cost)


def test_without_terminal_value_and_cost_nothing_changes():
    plain, env = dream(done_bias=-2.0), shaped(done_bias=-2.0)
    np.testing.assert_array_equal(env.reset()[0], plain.reset()[0])
    ended = 0
    for _ in range(30):
        expected, results = plain.step(ACTIONS), env.step(ACTIONS)
        for result, value in zip(results[:4], expected[:4], strict=True):
            np.testing.assert_array_equal(result, value)
        ended += results[2].sum()
    assert ended  # rewards after an episode's end were compared, too


@pytest.mark.parametrize(("max_steps", "window"), [(PACE_WINDOW + 15, PACE_WINDOW), (5, 5)])
def test_the_terminal_value_is_the_mean_reward_of_the_last_steps(max_steps, window):
    plain, env = dream(max_steps), shaped(terminal_value_steps=90.0, max_steps=max_steps)
    plain.reset()
    env.reset()
    total = last = 0.0
    for step in range(max_steps):
        expected, rewards = plain.step(ACTIONS)[1], env.step(ACTIONS)[1]
        in_window = step >= max_steps - window
        np.testing.assert_allclose(rewards, (1 + 90 / window if in_window else 1) * expected)
        total += rewards - expected
        last += expected * in_window
    np.testing.assert_allclose(total, 90 * last / window)


def test_steering_costs_the_square_of_the_action():
    plain, env = dream(), shaped(90.0, steering_cost=2.0)
    plain.reset()
    env.reset()
    for step in range(30):
        expected, rewards = plain.step(ACTIONS)[1], env.step(ACTIONS)[1]
        weight = 1 + 90 / PACE_WINDOW if step >= 30 - PACE_WINDOW else 1
        np.testing.assert_allclose(rewards, weight * (expected - np.array([0.5, 2.0, 0.0])))


@pytest.mark.parametrize("steering_cost", [0.0, 2.0])
def test_without_drawn_ends_a_return_is_the_mean_over_them(steering_cost):
    options = {"steering_cost": steering_cost, "done_bias": -2.0, "temperature": 1e-12}
    options["terminal_value_steps"] = 10.0
    drawn, mean = shaped(starts=MANY, **options), shaped(sample_done=False, **options)
    drawn.reset()
    mean.reset()
    expected, found = np.zeros(len(MANY.z)), np.zeros(3)
    for step in range(30):
        expected += drawn.step(np.repeat(ACTIONS, 4000, axis=0))[1]
        _, rewards, terminated, truncated, _ = mean.step(ACTIONS)
        found += rewards
        assert not terminated.any()
        assert truncated.all() == (step == 29)
    samples = expected.reshape(3, 4000)
    assert (samples.std(axis=1) > 0.3).all()
    np.testing.assert_allclose(found, samples.mean(axis=1), atol=4 * samples.std() / np.sqrt(4000))
    assert not mean.step(ACTIONS)[1].any()  # after the horizon


def test_finished_rows_pay_no_cost():
    env = shaped(90.0, steering_cost=2.0, done_bias=50.0)
    env.reset()
    _, _, terminated, *_ = env.step(ACTIONS)
    assert terminated.all()
    for _ in range(29):
        assert not env.step(ACTIONS)[1].any()


@pytest.mark.parametrize("sample_done", [True, False])
def test_rows_keep_their_rewards_when_others_are_dropped_and_after_a_reset(sample_done):
    options = {"steering_cost": 2.0, "done_bias": -2.0, "sample_done": sample_done}
    whole, part = (shaped(90.0, **options) for _ in range(2))
    rows = np.array([2, 0])
    for _ in range(2):
        whole.reset()
        part.reset()
        for env in (whole, part):
            env.step(ACTIONS)
        part.keep(rows)
        for _ in range(29):
            expected, rewards = whole.step(ACTIONS)[1], part.step(ACTIONS[rows])[1]
            np.testing.assert_allclose(rewards, expected[rows], rtol=1e-5, atol=1e-6)


def test_a_cost_of_steering_is_refused_where_nothing_steers(tmp_path, monkeypatch):
    files = [str(tmp_path / name) for name in ("latents.h5", "v.npz", "m.npz", "c.npz")]
    params = parse_yaml((ROOT / "params.yaml").read_text(encoding="utf-8"))
    view = {"height": 28, "width": 80}
    params["env"] = {"kind": "doom", "view": view, "frame_skip": 4, "max_steps": 525}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    options = ["--reports", str(tmp_path), "--set=evolve_c.steering_cost=0.5"]
    monkeypatch.setattr(sys, "argv", ["evolve_c", *files, *options])
    monkeypatch.chdir(tmp_path)
    words = r"evolve_c\.steering_cost: must be 0 in env\.kind: doom or .*; found 0\.5$"
    with pytest.raises(SystemExit, match=words):
        evolve_c.main()
