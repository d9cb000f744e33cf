"""The convolutional LSTM: columns, places, its own predictions as inputs, and what it refuses."""

import numpy as np
import pytest
import scipy  # its stats are imported when first used: collecting is faster

from tests.support.gradients import assert_gradient
from worldmodels.envs.doom.env import THRESHOLD
from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.memory.registry import MEMORIES, kind_of, make_memory
from worldmodels.memory.scheduled_sampling import own_stretches
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.adam import Adam
from worldmodels.pipeline.config.env_params import DOOM_ACTION_THRESHOLD

P, K, A = 6, 2, 1
Z = P * K


def small(dtype=np.float64, threshold=0.0, **changes):
    options = {"predict_change": True, "predict_reward_done": True, "columns": P} | changes
    memory = make_memory(
        "conv_lstm",
        *(options["columns"] * K, A, np.random.default_rng(0)),
        **{"hidden": 4, "head_hidden": 5, "min_std": 0.1, "action_threshold": threshold} | options,
    )
    return MEMORIES["conv_lstm"](memory.arrays(), dtype)


def batch(rng, own=False, lengths=(7, 5, 2)):
    has_step = np.arange(max(lengths))[:, None] < np.array(lengths)
    count = int(has_step.sum())
    chosen = rng.random(count) < 0.6
    chosen[: len(lengths)] = False
    return PackedSequences(
        *(rng.standard_normal((count, size)) for size in (Z, A, Z)),
        rng.standard_normal(count),
        (rng.random(count) < 0.2).astype(float),
        has_step.sum(axis=1),
        chosen if own else None,
    )


@pytest.mark.parametrize("change", [False, True])
def test_the_gradient_runs_through_own_predictions(change):
    memory, sequences = small(predict_change=change), batch(np.random.default_rng(1), own=True)
    memory.parameters["z.bias"][:, 0] = (9.0, 2.5)  # some z and deviations are beyond their limits
    memory.set_loss_weights(0.5, 3.0)
    loss, gradient = memory.loss_and_gradient(sequences)
    assert loss == pytest.approx(memory.loss(sequences))
    assert loss != pytest.approx(memory.loss(sequences._replace(own=None)), rel=1e-3)
    assert_gradient(lambda: memory.loss(sequences), memory.parameters, gradient, sample=30)


def test_an_own_prediction_is_the_mean_of_the_step_before():
    memory = small()
    sequences = batch(np.random.default_rng(1), lengths=(4,))
    own = sequences._replace(own=np.array([False, False, True, True]))
    h, c = np.zeros((2, 1, memory.hidden_size))
    given, z = [], sequences.z[:1]
    for t in range(4):
        z = sequences.z[t : t + 1] if t < 2 else z
        given.append(z[0])
        action = sequences.actions[t : t + 1]
        h, c = memory.step(z, action, h, c)
        z = memory.predict(memory.head_features(h, z, action), z)
    by_hand = sequences._replace(z=np.array(given))
    assert memory.loss(own) == pytest.approx(memory.loss(by_hand), rel=1e-12)


def test_without_the_pooled_h_what_is_far_away_does_not_matter():
    memory = small(head_hidden=40)
    memory.parameters["lstm.pooled_weight"][...] = 0
    rng = np.random.default_rng(1)
    z, actions = rng.standard_normal((1, Z)), rng.standard_normal((1, A))
    moved = z.copy()
    moved[:, :K] += 1  # of the first column

    def after(steps, z):
        h, c = np.zeros((2, 1, memory.hidden_size))
        for _ in range(steps):
            h, c = memory.step(z, actions, h, c)
        return h.reshape(P, -1), memory.predict(memory.head_features(h, z, actions), z)

    for steps, reach in ((1, 2), (2, 3)):
        (h, mean), (h_moved, mean_moved) = after(steps, z), after(steps, moved)
        changed = np.flatnonzero(np.abs(h - h_moved).max(axis=1) > 1e-9)
        assert changed.tolist() == [*range(reach + 1)]
        changed = np.abs(mean - mean_moved).reshape(P, K).max(axis=1) > 1e-9
        assert np.flatnonzero(changed).tolist() == [*range(reach + 2)]
    memory = small()
    assert np.abs(after(1, z)[0] - after(1, moved)[0])[-1].max() < 1e-9  # h was 0 before
    assert np.abs(after(2, z)[0] - after(2, moved)[0])[-1].max() > 1e-9


