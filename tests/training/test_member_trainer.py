import dataclasses

import msgspec
import numpy as np
import pytest

from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.training.member_trainer import MemberTrainer

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
