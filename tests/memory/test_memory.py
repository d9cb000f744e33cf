import numpy as np
import pytest
from scipy.special import expit

from tests.support.gradients import assert_gradient
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.joint_mdn_lstm import JointMDNLSTM
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.registry import MEMORIES
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.adam import Adam
from worldmodels.nn.lstm import steps_of
from worldmodels.training.memory_scores import means, scores

rng = np.random.default_rng(0)
EVERY_KIND = [
    (kind, reward_and_done, head_features)
    for kind in MEMORIES
    for reward_and_done in (False, True)
    for head_features in (0, 6)
]


def initial(
    kind: str, z: int, actions: int, hidden: int, reward_and_done: bool, head_features: int = 0
) -> RecurrentMemory:
    sizes, generator = (z, actions, hidden), np.random.default_rng(0)
    if kind == "lstm":
        return DeterministicLSTM.initial(
            *sizes, generator, head_features=head_features, predict_reward_done=reward_and_done
        )
    return (MDNLSTM if kind == "mdn_lstm" else JointMDNLSTM).initial(
        *sizes,
        generator,
        mixtures=2,
        min_std=0.1,
        head_features=head_features,
        predict_reward_done=reward_and_done,
    )


def small(
    kind: str = "lstm", reward_and_done: bool = False, head_features: int = 0
) -> RecurrentMemory:
    arrays = initial(kind, 3, 2, 4, reward_and_done, head_features).arrays()
    memory = MEMORIES[kind](arrays, np.float64)
    memory.parameters.flat += 0.1 * rng.standard_normal(memory.parameters.flat.size)
    return memory


def named(param: tuple[str, bool, int]) -> str:
    kind, reward_and_done, head_features = param
    return f"{kind}{'-reward_and_done' * reward_and_done}{'-head_features' * (head_features > 0)}"


@pytest.fixture(params=EVERY_KIND, ids=named)
def memory(request) -> RecurrentMemory:
    return small(*request.param)


def sequences(steps: int, batch: int) -> PackedSequences:
    """Packed pieces of `steps` to 2 steps, each lost at its end."""
    lengths = np.linspace(steps, 2, batch).astype(int)
    goes_on = np.arange(steps)[:, None] < lengths
    dones = (np.arange(steps)[:, None] == lengths - 1)[goes_on].astype(np.float64)
    z, action, z_next = (rng.standard_normal((len(dones), size)) for size in (3, 2, 3))
    return PackedSequences(
        z, action, z_next, rng.standard_normal(len(dones)), dones, goes_on.sum(axis=1)
    )


def alone(batch: PackedSequences, piece: int) -> PackedSequences:
    """One piece of a batch."""
    first = np.cumsum(batch.batch_sizes) - batch.batch_sizes
    rows = (first + piece)[batch.batch_sizes > piece]
    return PackedSequences(*(entry[rows] for entry in batch[:-1]), np.ones(len(rows), int))


def test_the_gradient_through_time_agrees_with_finite_differences(memory):
    batch = sequences(6, 3)
    loss, gradient = memory.loss_and_gradient(batch)
    assert loss == pytest.approx(memory.loss(batch))
    assert_gradient(lambda: memory.loss(batch), memory.parameters, gradient)


def test_stepping_gives_what_a_whole_sequence_gives(memory):
    batch = sequences(5, 3)
    h, c = np.zeros((3, 4)), np.zeros((3, 4))
    states = memory.states(batch)
    for now in steps_of(batch.batch_sizes):
        count = now.stop - now.start
        h, c = memory.step(batch.z[now], batch.actions[now], h[:count], c[:count])
        np.testing.assert_allclose(h, states[now], atol=1e-12)
        said, expected = (memory.predict(memory.head_features(state)) for state in (h, states[now]))
        np.testing.assert_allclose(said, expected)


def test_the_loss_is_a_mean_over_steps_and_a_sum_over_what_is_predicted():
    memory, batch = small("lstm", reward_and_done=True), sequences(5, 3)
    states = memory.states(batch)
    reward, end = memory.reward_and_done(states)
    expected = {
        "z": np.square(memory.predict(states) - batch.z_next).mean(),
        "reward": np.square(reward - batch.rewards).mean(),
        "end": -np.log(np.where(batch.dones > 0, end, 1 - end)).mean(),
    }
    assert memory.losses(states, batch) == pytest.approx(expected)
    assert memory.loss(batch) == pytest.approx(sum(expected.values()))


@pytest.mark.parametrize("kind", MEMORIES)
def test_the_reward_counts_as_much_as_it_is_weighed(kind):
    memory, batch = small(kind, reward_and_done=True), sequences(5, 3)
    before = memory.losses(memory.states(batch), batch)
    memory.set_loss_weights(0.25)
    after = memory.losses(memory.states(batch), batch)
    assert after == {**before, "reward": 0.25 * before["reward"]}
    loss, gradient = memory.loss_and_gradient(batch)
    assert loss == pytest.approx(sum(after.values()))
    assert_gradient(lambda: memory.loss(batch), memory.parameters, gradient)