def test_places_are_told_apart():
    memory = small()
    h, c = np.zeros((2, 1, memory.hidden_size))
    h, _ = memory.step(np.zeros((1, Z)), np.zeros((1, A)), h, c)
    columns = h.reshape(P, -1)
    assert len(np.unique(columns.round(9), axis=0)) == P


def test_samples_are_distributed_about_the_prediction_as_the_loss_says():
    memory, rng, count = small(), np.random.default_rng(1), 20_000
    z, actions, h = (np.repeat(rng.standard_normal((1, n)), count, 0) for n in (Z, A, 4 * P))
    features = memory.head_features(h, z, actions)
    mean, normal = memory.predict(features[:1], z[:1]), rng.standard_normal((count, Z))
    samples = {
        temperature: memory.sample(features, z, normal, normal, temperature)
        for temperature in (1.0, 0.25)
    }
    for temperature, sample in samples.items():
        np.testing.assert_allclose(sample.mean(axis=0), mean[0], atol=0.1 * temperature**0.5)
    std = samples[1.0].std(axis=0)
    np.testing.assert_allclose(samples[0.25].std(axis=0), 0.5 * std, rtol=0.05)
    one = batch(rng, lengths=(2,))
    sequences = one._replace(z=z[:2], z_next=z[:2] + 0.3)
    nll = memory.losses(features[:2], sequences)["z"]
    expected = -scipy.stats.norm.logpdf(z[0] + 0.3, mean[0], std).mean()
    assert nll == pytest.approx(expected, abs=0.05)


def test_of_an_action_it_sees_only_the_direction_beyond_the_threshold():
    h = c = np.zeros((4, 4 * P))
    actions = np.array([[0.4], [1.0], [0.3], [-0.4]])
    z = np.zeros((4, Z))
    seen = small(threshold=1 / 3).step(z, actions, h, c)[0]
    np.testing.assert_array_equal(seen[0], seen[1])
    assert len(np.unique(seen.round(9), axis=0)) == 3
    assert len(np.unique(small().step(z, actions, h, c)[0].round(9), axis=0)) == 4
    assert DOOM_ACTION_THRESHOLD == THRESHOLD


def test_a_bad_dream_stays_finite():
    memory, rng = small(np.float32), np.random.default_rng(1)
    memory.parameters.flat *= 5  # what it predicts of z grows with z
    z, actions = (rng.standard_normal((8, size), np.float32) for size in (Z, A))
    h, c = np.zeros((2, 8, memory.hidden_size), np.float32)
    with np.errstate(all="raise", under="ignore"):
        for _ in range(500):
            h, c = memory.step(z, actions, h, c)
            features = memory.head_features(h, z, actions)
            normal = rng.standard_normal(z.shape, np.float32)
            z = memory.sample(features, z, normal, normal, 4.0)
            assert np.isfinite(memory.reward_and_done(features)).all()
    assert np.isfinite(z).all()


def test_no_reward_is_beyond_the_range_and_the_loss_is_least_at_the_mean():
    memory = small(reward_range=(-160.0, 4.0))
    sequences = batch(np.random.default_rng(1))
    features = memory.head_features(memory.states(sequences), sequences.z, sequences.actions)
    for size in (0, 1e3):
        memory.parameters["reward.weight"][...] = size * np.sign(np.arange(5) - 2)
        rewards, _ = memory.reward_and_done(features)
        assert rewards.min() >= -160
        assert rewards.max() <= 4
    memory.parameters["reward.weight"][...] = 0
    given = np.where(np.arange(len(sequences.z)) < 2, -100.0, 4.0)  # a few hits
    sequences = sequences._replace(rewards=given)
    gradients = []
    for mean in (given.mean(), given.mean() + 3):
        share = (mean + 160) / 164
        memory.parameters["reward.bias"][...] = np.log(share / (1 - share))
        rewards, _ = memory.reward_and_done(features)
        np.testing.assert_allclose(rewards, mean)
        gradients.append(float(memory.loss_and_gradient(sequences)[1]["reward.bias"]))
    assert gradients[0] == pytest.approx(0, abs=1e-9)
    assert gradients[1] > 0.01


