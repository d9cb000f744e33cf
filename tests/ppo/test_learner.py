"""PPO in a toy dream, whose best policy is known."""

import msgspec
import numpy as np
import pytest

from tests.support.ppo_settings import SETTINGS
from tests.support.toy_memory import ToyMember
from worldmodels.memory.ensemble import Ensemble
from worldmodels.ppo.dreams import DreamBatch, DreamCollector, RecordedStates
from worldmodels.ppo.learner import PPO, first_value_scale
from worldmodels.ppo.networks import MLP, Standardization
from worldmodels.ppo.objective import survival_weights

replace = msgspec.structs.replace
TOY = replace(SETTINGS, episodes=64, horizon=8, batch_size=128, discount=0.5, learning_rate=0.03)


def toy(settings, p_done=0.0, actions=1):
    """A collector of dreams in which actions of z's sign are best, and a learner."""
    signs = np.array([[-1], [1]], np.float32)
    zeros = np.zeros((2, 2), np.float32)
    ensemble = Ensemble([ToyMember(actions, p_done)])
    scale = Standardization(np.zeros(3), np.ones(3))
    collect = DreamCollector(settings, ensemble, RecordedStates(signs, [(zeros, zeros)]), scale)
    rng = np.random.default_rng(0)
    policy, critic = MLP.initial(3, settings.hidden, actions, rng), MLP.initial(3, 8, 1, rng)
    return collect, PPO(settings, policy, critic)


def learn(collect, learner, iterations, seed=0):
    rng = np.random.default_rng(seed)
    return [learner.update(collect(learner.policy, rng), 1.0, rng) for _ in range(iterations)]


@pytest.mark.parametrize(
    ("hidden", "actions", "sample_done", "p_done"),
    [(0, 1, False, 0.0), (3, 2, False, 0.3), (3, 1, True, 0.3)],
)
def test_ppo_learns_what_pays_in_a_dream(hidden, actions, sample_done, p_done):
    settings = replace(TOY, hidden=hidden, sample_done=sample_done)
    stats = learn(*toy(settings, p_done, actions), iterations=25)
    returns = [each.dream_return for each in stats]
    assert abs(returns[0]) < 1.5
    assert returns[-1] > 0.6 * settings.horizon
    assert 0 < stats[-1].clip_fraction < 0.9


def test_the_scale_of_the_rewards_does_not_matter():
    """Nor does a reward that comes whatever C does."""

    def learned(factor, offset):
        collect, learner = toy(TOY)

        def scaled(policy, rng):
            batch = collect(policy, rng)
            return batch._replace(rewards=factor * batch.rewards + offset)

        return learn(scaled, learner, iterations=4), learner.policy

    (stats, policy), (other_stats, other) = learned(1.0, 0.0), learned(1000.0, 5000.0)
    assert stats[-1].explained_variance == pytest.approx(
        other_stats[-1].explained_variance, abs=0.1
    )
    np.testing.assert_allclose(policy.parameters.flat, other.parameters.flat, atol=0.02)


def test_the_critic_learns_to_explain_the_returns():
    """The reward of the next step is z's sign, if C always acts alike."""
    collect, learner = toy(replace(TOY, action_std=0.001, discount=0.0))
    learner.policy.parameters["output.bias"][:] = 1.0
    stats = learn(collect, learner, iterations=15)
    assert stats[0].explained_variance < 0.3
    assert stats[-1].explained_variance > 0.9


def test_what_comes_after_an_end_teaches_nothing():
    """Nor do steps that are not reached count in the mean return."""
    collect, learner = toy(replace(TOY, sample_done=True), p_done=0.5)
    other = toy(replace(TOY, sample_done=True))[1]
    batch = collect(learner.policy, np.random.default_rng(0))
    after = survival_weights(batch.continues) == 0
    assert 0.2 < after.mean() < 0.9
    changed = batch.actions.copy()
    changed[after] += 3.0
    stats = learner.update(batch, 1.0, np.random.default_rng(1))
    rewards = np.where(after, 7.0, batch.rewards)
    same = other.update(
        batch._replace(actions=changed, rewards=rewards), 1.0, np.random.default_rng(1)
    )
    assert stats == same
    np.testing.assert_array_equal(learner.policy.parameters.flat, other.policy.parameters.flat)


def test_values_are_scaled_by_those_of_the_first_batch():
    rewards, continues = np.full((50, 4), 3.0), np.full((50, 4), 0.9)
    zeros = np.zeros((50, 4, 1))
    batch = DreamBatch(np.zeros((51, 4, 1)), zeros, zeros, rewards, continues)
    mean, std = first_value_scale(batch, survival_weights(continues), discount=0.8)
    assert mean == pytest.approx(3 / (1 - 0.8 * 0.9))
    assert std == pytest.approx(1e-3 * mean)
    assert first_value_scale(batch._replace(rewards=0 * rewards), continues, 0.8)[0] == 0


def test_a_learner_continues_from_its_state_bit_for_bit():
    collect, learner = toy(TOY)
    learn(collect, learner, iterations=2)
    _, other = toy(TOY)
    other.restore(learner.state())
    assert learn(collect, other, 2, seed=5) == learn(collect, learner, 2, seed=5)
    np.testing.assert_array_equal(other.policy.parameters.flat, learner.policy.parameters.flat)