def test_pieces_of_a_batch_do_not_know_each_other(memory):
    batch = sequences(6, 3)
    loss, gradient = memory.loss_and_gradient(batch)
    each = [alone(batch, piece) for piece in range(3)]
    losses, gradients = zip(*(memory.loss_and_gradient(piece) for piece in each), strict=True)
    share = np.array([len(piece.z) for piece in each]) / len(batch.z)
    assert loss == pytest.approx(share @ losses)
    together = sum(part * own.flat for part, own in zip(share, gradients, strict=True))
    np.testing.assert_allclose(gradient.flat, together, atol=1e-12)


@pytest.mark.parametrize("kind", MEMORIES)
def test_it_starts_out_remembering(kind):
    bias = initial(kind, 16, 2, 32, False).parameters["lstm.bias"].reshape(4, 32)
    np.testing.assert_array_equal(bias, np.array([0, 1, 0, 0])[:, None].repeat(32, 1))


def test_a_file_gives_back_the_same_memory(memory):
    again = MEMORIES[memory.kind](memory.arrays(), np.float64)
    batch = sequences(5, 2)
    assert again.loss(batch) == memory.loss(batch)
    assert again.predicts_reward_done == memory.predicts_reward_done


def test_the_papers_memory_has_the_papers_parameters():
    memory = MDNLSTM.initial(32, 3, 256, rng, mixtures=5, min_std=0.01)
    lstm, mixtures = 4 * (32 + 3 + 256 + 1) * 256, 257 * (3 * 5 * 32)
    assert memory.parameters.flat.size == lstm + mixtures == 422_368


@pytest.mark.parametrize("temperature", [0.25, 1.0])
def test_what_is_drawn_lies_about_what_is_predicted(temperature):
    count = 50_000
    h = np.repeat(rng.standard_normal((1, 4)), count, axis=0)
    uniform, normal = rng.random((count, 3)), rng.standard_normal((count, 3))
    single = small("lstm")
    np.testing.assert_array_equal(
        single.sample(h, uniform, normal, temperature), single.predict(h)
    )  # it has not been told yet how wrong it is
    single.calibrate(np.array([0.1, 0.2, 0.4]))
    drawn = single.sample(h, uniform, normal, temperature)
    spread = np.array([0.1, 0.2, 0.4]) * np.sqrt(temperature)
    np.testing.assert_allclose(drawn.std(axis=0), spread, rtol=0.03)
    if temperature == 1:
        for mixed in (small("mdn_lstm"), small("joint_mdn_lstm")):
            drawn = mixed.sample(h, uniform, normal, temperature)
            np.testing.assert_allclose(drawn.mean(axis=0), mixed.predict(h[0]), atol=0.05)


def test_what_has_no_units_to_read_out_with_says_all_of_its_state():
    h = rng.standard_normal((6, 4))
    assert small("mdn_lstm").head_features(h) is h
    with_units = small("mdn_lstm", head_features=5)
    p = with_units.parameters
    expected = np.maximum(h @ p["readout.weight"] + p["readout.bias"], 0)
    np.testing.assert_allclose(with_units.head_features(h), expected)


def test_an_outcome_is_a_reward_and_a_probability():
    memory, h = small("mdn_lstm", reward_and_done=True), rng.standard_normal((6, 4))
    reward, end = memory.reward_and_done(h)
    p = memory.parameters
    np.testing.assert_allclose(reward, h @ p["reward.weight"] + p["reward.bias"])
    np.testing.assert_allclose(end, expit(h @ p["end.weight"] + p["end.bias"]))
    with pytest.raises(ValueError, match="predicts no outcome"):
        small("mdn_lstm").reward_and_done(h)


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("lstm", {"lstm.input_weight": np.zeros((3, 16))}, "leaves no action"),
        ("lstm", {"z.weight": np.zeros((4, 6, 3))}, "'z.weight' must have 2 axes, found 3"),
        ("lstm", {"end.bias": np.zeros(())}, r"missing arrays \['end.weight', 'reward.bias'"),
        ("mdn_lstm", {"z.bias": np.zeros((5, 3))}, r"'z.bias' has shape \(5, 3\)"),
        ("mdn_lstm", {"z.weight": np.zeros((4, 18))}, "'z.weight' must have 3 axes, found 2"),
        ("mdn_lstm", {"z.bias": np.full((6, 3), np.nan)}, "'z.bias' must hold finite"),
        ("lstm", {"readout.bias": np.zeros(5)}, r"missing arrays \['readout.weight'\]"),
        (
            "lstm",
            {"readout.weight": np.zeros((4, 5)), "readout.bias": np.zeros(5)},
            r"has shape \(\d, \d\), which does not fit the others",
        ),
        ("mdn_lstm", {"z.weight": np.zeros((5, 6, 3))}, r"'z.weight' has shape \(5, 6, 3\)"),
        ("joint_mdn_lstm", {"choice.bias": np.zeros(3)}, r"'choice.bias' has shape \(3,\)"),
        ("mdn_lstm", {"min_std": np.array(0.0)}, "'min_std' .* above 0, found 0"),
        ("mdn_lstm", {"min_std": np.array("x")}, "'min_std' .* above 0, found x"),
    ],
)
def test_arrays_that_are_no_such_memory_are_refused(kind, changes, words):
    with pytest.raises(ValueError, match=words):
        MEMORIES[kind](small(kind).arrays() | changes)


