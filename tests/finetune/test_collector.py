"""Episodes with action noise, and the batches that the actor-critic learns from."""

import dataclasses

import msgspec
import numpy as np
import pytest

from tests.support.small_agents import FEATURES, H, Z, small_agent
from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.controller.controller import Controllers
from worldmodels.envs.registry import make_task
from worldmodels.finetune.collector import NO_NOISE, ActionNoise, CollectTask, RolloutCollector
from worldmodels.finetune.latent_env import LatentEnv
from worldmodels.rollout.loop import recorded_rollout, rollout

replace = msgspec.structs.replace
NOISE = ActionNoise(0.3, 0.6)


@pytest.fixture
def task(quick):
    return make_task(replace(quick.env, tracks="random", max_steps=20))


@pytest.fixture
def tracks(task):
    return task.sample_tracks(3, np.random.default_rng(1))


@pytest.mark.parametrize("inputs", FEATURES)
def test_without_noise_the_episodes_are_those_of_the_agent(task, tracks, inputs):
    agent = small_agent(task, inputs)
    collector = RolloutCollector(task, agent.vision, agent.memory)
    batch = collector(CollectTask(agent.controllers, tracks, NO_NOISE, 7, 0))
    expected = rollout(task.make_env(tracks, 3), Agent(*agent))
    np.testing.assert_array_equal(batch.stats.returns, expected.returns)
    np.testing.assert_array_equal(batch.stats.lengths, expected.lengths)
    assert batch.features.shape == (expected.lengths.sum(), FEATURES[inputs])
    ends = np.cumsum(batch.stats.lengths)
    sums = np.add.reduceat(batch.shaped_rewards, [0, *ends[:-1]])
    np.testing.assert_allclose(sums, expected.returns)  # the rewards of this task are not shaped


class ReplayPolicy:
    """The actions of a batch, computed anew from the noise that it holds."""

    def __init__(self, controllers, batch):
        self._weight, self._bias = controllers.arrays(0).values()
        self._batch = batch

    def reset(self, num_envs):
        ends = np.cumsum(self._batch.stats.lengths)
        self._first = np.array([0, *ends[:-1]])
        self._noise = np.zeros((num_envs, 2))
        self._step = 0

    def keep(self, rows):
        self._first, self._noise = self._first[rows], self._noise[rows]

    def act(self, features):
        rows = self._first + self._step
        np.testing.assert_allclose(features, self._batch.features[rows], atol=1e-4)
        fresh = np.sqrt(1 - NOISE.correlation**2)
        self._noise = NOISE.correlation * self._noise + fresh * self._batch.noise[rows]
        self._step += 1
        x = features @ self._weight.T + self._bias + NOISE.std * self._noise
        return np.tanh(x).astype(np.float32)


def test_the_noise_of_a_batch_is_that_of_its_actions(task, tracks):
    agent = small_agent(task)
    collector = RolloutCollector(task, agent.vision, agent.memory)
    batch = collector(CollectTask(agent.controllers, tracks, NOISE, 7, 0))
    env = LatentEnv(task.make_env(tracks, 3), agent.vision, agent.memory)
    again = rollout(env, ReplayPolicy(agent.controllers, batch))
    np.testing.assert_allclose(again.returns, batch.stats.returns, atol=1e-3)
    assert batch.noise.std() == pytest.approx(1, abs=0.2)


class ShortRoadTask:
    """A task in which the steps on the last fifth of the road do not count."""

    def __init__(self, task):
        self._task = task
        self.make_env = task.make_env

    def shaping(self, stats, trajectories):
        progress = np.minimum(1, trajectories.info["progress"] / 0.8)
        info = {**trajectories.info, "progress": progress}
        return self._task.shaping(stats, dataclasses.replace(trajectories, info=info))


def test_steps_that_do_not_count_are_left_out(carracing):
    task = make_task(carracing.env)
    agent = small_agent(task)
    full_gas = np.zeros((1, 20))
    full_gas[0, -1] = 2.0
    controllers = Controllers.from_genomes(full_gas, (Z + H, 2))
    whole, part = (
        RolloutCollector(each, agent.vision, agent.memory)(
            CollectTask(controllers, [70000, 70003], NO_NOISE, 7, 0)
        )
        for each in (task, ShortRoadTask(task))
    )
    assert whole.lengths.tolist() == whole.stats.lengths.tolist()
    assert (part.lengths < whole.lengths).all()
    assert (part.lengths > whole.lengths * 0.6).all()
    steps = part.lengths.sum()
    assert len(part.features) == len(part.noise) == len(part.shaped_rewards) == steps
    first, second = part.lengths
    np.testing.assert_array_equal(part.features[:first], whole.features[:first])
    of_second = whole.features[whole.lengths[0] :]
    np.testing.assert_array_equal(part.features[first:], of_second[:second])


def test_a_row_that_is_kept_has_its_own_observations(task, tracks):
    agent = small_agent(task)
    whole, part = (
        LatentEnv(task.make_env(tracks, 3), agent.vision, agent.memory, observe_c=True)
        for _ in range(2)
    )
    actions = np.random.default_rng(2).uniform(-1, 1, (4, 3, 2))
    for env in (whole, part):
        first, _ = env.reset()
        assert not first[:, Z:].any()
        assert first.shape == (3, Z + 2 * H)
        env.step(actions[0])
    rows = np.array([2, 0])
    part.keep(rows)
    for action in actions[1:]:
        expected, expected_rewards, *_ = whole.step(action)
        observations, rewards, *_ = part.step(action[rows])
        np.testing.assert_allclose(observations, expected[rows], atol=1e-5)
        np.testing.assert_array_equal(rewards, expected_rewards[rows])


def test_its_observations_can_be_recorded(task, tracks):
    agent = small_agent(task)
    env = LatentEnv(task.make_env(tracks, 3), agent.vision, agent.memory)
    _, trajectories = recorded_rollout(env, LatentPolicy(agent.controllers), store=np.copy)
    assert trajectories.observations.shape[1] == Z + H
