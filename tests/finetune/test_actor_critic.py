"""C that learns by trying: sums over episodes, the critic, the natural gradient, both together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worldmodels.finetune.actor_critic import ActorCritic
from worldmodels.finetune.critic import Critic
from worldmodels.finetune.episode_sums import discounted_sums, previous_step
from worldmodels.finetune.natural_gradient import LARGEST, natural_gradient

SMOOTHING = 0.8
LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=6).map(np.array)


def rng(seed=0):
    return np.random.default_rng(seed)


@given(LENGTHS, st.floats(0, 1), st.integers(0, 99))
def test_a_discounted_sum_ends_with_its_episode(lengths, keep, seed):
    values = rng(seed).normal(size=lengths.sum())
    expected = []
    for episode in np.split(values, np.cumsum(lengths)[:-1]):
        for first in range(len(episode)):
            later = episode[first:]
            expected.append((later * keep ** np.arange(len(later))).sum())
    np.testing.assert_allclose(discounted_sums(values, lengths, keep), expected, atol=1e-12)


@given(LENGTHS)
def test_nothing_is_before_the_first_step_of_an_episode(lengths):
    values = rng().normal(size=(lengths.sum(), 2))
    parts = np.split(values, np.cumsum(lengths)[:-1])
    expected = [np.concatenate([np.zeros((1, 2)), part[:-1]]) for part in parts]
    np.testing.assert_array_equal(previous_step(values, lengths), np.concatenate(expected))


def chain(episodes=200, steps=20, seed=0):
    """A walk x, and a reward of 3 x_0 + noise each step: x, rewards, lengths."""
    draws = rng(seed)
    x = draws.normal(size=(episodes, steps, 2)).cumsum(axis=1) / np.sqrt(steps)
    rewards = 3 * x[:, :, 0] + 0.1 * draws.normal(size=(episodes, steps))
    return x.reshape(-1, 2), rewards.ravel(), np.full(episodes, steps)


def test_the_critic_foretells_what_can_be_foretold():
    x, rewards, lengths = chain()
    returns = discounted_sums(rewards, lengths, 0.5)
    left = Critic(2, 0.5, 0.9, rng()).advantages(x, rewards, lengths)
    assert left.std() < 0.5 * returns.std()
    assert abs(left.mean()) < 0.05 * returns.std()


def test_a_better_step_than_others_has_an_advantage():
    x, rewards, lengths = chain()
    rewards[7::20] += 2.0  # in step 7 of each, which x does not show
    rewards[7] += 50.0
    found = Critic(2, 0.5, 0.9, rng()).advantages(x, rewards, lengths)
    assert found.argmax() == 7
    assert found[27::20].mean() > found[10::20].mean() + 1


def test_the_last_steps_advantage_is_its_reward_less_what_was_foretold():
    x, rewards, lengths = chain(episodes=30)
    critic = Critic(2, 0.9, 0.5, rng())
    critic.advantages(x, rewards, lengths)
    other = Critic(2, 0.9, 0.5, rng())
    other.restore(critic.state())
    before = other.advantages(x, rewards, lengths)
    more = rewards.copy()
    more[-1] += 1
    other.restore(critic.state())
    after = other.advantages(x, more, lengths)
    assert after[-1] - before[-1] == pytest.approx(1, abs=0.3)
    assert abs((after - before)[:-20]).max() < 0.1  # of other episodes, but for what v learned


def test_a_critic_that_is_restored_goes_on_alike():
    first, second = (Critic(2, 0.9, 0.9, rng(5)) for _ in range(2))
    first.advantages(*chain(seed=1))
    second.restore(first.state())
    np.testing.assert_array_equal(
        first.advantages(*chain(seed=2)), second.advantages(*chain(seed=2))
    )


def tries(seed=0, episodes=40, steps=15):
    draws = rng(seed)
    x = draws.normal(size=(episodes * steps, 3))
    return x, draws.normal(size=(episodes * steps, 2)), np.full(episodes, steps)


def log_probability(theta, x, e, lengths, strength):
    """Of each step's action, had C been W x + b plus theta where it was W x + b."""
    fresh = np.sqrt(1 - SMOOTHING**2)
    ones = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    moved = (ones @ theta - SMOOTHING * previous_step(ones @ theta, lengths)) / (strength * fresh)
    return -0.5 * ((e - moved) ** 2).sum(axis=1)


