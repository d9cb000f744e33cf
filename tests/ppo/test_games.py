"""Episodes of the environment as batches for PPO."""

import msgspec
import numpy as np
import pytest

from tests.support.ppo_settings import SETTINGS
from tests.support.small_agents import FEATURES, small_agent
from worldmodels.agent.agent import LatentPolicy
from worldmodels.envs.registry import make_task
from worldmodels.finetune.collector import RolloutBatch, RolloutCollector
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE
from worldmodels.ppo.games import GameCollector, padded
from worldmodels.ppo.networks import MLP, Standardization
from worldmodels.ppo.objective import survival_weights

replace = msgspec.structs.replace
IN_ENV = replace(SETTINGS, train_in="env")
COUNT = FEATURES["zh"]


def test_steps_of_episodes_stand_beside_each_other_and_none_after_an_end_is_reached():
    lengths = np.array([2, 3, 1])
    x = np.arange(1.0, 13).reshape(6, 2)
    rewards = np.array([1.0, 2, 3, 4, 5, 6])
    batch = padded(RolloutBatch(None, lengths, x, x, rewards), x, x[:, :1], x[:, 1:])
    assert batch.rewards.tolist() == [[1, 3, 6], [2, 4, 0], [0, 5, 0]]
    assert batch.continues.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    reached = survival_weights(batch.continues) > 0
    assert reached.sum(axis=0).tolist() == lengths.tolist()
    assert batch.x.shape == (4, 3, 2)
    for number, first in enumerate((0, 2, 5)):
        own = x[first : first + lengths[number]]
        for part, rows in ((batch.x[:-1], own), (batch.actions, own[:, :1])):
            np.testing.assert_array_equal(part[reached[:, number], number], rows)
    assert (batch.means[reached] - batch.actions[reached] == 1).all()


def test_the_actions_of_a_batch_are_those_that_were_played_means_with_noise(quick, monkeypatch):
    act, played = LatentPolicy.act, []
    monkeypatch.setattr(
        LatentPolicy, "act", lambda *each: (played.append(act(*each)), played[-1])[1]
    )
    env, rng = replace(quick.env, tracks="random", max_steps=60), np.random.default_rng(0)
    task, scale = make_task(env), Standardization(rng.normal(size=COUNT), rng.uniform(1, 2, COUNT))
    policy, agent = MLP.initial(COUNT, 3, 2, rng), small_agent(task, "zh")
    with WorkerPool(RolloutCollector(task, agent.vision, agent.memory), INLINE) as workers:
        batch = GameCollector(IN_ENV, task, scale, workers)(policy, rng)
    reached = survival_weights(batch.continues) > 0
    together = int(reached.sum(axis=0).min())  # steps of all episodes
    assert together > 10
    np.testing.assert_allclose(
        np.tanh(batch.actions[:together]), np.stack(played[:together]), atol=1e-5
    )
    np.testing.assert_allclose(batch.means[reached], policy(batch.x[:-1][reached]), atol=1e-6)
    noise = (batch.actions - batch.means)[reached]
    assert noise.std() == pytest.approx(IN_ENV.action_std, rel=0.2)
