import numpy as np
import pytest
from scipy.special import expit

from tests.support.gradients import assert_gradient
from tests.support.memories import (
    EVERY_MEMORY,
    memory_id,
    random_memory,
    random_sequences,
    single_sequence,
)
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.registry import LSTMS, MEMORIES, make_memory
from worldmodels.nn.adam import Adam
from worldmodels.nn.lstm import step_slices

rng = np.random.default_rng(0)


@pytest.fixture(params=EVERY_MEMORY, ids=memory_id)
def memory(request) -> RecurrentMemory:
    return random_memory(*request.param, rng=np.random.default_rng(0))


def test_the_gradient_through_time_agrees_with_finite_differences(memory):
    batch = random_sequences(6, 3, np.random.default_rng(1))
    loss, gradient = memory.loss_and_gradient(batch)
    assert loss == pytest.approx(memory.loss(batch))
    assert_gradient(lambda: memory.loss(batch), memory.parameters, gradient)


def test_single_steps_give_the_same_states_as_a_whole_sequence(memory):
    batch = random_sequences(5, 3, rng)
    h = c = np.zeros((3, memory.hidden_size))
    states = memory.states(batch)
    for now in step_slices(batch.batch_sizes):
        count = now.stop - now.start
        h, c = memory.step(batch.z[now], batch.actions[now], h[:count], c[:count])
        np.testing.assert_allclose(h, states[now], atol=1e-12)
        predicted, expected = (
            memory.predict(
                memory.head_features(state, batch.z[now], batch.actions[now]), batch.z[now]
            )
            for state in (h, states[now])
        )
        np.testing.assert_allclose(predicted, expected)


def test_the_loss_is_a_mean_over_steps_and_a_sum_over_heads():
    memory = random_memory("lstm", predict_reward_done=True, rng=rng)
    batch = random_sequences(5, 3, rng)
    states = memory.states(batch)
    reward, done = memory.reward_and_done(states)
    expected = {
        "z": np.square(memory.predict(states, batch.z) - batch.z_next).mean(),
        "reward": np.square(reward - batch.rewards).mean(),
        "done": -np.log(np.where(batch.dones > 0, done, 1 - done)).mean(),
    }
    assert memory.losses(states, batch) == pytest.approx(expected)
    assert memory.loss(batch) == pytest.approx(sum(expected.values()))


@pytest.mark.parametrize("kind", LSTMS)
def test_the_reward_weight_scales_the_rewards_term_of_the_loss(kind):
    memory = random_memory(kind, predict_reward_done=True, rng=rng)
    batch = random_sequences(5, 3, rng)
    before = memory.losses(memory.states(batch), batch)
    memory.set_loss_weights(0.25)
    after = memory.losses(memory.states(batch), batch)
    assert after == {**before, "reward": 0.25 * before["reward"]}
    loss, gradient = memory.loss_and_gradient(batch)
    assert loss == pytest.approx(sum(after.values()))
    assert_gradient(lambda: memory.loss(batch), memory.parameters, gradient)


@pytest.mark.parametrize("weight", [10.0, 0.5])
def test_the_done_weight_counts_ends_and_changes_no_probability(weight):
    memory = random_memory("mdn_lstm", predict_reward_done=True, rng=rng)
    batch = random_sequences(5, 3, rng)
    states = memory.states(batch)
    before, p_before = memory.losses(states, batch), memory.reward_and_done(states)[1]
    memory.set_loss_weights(1.0, weight)
    after, p = memory.losses(states, batch), memory.reward_and_done(states)[1]
    np.testing.assert_array_equal(p, p_before)
    odds = weight * p / (1 - p)  # at which the loss is taken
    nll = np.where(batch.dones > 0, weight * np.log1p(1 / odds), np.log1p(odds)).mean()
    assert after.pop("done_weighting") == pytest.approx(nll - before["done"])
    assert after == before
    loss, gradient = memory.loss_and_gradient(batch)
    assert (
        loss
        == pytest.approx(memory.loss(batch))
        == pytest.approx(sum(after.values()) + nll - before["done"])
    )
    assert_gradient(lambda: memory.loss(batch), memory.parameters, gradient)


def test_probabilities_learned_with_a_done_weight_are_those_of_the_episodes():
    memory = random_memory("lstm", predict_reward_done=True, rng=rng)
    memory.set_loss_weights(1.0, 10.0)
    batch = random_sequences(40, 12, rng)
    sequences = batch._replace(z=0 * batch.z, actions=0 * batch.actions)
    dones = (rng.random(len(batch.dones)) < 0.1).astype(float)
    sequences = sequences._replace(dones=dones)
    adam = Adam(memory.parameters, 0.02)
    for _ in range(200):
        adam.step(memory.loss_and_gradient(sequences)[1])
    p = memory.reward_and_done(memory.states(sequences))[1]
    assert p.mean() == pytest.approx(dones.mean(), abs=0.02)


