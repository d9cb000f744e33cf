"""Drives with noise: what was done, what it is said to be worth, and what an agent perceives."""

import msgspec
import numpy as np
import pytest

from tests.support.small_agents import H, Z, agent_of
from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.controller.controller import Controllers
from worldmodels.envs.registry import make_task
from worldmodels.finetune.collector import NO_NOISE, ActionNoise, CollectTask, RolloutCollector
from worldmodels.finetune.latent_env import LatentEnv
from worldmodels.pipeline.errors import ParamsError
from worldmodels.rollout.loop import EpisodeStats, Trajectories, recorded_rollout, rollout

replace = msgspec.structs.replace
SHAKE = ActionNoise(0.3, 0.6)


@pytest.fixture
def env(quick):
    return replace(quick.env, tracks="random", max_steps=20)


@pytest.mark.parametrize("sees_h", [True, False])
def test_who_is_not_shaken_drives_as_the_agent(env, sees_h):
    agent, task = agent_of(env, sees_h), make_task(env)
    roads = task.sample_tracks(3, np.random.default_rng(1))
    trial = CollectTask(agent.controllers, roads, NO_NOISE, 7, 0)
    came = RolloutCollector(env, agent.vision, agent.memory)(trial)
    expected = rollout(task.make_env(roads, 3), Agent(*agent))
    np.testing.assert_array_equal(came.outcome.returns, expected.returns)
    np.testing.assert_array_equal(came.outcome.lengths, expected.lengths)
    assert came.features.shape == (expected.lengths.sum(), Z + H if sees_h else Z)
    ends = np.cumsum(came.outcome.lengths)
    sums = np.add.reduceat(came.worth, [0, *ends[:-1]])
    np.testing.assert_allclose(sums, expected.returns)  # where there are no prospects


def test_what_is_said_to_have_been_drawn_is_what_was_done(env):
    agent, task = agent_of(env), make_task(env)
    roads = task.sample_tracks(3, np.random.default_rng(1))
    came = RolloutCollector(env, agent.vision, agent.memory)(
        CollectTask(agent.controllers, roads, SHAKE, 7, 0)
    )

    class Again:
        """Does what the noise must have made of it."""

        def reset(self, num_envs):
            ends = np.cumsum(came.outcome.lengths)
            self._first = np.array([0, *ends[:-1]])
            self._noise = np.zeros((num_envs, 2))
            self._step = 0

        def keep(self, rows):
            self._first, self._noise = self._first[rows], self._noise[rows]

        def act(self, features):
            now = self._first + self._step
            np.testing.assert_allclose(features, came.features[now], atol=1e-4)
            drawn = came.drawn[now]
            self._noise = 0.6 * self._noise + 0.8 * drawn
            self._step += 1
            w, b = agent.controllers.arrays(0).values()
            return np.tanh(features @ w.T + b + 0.3 * self._noise).astype(np.float32)

    perceived = LatentEnv(task.make_env(roads, 3), agent.vision, agent.memory)
    again = rollout(perceived, Again())
    np.testing.assert_allclose(again.returns, came.outcome.returns, atol=1e-3)
    assert came.drawn.std() == pytest.approx(1, abs=0.2)


def test_what_comes_when_nothing_is_left_to_be_earned_teaches_nothing(carracing):
    """In the toy the last fifth of the road is worth nothing: it is told to be behind already."""
    agent = agent_of(carracing.env)
    forwards = np.zeros((1, 20))
    forwards[0, -1] = 2.0  # gas
    driver = Controllers.from_genomes(forwards, (Z + H, 2))
    explorer = RolloutCollector(carracing.env, agent.vision, agent.memory)
    roads = [70000, 70003]
    whole = explorer(CollectTask(driver, roads, NO_NOISE, 7, 0))
    assert whole.lengths.tolist() == whole.outcome.lengths.tolist()
    task = explorer._task
    potential = task.potential

    def sooner(outcome, recording):
        info = {**recording.info, "passed": np.minimum(1, recording.info["passed"] / 0.8)}
        return potential(outcome, Trajectories(recording.observations, info, *recording_rest))

    recording_rest = (np.zeros((0, 2), np.float32), np.zeros(0))
    task.potential = sooner
    less = explorer(CollectTask(driver, roads, NO_NOISE, 7, 0))
    assert (less.lengths < whole.lengths).all()
    assert (less.lengths > whole.lengths * 0.6).all()
    assert len(less.features) == len(less.drawn) == len(less.worth) == less.lengths.sum()
    np.testing.assert_array_equal(
        less.features[: less.lengths[0]], whole.features[: less.lengths[0]]
    )
    second = whole.features[whole.lengths[0] :]
    np.testing.assert_array_equal(less.features[less.lengths[0] :], second[: less.lengths[1]])


