"""M as an environment."""

import numpy as np
import pytest

from worldmodels.agent.agent import LatentPolicy
from worldmodels.controller.controller import Controllers
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import Context, StartStates
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.rollout.loop import rollout

NEVER, ALWAYS = -50.0, 50.0  # biases of the done head
STARTS = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)


def member(seed=0, *, mixture=False, done_bias=-3.0, change=False):
    """An untrained M with reward and done heads."""
    rng = np.random.default_rng(seed)
    if mixture:
        memory = MDNLSTM.initial(
            *(4, 2, 5, rng),
            head_hidden=6,
            num_mixtures=2,
            min_std=0.1,
            predict_change=change,
            predict_reward_done=True,
        )
    else:
        memory = DeterministicLSTM.initial(
            4, 2, 5, rng, predict_change=change, predict_reward_done=True
        )
        memory.calibrate(np.full(4, 0.3))
    memory.parameters["done.bias"][...] = done_bias
    return memory


def predicted_z(memory, z, h):
    return memory.predict(memory.head_features(h, z, None), z)


def predicted_reward(memory, h):
    return memory.reward_and_done(memory.head_features(h, None, None))[0]


def dream(
    members,
    num_envs=3,
    temperature=1.0,
    seed=1,
    max_steps=20,
    context=None,
    policy_memory=None,
    **options,
):
    start_states = StartStates(STARTS, context, seed)
    return DreamEnv(
        members, start_states, num_envs, max_steps, temperature, policy_memory, **options
    )


@pytest.mark.parametrize("change", [False, True])
def test_a_dream_returns_what_m_predicts(change):
    memory = member(done_bias=NEVER, change=change)
    env = dream([memory], temperature=1e-12)
    observations, _ = env.reset()
    np.testing.assert_array_equal(observations, np.hstack([STARTS, np.zeros((3, 5))]))
    z, h, c = STARTS, np.zeros((3, 5), np.float32), np.zeros((3, 5), np.float32)
    for step in range(20):
        actions = np.full((3, 2), np.sin(step), np.float32)
        observations, rewards, terminated, truncated, _ = env.step(actions)
        h, c = memory.step(z, actions, h, c)
        z = predicted_z(memory, z, h)
        np.testing.assert_allclose(observations, np.hstack([z, h]), atol=1e-5)
        np.testing.assert_allclose(rewards, predicted_reward(memory, h), atol=1e-5)
        assert not terminated.any()
        assert truncated.all() == (step == 19)


def test_m_is_burnt_in_on_the_context_of_each_start():
    rng = np.random.default_rng(4)
    members = [member(0, done_bias=NEVER), member(1, done_bias=NEVER)]
    z = rng.standard_normal((3, 4, 4)).astype(np.float32)
    actions = rng.standard_normal((3, 4, 2)).astype(np.float32)
    context = Context(z, actions, np.array([4, 0, 2]))
    env = dream(members, num_envs=6, temperature=1e-12, context=context)
    observations, _ = env.reset()
    for start, steps in enumerate(context.steps):
        state = (np.zeros((1, 5), np.float32),) * 2
        for t in range(4 - steps, 4):
            state = members[0].step(z[start, t][None], actions[start, t][None], *state)
        expected = np.hstack([STARTS[start], state[0][0]])
        np.testing.assert_allclose(observations[start], expected, atol=1e-6)
        np.testing.assert_array_equal(observations[start], observations[start + 3])
    env.step(np.full((6, 2), 0.3))
    np.testing.assert_array_equal(env.reset()[0], observations)


def test_the_observed_h_may_be_that_of_another_m_which_changes_no_dream():
    dreaming, other = member(0, done_bias=NEVER), member(7)
    plain = dream([dreaming], temperature=1e-12)
    env = dream([dreaming], temperature=1e-12, policy_memory=other)
    h = c = np.zeros((3, 5), np.float32)
    plain.reset()
    env.reset()
    z = STARTS
    for step in range(5):
        actions = np.full((3, 2), np.sin(step), np.float32)
        expected, expected_rewards, *_ = plain.step(actions)
        observations, rewards, *_ = env.step(actions)
        h, c = other.step(z, actions, h, c)
        z = expected[:, :4]
        np.testing.assert_array_equal(observations[:, :4], z)
        np.testing.assert_allclose(observations[:, 4:], h, atol=1e-6)
        np.testing.assert_array_equal(rewards, expected_rewards)


@pytest.mark.parametrize("mixture", [False, True])
def test_rows_with_the_same_start_have_the_same_noise(mixture):
    env = dream([member(mixture=mixture)], num_envs=9)
    env.reset()
    for _ in range(6):
        observations, rewards, *_ = env.step(np.full((9, 2), 0.3))
    np.testing.assert_allclose(observations[:3], observations[6:], atol=1e-6)
    np.testing.assert_allclose(rewards[:3], rewards[3:6], atol=1e-6)
    assert not np.allclose(observations[0], observations[1], atol=1e-3)