def test_the_sequences_of_a_batch_are_independent(memory):
    batch = random_sequences(6, 3, rng)
    loss, gradient = memory.loss_and_gradient(batch)
    each = [single_sequence(batch, number) for number in range(3)]
    losses, gradients = zip(*(memory.loss_and_gradient(one) for one in each), strict=True)
    weights = np.array([len(one.z) for one in each]) / len(batch.z)
    assert loss == pytest.approx(weights @ losses)
    mean = sum(weight * one.flat for weight, one in zip(weights, gradients, strict=True))
    np.testing.assert_allclose(gradient.flat, mean, atol=1e-12)


@pytest.mark.parametrize("kind", LSTMS)
def test_with_heads_of_zeros_an_m_of_changes_predicts_that_z_stays(kind):
    z, h = rng.standard_normal((6, 3)), rng.standard_normal((6, 4))
    stays = {}
    for predict_change in (False, True):
        memory = random_memory(kind, predict_change=predict_change, rng=rng)
        for name in memory.Z_SHAPES:
            memory.parameters[name][...] = 0
        stays[predict_change] = np.allclose(memory.predict(h, z), z)
    assert stays == {False: False, True: True}


@pytest.mark.parametrize("kind", LSTMS)
def test_an_m_of_changes_is_read_back_as_one(kind):
    memory = random_memory(kind, True, 6, True, rng=rng)
    again = Ensemble([MEMORIES[kind](memory.arrays(), np.float64)] * 2)
    (member, _) = Ensemble.from_arrays(again.arrays()).members
    assert (member.kind, member.predicts_change) == (kind, True)
    arrays = random_memory(kind, rng=rng).arrays()
    assert not MEMORIES[kind](arrays).predicts_change
    for wrong in (np.array(False), np.array([True])):
        with pytest.raises(ValueError, match="'predicts_change' must be true or left out"):
            MEMORIES[kind](arrays | {"predicts_change": wrong})


@pytest.mark.parametrize("kind", LSTMS)
def test_the_forget_gates_initial_bias_is_1(kind):
    memory = make_memory(kind, 16, 2, np.random.default_rng(0), hidden=32, num_mixtures=2)
    bias = memory.parameters["lstm.bias"].reshape(4, 32)
    np.testing.assert_array_equal(bias, np.array([0, 1, 0, 0])[:, None].repeat(32, 1))


def test_the_papers_memory_has_the_papers_number_of_parameters():
    memory = MDNLSTM.initial(32, 3, 256, rng, num_mixtures=5, min_std=0.01)
    lstm, mixtures = 4 * (32 + 3 + 256 + 1) * 256, 257 * (3 * 5 * 32)
    assert memory.parameters.flat.size == lstm + mixtures == 422_368


@pytest.mark.parametrize("predict_change", [False, True])
@pytest.mark.parametrize("temperature", [0.25, 1.0])
def test_samples_are_distributed_about_the_prediction(temperature, predict_change):
    count = 50_000
    h = np.repeat(rng.standard_normal((1, 4)), count, axis=0)
    z, uniform, normal = (
        rng.standard_normal((1, 3)),
        rng.random((count, 3)),
        rng.normal(size=(count, 3)),
    )
    single = random_memory("lstm", predict_change=predict_change, rng=rng)
    np.testing.assert_array_equal(
        single.sample(h, z, uniform, normal, temperature), single.predict(h, z)
    )  # without calibration its standard deviation is 0
    single.calibrate(np.array([0.1, 0.2, 0.4]))
    samples = single.sample(h, z, uniform, normal, temperature)
    std = np.array([0.1, 0.2, 0.4]) * np.sqrt(temperature)
    np.testing.assert_allclose(samples.std(axis=0), std, rtol=0.03)
    if temperature == 1:
        for kind in ("mdn_lstm", "joint_mdn_lstm"):
            mixture = random_memory(kind, predict_change=predict_change, rng=rng)
            samples = mixture.sample(h, z, uniform, normal, temperature)
            np.testing.assert_allclose(samples.mean(axis=0), mixture.predict(h[0], z[0]), atol=0.05)


def test_the_head_features_are_h_itself_without_a_hidden_layer():
    h = rng.standard_normal((6, 4))
    assert random_memory("mdn_lstm", rng=rng).head_features(h, None, None) is h
    with_head = random_memory("mdn_lstm", head_hidden=5, rng=rng)
    p = with_head.parameters
    expected = np.maximum(h @ p["head.weight"] + p["head.bias"], 0)
    np.testing.assert_allclose(with_head.head_features(h, None, None), expected)


def test_reward_and_done_are_a_linear_and_a_sigmoid_output():
    memory = random_memory("mdn_lstm", predict_reward_done=True, rng=rng)
    h = rng.standard_normal((6, 4))
    reward, done = memory.reward_and_done(h)
    p = memory.parameters
    np.testing.assert_allclose(reward, h @ p["reward.weight"] + p["reward.bias"])
    np.testing.assert_allclose(done, expit(h @ p["done.weight"] + p["done.bias"]))
    with pytest.raises(ValueError, match="predicts neither rewards nor ends"):
        random_memory("mdn_lstm", rng=rng).reward_and_done(h)
