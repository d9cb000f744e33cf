import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.training.member_trainer import MemberTrainer
from worldmodels.training.warm_start import WarmStart

STREAMS = RandomStreams(0, "train_m")


def latents(lengths: list[int], held_out: list[bool]) -> Latents:
    rng, frames, steps = np.random.default_rng(0), sum(lengths) + len(lengths), sum(lengths)
    return Latents(
        lengths=np.array(lengths),
        terminated=np.ones(len(lengths), bool),
        held_out=np.array(held_out),
        round=np.zeros(len(lengths), int),
        mean=rng.standard_normal((frames, 3)).astype(np.float32),
        logvar=np.zeros((frames, 3), np.float32),
        actions=rng.standard_normal((steps, 2)).astype(np.float32),
        rewards=rng.standard_normal(steps),
    )


@pytest.fixture
def settings(quick):
    return msgspec.structs.replace(quick.train_m, epochs=1, sequence_length=5)


def parameters(settings, member: int):
    trainer = MemberTrainer(settings, latents([9, 9, 9], [False, False, True]), STREAMS)
    return trainer(member).memory.parameters.flat


@pytest.mark.parametrize("rewards", ["different", "equal"])
def test_rewards_are_predicted_in_the_range_of_those_recorded(settings, rewards):
    table = latents([9, 9, 9], [False, False, True])
    if rewards == "equal":
        table = dataclasses.replace(table, rewards=np.full(27, 4.0))
    changes = {"num_mixtures": 1, "head_hidden": 4, "predict_reward_done": True, "epochs": 0}
    settings = msgspec.structs.replace(settings, kind="conv_lstm", hidden=2, **changes)
    trained = MemberTrainer(settings, table, STREAMS, columns=3)(0)
    low, high = trained.memory.reward_range
    assert low == table.rewards.min()
    assert high == (table.rewards.max() if rewards == "different" else low + 1)
    scores, weight = trained.scores, settings.reward_weight
    share = np.clip((table.rewards[:18].mean() - low) / (high - low), 1e-6, 1)
    own = ((table.rewards[18:] - low) / (high - low)).mean()
    expected = -own * np.log(share) - (1 - own) * np.log(1 - share)
    assert scores["mean_reward_cross_entropy"] == pytest.approx(expected)
    loss = scores["held_out_nll"] + weight * scores["reward_cross_entropy"] + scores["done_nll"]
    assert trained.held_out_loss == pytest.approx(loss)


def test_an_m_that_goes_on_with_worse_rewards_predicts_what_it_did(settings):
    table = latents([9, 9, 9], [False, False, True])
    changes = {"num_mixtures": 1, "head_hidden": 4, "predict_reward_done": True, "epochs": 0}
    settings = msgspec.structs.replace(settings, kind="conv_lstm", hidden=2, **changes)
    earlier = MemberTrainer(settings, table, STREAMS, columns=3)(0).memory
    earlier.parameters["reward.bias"][...] = 5  # a loss is rare
    worse = dataclasses.replace(table, rewards=np.append(table.rewards[:-1], -30.0))
    start = WarmStart(Path("m.npz"), [earlier])
    memory = MemberTrainer(settings, worse, STREAMS, warm_start=start, columns=3)(0).memory
    assert memory.reward_range == (-30, table.rewards.max())
    z, actions = np.ones((1, 3), np.float32), np.ones((1, 2), np.float32)
    h = np.ones((1, earlier.hidden_size), np.float32)
    (before,), (after,) = (
        m.reward_and_done(m.head_features(h, z, actions))[0] for m in (earlier, memory)
    )
    assert before < table.rewards.max() - 0.01
    assert after == pytest.approx(before, rel=0.02)


def test_members_differ_and_each_is_reproducible(settings):
    np.testing.assert_array_equal(parameters(settings, 0), parameters(settings, 0))
    assert (parameters(settings, 0) != parameters(settings, 1)).any()


def test_input_noise_changes_the_training(settings):
    noisy = msgspec.structs.replace(settings, input_noise=0.5)
    np.testing.assert_array_equal(parameters(noisy, 0), parameters(noisy, 0))
    assert (parameters(settings, 0) != parameters(noisy, 0)).any()


def test_z_is_sampled_as_near_to_its_mean_as_is_asked(settings):
    table = latents([9, 9, 9], [False, False, True])
    means = dataclasses.replace(table, logvar=np.full_like(table.logvar, -100))

    def train(table, **changes):
        trainer = MemberTrainer(msgspec.structs.replace(settings, **changes), table, STREAMS)
        return trainer(0)

    of_means, without = train(means), train(table, z_noise_factor=0.0)
    np.testing.assert_array_equal(without.memory.parameters.flat, of_means.memory.parameters.flat)
    assert without.scores == of_means.scores  # those of held-out episodes, too
    none, little, much = (
        train(table, z_noise_factor=factor).scores["persistence_mse"] for factor in (0.0, 0.1, 1.0)
    )
    assert abs(little - none) < 0.3 < much - none


@pytest.mark.parametrize(("held_out", "key"), [(False, "episodes"), (True, "held_out_episodes")])
def test_episodes_that_are_all_too_short_are_named_by_their_key(settings, held_out, key):
    table = latents([3, 9], [held_out, not held_out])
    with pytest.raises(ParamsError, match=rf"^collect\.{key}: none of these episodes lasts 4 ste"):
        MemberTrainer(settings, table, STREAMS)


def test_only_episodes_that_are_not_held_out_are_trained_on(settings):
    trainer = MemberTrainer(settings, latents([10, 20, 15], [False, True, False]), STREAMS)
    assert trainer.num_sequences == 5