def test_a_batch_may_be_empty():
    memory = small()
    z, actions, h = np.zeros((0, Z)), np.zeros((0, A)), np.zeros((0, memory.hidden_size))
    h, c = memory.step(z, actions, h, h)
    features = memory.head_features(h, z, actions)
    sample = memory.sample(features, z, z, z, 1.0)
    assert h.shape == c.shape == (0, memory.hidden_size)
    assert memory.predict(features, z).shape == sample.shape == (0, Z)
    assert [each.shape for each in memory.reward_and_done(features)] == [(0,), (0,)]


def test_it_is_read_back_alone_and_in_an_ensemble():
    memory = small(np.float32, threshold=0.25, reward_range=(-3.0, 4.0))
    assert kind_of(memory.arrays()) == "conv_lstm"
    alone = ENSEMBLES["conv_lstm"](memory.arrays())
    pair = ENSEMBLES["ensemble"](Ensemble([memory, memory]).arrays())
    for again in (*alone.members, *pair.members):
        assert (again.columns, again.min_std, again.action_threshold) == (P, 0.1, 0.25)
        assert (again.z_size, again.action_size, again.hidden_size) == (Z, A, 4 * P)
        assert again.predicts_change
        assert again.predicts_reward_done
        assert again.reward_range == (-3, 4)
    assert alone.columns == P
    with pytest.raises(ValueError, match="members must be alike"):
        Ensemble([memory, small(np.float32, columns=3)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": np.array(2)}, r"do not fit 2 columns"),
        ({"columns": np.array(1.5)}, "'columns' must be a whole number above 0, found 1.5"),
        ({"min_std": np.array(0.0)}, "'min_std' must be one number above 0, found 0.0"),
        ({"action_threshold": np.array(1.0)}, r"'action_threshold' must be .*found 1.0"),
        ({"head.weight": np.ones((3, 5))}, "do not fit 6 columns"),
        ({"reward_range": np.ones(2)}, r"'reward_range' must be two .*below the second, found \["),
        ({"reward_range": np.array(1.0)}, r"'reward_range' must be two numbers.*, found 1.0"),
    ],
)
def test_other_arrays_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        MEMORIES["conv_lstm"](small().arrays() | change)


def test_a_z_that_cannot_be_split_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="z of 7 numbers cannot be split into 3 columns"):
        make_memory("conv_lstm", 7, 1, rng, hidden=4, head_hidden=4, columns=3)


def test_own_stretches_have_4_to_16_steps_in_a_share_of_the_sequences():
    sizes = np.full(40, 2000)
    own = own_stretches(sizes, 0.7, np.random.default_rng(0)).reshape(40, 2000)
    lengths = own.sum(axis=0)
    assert (lengths > 0).mean() == pytest.approx(0.7, abs=0.04)
    assert set(lengths[lengths > 0]) == set(range(4, 17))
    assert (np.abs(np.diff(own.astype(int), axis=0)).sum(axis=0) <= 2).all()  # one stretch each
    assert not own[:3].any()
    assert not own_stretches(sizes, 0.0, np.random.default_rng(0)).any()
    short = own_stretches(np.array([5, 5, 5, 5, 2]), 1.0, np.random.default_rng(0))
    assert not short[:15].any()
    assert short[15:].all()


def test_it_learns_what_moves_from_column_to_column():
    """A bump moves by a column a step, to the side that the action says."""
    rng = np.random.default_rng(3)
    memory = small(np.float32, predict_reward_done=False)
    place, action = rng.integers(1, P - 1, 200), rng.choice([-1, 1], 200)
    z, z_next = np.eye(P)[place], np.eye(P)[place + action]
    sequences = PackedSequences(
        *(np.repeat(each, K, axis=1).astype(np.float32) for each in (z, action[:, None], z_next)),
        *np.zeros((2, 200), np.float32),
        np.array([200]),
    )._replace(actions=action[:, None].astype(np.float32))
    adam = Adam(memory.parameters, 0.01)
    for _ in range(150):
        adam.step(memory.loss_and_gradient(sequences)[1])
    features = memory.head_features(memory.states(sequences), sequences.z, sequences.actions)
    error = np.square(memory.predict(features, sequences.z) - sequences.z_next).mean()
    assert error < 0.1 * np.square(sequences.z - sequences.z_next).mean()
