"""The natural actor-critic, and its parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worldmodels.finetune import natural_gradient as natural_gradient_module
from worldmodels.finetune.actor_critic import ActorCritic
from worldmodels.finetune.critic import Critic
from worldmodels.finetune.episode_sums import discounted_sums, previous_step
from worldmodels.finetune.natural_gradient import MAX_ADVANTAGE, natural_gradient

CORRELATION = 0.8
LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=6).map(np.array)


def rng(seed=0):
    return np.random.default_rng(seed)


@given(LENGTHS, st.floats(0, 1), st.integers(0, 99))
def test_a_discounted_sum_ends_with_its_episode(lengths, discount, seed):
    values = rng(seed).normal(size=lengths.sum())
    expected = []
    for episode in np.split(values, np.cumsum(lengths)[:-1]):
        for first in range(len(episode)):
            later = episode[first:]
            expected.append((later * discount ** np.arange(len(later))).sum())
    np.testing.assert_allclose(discounted_sums(values, lengths, discount), expected, atol=1e-12)


@given(LENGTHS)
def test_the_first_step_of_an_episode_has_no_previous_one(lengths):
    values = rng().normal(size=(lengths.sum(), 2))
    parts = np.split(values, np.cumsum(lengths)[:-1])
    expected = [np.concatenate([np.zeros((1, 2)), part[:-1]]) for part in parts]
    np.testing.assert_array_equal(previous_step(values, lengths), np.concatenate(expected))


def random_walks(episodes=200, steps=20, seed=0):
    """A walk x, and a reward of 3 x_0 + noise each step: x, rewards, lengths."""
    draw = rng(seed)
    x = draw.normal(size=(episodes, steps, 2)).cumsum(axis=1) / np.sqrt(steps)
    rewards = 3 * x[:, :, 0] + 0.1 * draw.normal(size=(episodes, steps))
    return x.reshape(-1, 2), rewards.ravel(), np.full(episodes, steps)


def test_the_critic_predicts_most_of_the_returns():
    x, rewards, lengths = random_walks()
    returns = discounted_sums(rewards, lengths, 0.5)
    advantages = Critic(2, 0.5, 0.9, rng()).advantages(x, rewards, lengths)
    assert advantages.std() < 0.5 * returns.std()
    assert abs(advantages.mean()) < 0.05 * returns.std()


def test_a_step_with_an_unexpected_reward_has_an_advantage():
    x, rewards, lengths = random_walks()
    rewards[7::20] += 2.0  # in step 7 of each episode, which x does not show
    rewards[7] += 50.0
    advantages = Critic(2, 0.5, 0.9, rng()).advantages(x, rewards, lengths)
    assert advantages.argmax() == 7
    assert advantages[27::20].mean() > advantages[10::20].mean() + 1


def test_the_advantage_of_the_last_step_is_its_reward_less_the_prediction():
    x, rewards, lengths = random_walks(episodes=30)
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
    of_other_episodes = (after - before)[:-20]  # which change only with v
    assert abs(of_other_episodes).max() < 0.1


def test_a_restored_critic_continues_like_the_first():
    first, second = (Critic(2, 0.9, 0.9, rng(5)) for _ in range(2))
    first.advantages(*random_walks(seed=1))
    second.restore(first.state())
    np.testing.assert_array_equal(
        first.advantages(*random_walks(seed=2)), second.advantages(*random_walks(seed=2))
    )


def random_steps(seed=0, episodes=40, steps=15):
    """Features x (N, 3), noise e (N, 2), and the lengths of the episodes."""
    draw = rng(seed)
    x = draw.normal(size=(episodes * steps, 3))
    return x, draw.normal(size=(episodes * steps, 2)), np.full(episodes, steps)


def log_probability(theta, x, e, lengths, std):
    """Of the action of each step, if theta were added to the C that acted."""
    fresh = np.sqrt(1 - CORRELATION**2)
    shift = np.concatenate([x, np.ones((len(x), 1))], axis=1) @ theta
    moved = (shift - CORRELATION * previous_step(shift, lengths)) / (std * fresh)
    return -0.5 * ((e - moved) ** 2).sum(axis=1)


def test_it_is_the_inverse_of_fishers_matrix_times_the_gradient(monkeypatch):
    """By finite differences, for noise of a standard deviation of 0.3. The function's gradient is
    for 1; it grows in proportion.
    """
    monkeypatch.setattr(natural_gradient_module, "FISHER_RIDGE", 1e-12)
    x, e, lengths = random_steps()
    std, epsilon, size = 0.3, 1e-4, 8
    advantages = np.clip(rng(1).normal(size=len(x)), -2, 2)
    advantages = (advantages - advantages.mean()) / advantages.std()
    steps = epsilon * np.eye(size).reshape(size, 4, 2)

    def scores(noise):
        """(N, 8), by central differences."""
        above, below = (
            np.stack([log_probability(sign * step, x, noise, lengths, std) for step in steps])
            for sign in (1, -1)
        )
        return (above - below).T / (2 * epsilon)

    # Fisher's matrix is an expectation over all noise, not over that of one batch.
    samples = [scores(random_steps(seed)[1]) for seed in range(200)]
    fisher = np.mean([each.T @ each / len(x) for each in samples], axis=0)
    expected = np.linalg.solve(fisher, scores(e).T @ advantages / len(x)).reshape(4, 2)
    weight, bias = natural_gradient(x, e, advantages, lengths, CORRELATION)
    gradient = std * np.concatenate([weight.T, bias[None]])
    np.testing.assert_allclose(gradient, expected, atol=0.05 * abs(expected).max())


def test_a_single_huge_advantage_is_clipped():
    x, e, lengths = random_steps()
    advantages = rng(1).normal(size=len(x))
    advantages[3] = 1e6
    weight, _ = natural_gradient(x, e, advantages, lengths, CORRELATION)
    assert np.isfinite(weight).all()
    assert abs(weight).max() < MAX_ADVANTAGE


def test_equal_advantages_have_a_gradient_of_zero():
    x, e, lengths = random_steps()
    weight, bias = natural_gradient(x, e, np.full(len(x), 4.0), lengths, CORRELATION)
    assert not weight.any()
    assert not bias.any()


def test_the_learner_finds_the_best_linear_policy():
    """The reward is minus the squared distance of the action from V x."""
    best, draw, std = np.array([[1.0, -2, 0.5]]), rng(3), 0.5
    learner = ActorCritic(np.zeros(4), 3, 3, 0.0, 0.0, rng())
    for _ in range(60):
        x = draw.normal((0, 0, 2), size=(400, 3))
        e = draw.normal(size=(400, 1))
        lengths = np.full(100, 4)
        fresh = np.sqrt(1 - CORRELATION**2)
        noise = np.zeros_like(e)
        for step in range(4):
            before = noise[step - 1 :: 4] if step else 0
            noise[step::4] = CORRELATION * before + fresh * e[step::4]
        action = x @ learner.theta[:3] + learner.theta[3] + std * noise[:, 0]
        rewards = -((action - x @ best[0]) ** 2)
        learner.learn(x, e, rewards, lengths, CORRELATION, 0.3 * std)
    np.testing.assert_allclose(learner.theta, [*best[0], 0], atol=0.25)


def test_a_restored_learner_continues_like_the_first():
    first, second = (ActorCritic(np.zeros(8), 2, 3, 0.9, 0.9, rng(5)) for _ in range(2))
    x, e, lengths = random_steps()
    rewards = rng(2).normal(size=len(x))
    second.restore(first.state())  # of one that has learned nothing
    first.learn(x, e, rewards, lengths, CORRELATION, 0.1)
    second.restore(first.state())
    for learner in (first, second):
        learner.learn(x[::-1], e, rewards, lengths, CORRELATION, 0.1)
    np.testing.assert_array_equal(first.theta, second.theta)
    assert first.theta.any()


def test_features_that_hardly_vary_are_refused():
    x, e, lengths = random_steps()
    with pytest.raises(ValueError, match="they vary in 2 directions, and 3 are asked for"):
        ActorCritic(np.zeros(8), 2, 3, 0.9, 0.9, rng()).learn(
            x * [1, 1, 0], e, e[:, 0], lengths, CORRELATION, 0.1
        )
