"""What mixtures learn that one Gaussian cannot."""

import numpy as np
import pytest

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.registry import make_memory
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.adam import Adam
from worldmodels.training.memory_scores import memory_scores, step_moments

rng = np.random.default_rng(0)


def two_futures(count: int) -> PackedSequences:
    """Sequences in which z is 0 and the next z is -1 or 1 with equal probability, +- 0.1."""
    z_next = rng.choice([-1.0, 1.0], (4 * count, 1)) + 0.1 * rng.standard_normal((4 * count, 1))
    zeros, z_next = np.zeros((4 * count, 1), np.float32), z_next.astype(np.float32)
    return PackedSequences(zeros, zeros, z_next, zeros[:, 0], zeros[:, 0], np.full(4, count))


def train_memory(kind: str, sequences: PackedSequences) -> RecurrentMemory:
    z_size, init_rng = sequences.z.shape[1], np.random.default_rng(0)
    memory = make_memory(kind, z_size, 1, init_rng, hidden=8, num_mixtures=2, min_std=0.1)
    adam = Adam(memory.parameters, 0.03)
    for _ in range(200):
        adam.step(memory.loss_and_gradient(sequences)[1])
    return memory


def test_a_mixture_predicts_two_futures_better_than_one_gaussian():
    train, held_out = two_futures(200), two_futures(200)
    memory = train_memory("mdn_lstm", train)
    moments = (step_moments(memory, [part]) for part in (train, held_out))
    scores = memory_scores(memory, *moments, 0.01)
    entropy = np.log(2) + 0.5 * np.log(2 * np.pi * np.e * 0.1**2)  # of the sign and of the noise
    assert scores["held_out_nll"] == pytest.approx(entropy, abs=0.15)
    assert scores["held_out_nll"] < scores["marginal_gaussian_nll"] - 1
    assert scores["held_out_nll"] < scores["persistence_nll"] - 1
    assert scores["held_out_mse"] == pytest.approx(1, abs=0.1)  # the mean is far from both futures


def test_samples_of_a_joint_mixture_keep_the_correlations_of_z():
    """The next z has two equal dimensions, so that samples of both should have the same sign."""
    train = two_futures(200)
    both = train._replace(z=np.hstack([train.z] * 2), z_next=np.hstack([train.z_next] * 2))
    agreement = {}
    for kind in ("mdn_lstm", "joint_mdn_lstm"):
        memory = train_memory(kind, both)
        head_features = memory.head_features(memory.states(both), both.z, both.actions)
        noise = rng.random((2, *both.z.shape), np.float32)
        z = memory.sample(head_features, both.z, noise[0], 2 * noise[1] - 1, 1.0)
        agreement[kind] = (np.sign(z[:, 0]) == np.sign(z[:, 1])).mean()
    assert agreement["joint_mdn_lstm"] > 0.99
    assert agreement["mdn_lstm"] == pytest.approx(0.5, abs=0.05)