def carracing_recording(passed, laps=None):
    """Of one car that came so far, frame by frame."""
    frames = len(passed)
    info = {"passed": np.array(passed, float), "laps": np.array(laps or passed, float)}
    nothing = np.zeros((frames - 1, 2), np.float32)
    recording = Trajectories(np.zeros((frames, 1)), info, nothing, np.zeros(frames - 1))
    lengths = np.array([frames - 1])
    return EpisodeStats(np.zeros(1), lengths, np.zeros(1, bool), np.zeros(1)), recording


def potential(params, passed):
    return make_task(params.env).potential(*carracing_recording(passed))


def test_what_can_still_be_earned_is_the_road_ahead_or_the_time_left(carracing):
    steps = carracing.env.max_steps
    early = potential(carracing, [0.0, 0.5, 1.0])
    assert 850 < early[0] < 1000  # most of the road can be driven in the time that there is
    assert early[1] == pytest.approx(500, abs=1)
    assert early[2] == pytest.approx(0, abs=1)
    late = potential(carracing, [0.1] * (steps + 1))
    assert late[-1] == pytest.approx(0, abs=1e-3)
    assert (np.diff(late) < 0).all()
    half = steps // 2  # too late to come round: a step is worth its time
    assert late[half] == pytest.approx(1.125 * 500, rel=0.02)


def test_a_missed_tile_is_lost_when_it_is_passed_and_time_costs_little_while_there_is_enough(
    carracing,
):
    steps = carracing.env.max_steps
    passed = np.minimum(1.25 * np.arange(steps + 1) / steps, 1)  # a quarter faster than needed
    there = potential(carracing, passed)
    tile = 1000 * (passed[1] - passed[0])
    mean_of_runs = steps // 2
    assert there[mean_of_runs] - there[mean_of_runs + 1] == pytest.approx(tile, rel=0.05)
    standing = passed.copy()
    standing[mean_of_runs + 1 :] = passed[mean_of_runs]
    lost = there[mean_of_runs] - potential(carracing, standing)[mean_of_runs + 1]
    assert 0 <= lost < 0.2 * tile


def test_a_simulator_that_does_not_say_where_a_car_is_is_refused(carracing):
    outcome, recording = carracing_recording([0, 0.1])
    del recording.info["passed"]
    with pytest.raises(ParamsError, match=r"^world\.simulator: must be gymnasium for polish"):
        make_task(carracing.env).potential(outcome, recording)


def test_what_is_perceived_of_a_car_that_is_kept_is_its_own(env):
    agent, task = agent_of(env), make_task(env)
    roads = task.sample_tracks(3, np.random.default_rng(1))
    whole, part = (LatentEnv(task.make_env(roads, 3), agent.vision, agent.memory) for _ in range(2))
    actions = np.random.default_rng(2).uniform(-1, 1, (4, 3, 2))
    for each in (whole, part):
        first, _ = each.reset()
        assert not first[:, Z:].any()
        each.step(actions[0])
    rows = np.array([2, 0])
    part.keep(rows)
    for action in actions[1:]:
        seen, rewards, *_ = whole.step(action)
        mine, own, *_ = part.step(action[rows])
        np.testing.assert_allclose(mine, seen[rows], atol=1e-5)
        np.testing.assert_array_equal(own, rewards[rows])
    assert (
        recorded_rollout(whole, LatentPolicy(agent.controllers), store=np.copy)[
            1
        ].observations.shape[1]
        == 9
    )