def test_a_file_without_a_floor_is_refused():
    arrays = small("mdn_lstm").arrays()
    del arrays["min_std"]
    with pytest.raises(ValueError, match="'min_std' must be one number above 0"):
        MDNLSTM(arrays)


def two_futures(count: int) -> PackedSequences:
    """From z = 0 the next z is -1 or 1, give or take 0.1; heads or tails."""
    z_next = rng.choice([-1.0, 1.0], (4 * count, 1)) + 0.1 * rng.standard_normal((4 * count, 1))
    zeros, z_next = np.zeros((4 * count, 1), np.float32), z_next.astype(np.float32)
    return PackedSequences(zeros, zeros, z_next, zeros[:, 0], zeros[:, 0], np.full(4, count))


def test_a_mixture_tells_two_futures_apart_where_one_gaussian_cannot():
    memory = initial("mdn_lstm", 1, 1, 8, False)
    train, held_out = two_futures(200), two_futures(200)
    adam = Adam(memory.parameters, 0.03)
    for _ in range(200):
        adam.step(memory.loss_and_gradient(train)[1])
    found = scores(memory, means(memory, [train]), means(memory, [held_out]), 0.01)
    best = np.log(2) + 0.5 * np.log(2 * np.pi * np.e * 0.1**2)  # entropy of the coin and the noise
    assert found["held_out_nll"] == pytest.approx(best, abs=0.15)
    assert found["held_out_nll"] < found["marginal_gaussian_nll"] - 1
    assert found["held_out_nll"] < found["persistence_nll"] - 1
    assert found["held_out_mse"] == pytest.approx(1, abs=0.1)  # the mean says nothing of it


def test_what_belongs_together_comes_together_of_a_joint_mixture_alone():
    """Of two numbers that both are -1 or both 1, those that are drawn have the same sign."""
    train = two_futures(200)
    both = train._replace(z=np.hstack([train.z] * 2), z_next=np.hstack([train.z_next] * 2))
    agree = {}
    for kind in ("mdn_lstm", "joint_mdn_lstm"):
        memory = initial(kind, 2, 1, 8, False)
        adam = Adam(memory.parameters, 0.03)
        for _ in range(200):
            adam.step(memory.loss_and_gradient(both)[1])
        head_features = memory.head_features(memory.states(both))
        noise = rng.random((2, *both.z.shape), np.float32)
        drawn = memory.sample(head_features, noise[0], 2 * noise[1] - 1, 1.0)
        agree[kind] = (np.sign(drawn[:, 0]) == np.sign(drawn[:, 1])).mean()
    assert agree["joint_mdn_lstm"] > 0.99
    assert agree["mdn_lstm"] == pytest.approx(0.5, abs=0.05)


def test_scores_are_the_same_whole_and_in_parts(memory):
    batch, other = sequences(6, 5), sequences(6, 3)
    split = [alone(batch, piece) for piece in range(5)]
    train = means(memory, [other])
    whole, parts = (
        scores(memory, train, means(memory, held_out), 0.01) for held_out in ([batch], split)
    )
    assert whole == pytest.approx(parts)


def test_scores_of_the_baselines_are_what_they_say(memory):
    train, held_out = sequences(6, 5), sequences(6, 3)
    found = scores(memory, means(memory, [train]), means(memory, [held_out]), 0.01)
    x, fitted = held_out.z_next, train.z_next

    def nats(error, sigma):
        return (0.5 * np.log(2 * np.pi * sigma**2) + error**2 / (2 * sigma**2)).mean()

    moved, known_moves = x - held_out.z, fitted - train.z
    assert found["persistence_mse"] == pytest.approx(np.square(moved).mean())
    assert found["marginal_gaussian_nll"] == pytest.approx(
        nats(x - fitted.mean(axis=0), fitted.std(axis=0))
    )
    assert found["persistence_nll"] == pytest.approx(
        nats(moved, np.sqrt(np.square(known_moves).mean(axis=0)))
    )
    assert ("done_base_rate_nll" in found) == memory.predicts_reward_done
    if memory.predicts_reward_done:
        rate, share = train.dones.mean(), held_out.dones.mean()
        usual = train.rewards.mean()
        assert found["mean_reward_mse"] == pytest.approx(np.square(held_out.rewards - usual).mean())
        assert found["done_base_rate_nll"] == pytest.approx(
            -share * np.log(rate) - (1 - share) * np.log(1 - rate)
        )


def test_no_gaussian_of_the_scores_is_narrower_than_the_floor():
    memory, batch = small("lstm"), sequences(6, 5)
    still = batch._replace(z_next=batch.z)
    of_still = means(memory, [still])
    found = scores(memory, of_still, of_still, 0.01)
    assert found["persistence_nll"] == pytest.approx(0.5 * np.log(2 * np.pi * 0.01**2))