def test_a_row_does_not_depend_on_the_others_in_its_batch():
    whole, part = dream([member()], num_envs=6), dream([member()], num_envs=6)
    rows = np.array([1, 5])
    actions = np.linspace(-1, 1, 12).reshape(6, 2)
    for env in (whole, part):
        env.reset()
        env.step(actions)
    part.keep(rows)
    for of_part, of_whole in zip(
        part.step(actions[rows])[:4], whole.step(actions)[:4], strict=True
    ):
        np.testing.assert_allclose(of_part, of_whole[rows], atol=1e-6)


def test_a_higher_temperature_is_more_noise_and_another_seed_is_other_noise():
    def last_observations(**changes):
        env = dream([member(done_bias=NEVER)], **changes)
        env.reset()
        for _ in range(8):
            observations, *_ = env.step(np.zeros((3, 2)))
        return observations

    cold, mild, hot = (last_observations(temperature=t) for t in (1e-12, 0.1, 2.0))
    assert np.abs(hot - cold).mean() > np.abs(mild - cold).mean()
    np.testing.assert_array_equal(last_observations(), last_observations())
    assert not np.array_equal(last_observations(seed=1), last_observations(seed=2))


def test_of_an_ensemble_the_lowest_reward_and_the_highest_done_count():
    optimist, pessimist = member(0, done_bias=NEVER), member(0, done_bias=ALWAYS)
    optimist.parameters["reward.bias"][...] += 5
    env = dream([optimist, pessimist])
    env.reset()
    _, rewards, terminated, *_ = env.step(np.zeros((3, 2)))
    np.testing.assert_allclose(rewards, predicted_reward(pessimist, env._h[1]), rtol=1e-5)
    assert terminated.all()


def test_ends_that_are_not_drawn_are_told_as_probabilities_and_change_no_z():
    members = [member(0, done_bias=0.3), member(7, done_bias=-0.3)]
    never = [member(0, done_bias=NEVER), member(7, done_bias=NEVER)]
    env, plain = dream(members, sample_done=False), dream(never)
    assert not env.reset()[1]["p_done"].any()
    plain.reset()
    for step in range(20):
        observations, rewards, terminated, truncated, info = env.step(np.zeros((3, 2)))
        expected, expected_rewards, _, _, plain_info = plain.step(np.zeros((3, 2)))
        np.testing.assert_array_equal(observations, expected)
        np.testing.assert_array_equal(rewards, expected_rewards)
        assert not terminated.any()
        assert truncated.all() == (step == 19)
        each = [
            m.reward_and_done(m.head_features(h, None, None))[1]
            for m, h in zip(members, env._h, strict=True)
        ]
        np.testing.assert_array_equal(info["p_done"], np.maximum(*each))
        assert "p_done" not in plain_info


def test_the_next_z_of_a_start_comes_from_one_member():
    members = [member(0, done_bias=NEVER), member(7, done_bias=NEVER)]
    env = dream(members, temperature=1e-12)
    env.reset()
    observations, *_ = env.step(np.zeros((3, 2)))
    expected = [
        predicted_z(members[start % 2], STARTS[start], env._h[start % 2][start])
        for start in range(3)
    ]
    np.testing.assert_allclose(observations[:, :4], expected, atol=1e-5)


def test_a_finished_row_stays_where_it_is():
    env = dream([member(done_bias=ALWAYS)])
    env.reset()
    observations, _, terminated, *_ = env.step(np.zeros((3, 2)))
    assert terminated.all()
    again, rewards, terminated, truncated, _ = env.step(np.ones((3, 2)))
    np.testing.assert_array_equal(again, observations)
    assert not rewards.any()
    assert terminated.all()
    assert not truncated.any()


def test_c_may_be_observed_before_h():
    memory, rows = member(done_bias=NEVER), np.array([2, 0])
    plain, env = dream([memory]), dream([memory], observe_c=True)
    h = c = np.zeros((3, 5), np.float32)
    z = env.reset()[0][:, :4]
    plain.reset()
    for step in range(4):
        actions = np.full((len(z), 2), np.sin(step), np.float32)
        h, c = memory.step(z, actions, h, c)
        observations, expected = env.step(actions)[0], plain.step(actions)[0]
        z = observations[:, :4]
        np.testing.assert_array_equal(z, expected[:, :4])
        np.testing.assert_allclose(observations[:, 4:], np.hstack([c, h]), atol=1e-6)
        if step == 1:
            env.keep(rows)
            plain.keep(rows)
            z, h, c = z[rows], h[rows], c[rows]


@pytest.mark.parametrize("features", [4, 9])
def test_c_acts_on_z_or_on_z_and_h(features):
    genomes = np.random.default_rng(3).normal(0, 1, (2, 2 * features + 2))
    controllers = Controllers.from_genomes(genomes, (features, 2))
    stats = rollout(dream([member(done_bias=NEVER)], num_envs=6), LatentPolicy(controllers))
    assert stats.lengths.tolist() == [20] * 6
    assert np.ptp(stats.returns) > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature": 0}, "a positive temperature"),
        ({"num_envs": 0}, "at least one M, start, row"),
    ],
)
def test_impossible_dreams_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        dream([member()], **changes)


def test_actions_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"actions must be \(3, 2\) numbers"):
        dream([member()]).step(np.zeros((2, 2)))