def test_it_is_fishers_inverse_times_the_gradient_by_finite_differences(monkeypatch):
    """For noise of strength s; the code's is for 1, and grows with s."""
    monkeypatch.setattr("stages.control.natural_gradient.RIDGE", 1e-12)
    x, e, lengths = tries()
    strength, epsilon, size = 0.3, 1e-4, 8
    advantages = np.clip(rng(1).normal(size=len(x)), -2, 2)
    advantages = (advantages - advantages.mean()) / advantages.std()
    steps = epsilon * np.eye(size).reshape(size, 4, 2)

    def scores(drawn):
        """(N, 8), by central differences."""
        above, below = (
            np.stack([log_probability(sign * step, x, drawn, lengths, strength) for step in steps])
            for sign in (1, -1)
        )
        return (above - below).T / (2 * epsilon)

    # Fisher's matrix is of all noise that might have been drawn, not of what was.
    might = [scores(tries(seed)[1]) for seed in range(200)]
    fisher = np.mean([each.T @ each / len(x) for each in might], axis=0)
    expected = np.linalg.solve(fisher, scores(e).T @ advantages / len(x)).reshape(4, 2)
    weight, bias = natural_gradient(x, e, advantages, lengths, SMOOTHING)
    found = strength * np.concatenate([weight.T, bias[None]])
    np.testing.assert_allclose(found, expected, atol=0.05 * abs(expected).max())


def test_one_step_that_is_far_better_than_all_others_does_not_say_all():
    x, e, lengths = tries()
    advantages = rng(1).normal(size=len(x))
    advantages[3] = 1e6
    weight, _ = natural_gradient(x, e, advantages, lengths, SMOOTHING)
    assert np.isfinite(weight).all()
    assert abs(weight).max() < LARGEST


def test_without_any_difference_nothing_is_learned():
    x, e, lengths = tries()
    weight, bias = natural_gradient(x, e, np.full(len(x), 4.0), lengths, SMOOTHING)
    assert not weight.any()
    assert not bias.any()


def test_a_learner_finds_the_c_that_is_paid_for_best():
    """What is asked for is a = V x, at a cost of the squared distance to it."""
    wanted, draws, strength = np.array([[1.0, -2, 0.5]]), rng(3), 0.5
    learner = ActorCritic(np.zeros(4), 3, 3, 0.0, 0.0, rng())
    for _ in range(60):
        x = draws.normal((0, 0, 2), size=(400, 3))
        drawn = draws.normal(size=(400, 1))
        lengths = np.full(100, 4)
        fresh = np.sqrt(1 - SMOOTHING**2)
        noise = np.zeros_like(drawn)
        for step in range(4):
            before = noise[step - 1 :: 4] if step else 0
            noise[step::4] = SMOOTHING * before + fresh * drawn[step::4]
        action = x @ learner.genome[:3] + learner.genome[3] + strength * noise[:, 0]
        rewards = -((action - x @ wanted[0]) ** 2)
        learner.learn(x, drawn, rewards, lengths, SMOOTHING, 0.3 * strength)
    np.testing.assert_allclose(learner.genome, [*wanted[0], 0], atol=0.25)


def test_a_learner_that_is_restored_goes_on_alike():
    first, second = (ActorCritic(np.zeros(8), 2, 3, 0.9, 0.9, rng(5)) for _ in range(2))
    x, drawn, lengths = tries()
    rewards = rng(2).normal(size=len(x))
    second.restore(first.state())  # of one that has learned nothing
    first.learn(x, drawn, rewards, lengths, SMOOTHING, 0.1)
    second.restore(first.state())
    for learner in (first, second):
        learner.learn(x[::-1], drawn, rewards, lengths, SMOOTHING, 0.1)
    np.testing.assert_array_equal(first.genome, second.genome)
    assert first.genome.any()


def test_features_that_hardly_vary_are_refused():
    x, drawn, lengths = tries()
    with pytest.raises(ValueError, match="they vary in 2 directions, and 3 are asked for"):
        ActorCritic(np.zeros(8), 2, 3, 0.9, 0.9, rng()).learn(
            x * [1, 1, 0], drawn, drawn[:, 0], lengths, SMOOTHING, 0.1
        )
