"""Initialisation of the search by cloning the best episodes of the last round."""

import msgspec
import numpy as np
import pytest

from worldmodels.controller.pca import WhitenedPCA
from worldmodels.evolution import behaviour_cloning
from worldmodels.evolution.behaviour_cloning import (
    best_demonstrations,
    best_episodes,
    fit_linear_policy,
    fit_pca,
)
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.sequences import states_before, whole_episodes
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import Latents

replace = msgspec.structs.replace
Z, H = 3, 5
LENGTHS = np.array([40, 60, 35, 4, 50, 60])
ROUND = np.array([0, 1, 1, 1, 1, 1])
HELD_OUT = np.array([False, False, False, False, False, True])
RETURNS = np.array([9.0, 2.0, 1.0, 4.0, 3.0, 8.0])
COUNT = 3  # of the best episodes of round 1 that are not held out
BEST = np.array([False, True, False, True, True, False])
AFTER_PEAK = 5  # steps of the longer episodes after the peak of their return


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def memory() -> DeterministicLSTM:
    return DeterministicLSTM.initial(Z, 2, H, rng())


def episodes_of(memory, weight, bias) -> Latents:
    """Episodes whose z are noise. In the best ones a linear C (2, Z + H) acts on z and h, or one of
    (2, Z + 2H) on z, c and h, up to the peak of the return; all other actions are noise.
    """
    noise = rng()
    mean = noise.standard_normal((int(LENGTHS.sum()) + len(LENGTHS), Z)).astype(np.float32)
    actions = noise.uniform(-1, 1, (int(LENGTHS.sum()), 2)).astype(np.float32)
    rewards = np.zeros(len(actions))
    frame = first = 0
    for length, episode_return, best in zip(LENGTHS, RETURNS, BEST, strict=True):
        end = first + length
        peak = end - (AFTER_PEAK if length > 2 * AFTER_PEAK else 0)
        rewards[first:peak] = (episode_return + 1) / (peak - first)
        rewards[peak:end] = -1 / AFTER_PEAK
        if peak == end:
            rewards[first:peak] = episode_return / length
        h, c = np.zeros((2, 1, H), np.float32)
        for step in range(first, end):
            z = mean[frame + step - first][None]
            if best and step < peak:
                seen = [z, h] if weight.shape[1] == Z + H else [z, c, h]
                actions[step] = np.tanh(np.concatenate(seen, axis=1) @ weight.T + bias)
            h, c = memory.step(z, actions[step][None], h, c)
        frame, first = frame + length + 1, end
    return Latents(
        lengths=LENGTHS,
        terminated=HELD_OUT & False,
        held_out=HELD_OUT,
        round=ROUND,
        mean=mean,
        logvar=np.zeros_like(mean),  # which would show if z were sampled
        actions=actions,
        rewards=rewards,
    )


@pytest.fixture
def latents(memory) -> Latents:
    return episodes_of(memory, np.zeros((2, Z + H)), np.zeros(2))


def expected_genome(weight, bias):
    return np.concatenate([weight.ravel(), bias])


def clone(settings, memory, latents, size, pca=None):
    """The C that is fitted to the best episodes."""
    demonstrations = best_demonstrations(latents, COUNT, rng())
    return fit_linear_policy(settings, memory, demonstrations, pca, size)


@pytest.fixture
def settings(quick):
    return replace(quick.evolve_c, inputs="zh", hidden=0, demo_episodes=COUNT)


@pytest.fixture
def tiny_ridge(monkeypatch):
    monkeypatch.setattr(behaviour_cloning, "CLONING_RIDGE", 1e-9)


@pytest.mark.parametrize("inputs", ["z", "zh", "zch"])
def test_cloning_recovers_the_c_that_acted(settings, memory, tiny_ridge, inputs):
    features = Z + 2 * H if inputs == "zch" else Z + H
    weight, bias = rng().normal(0, 0.3, (2, features)), np.array([0.1, -0.2])
    if inputs == "z":
        weight[:, Z:] = 0
    latents = episodes_of(memory, weight, bias)
    expected = expected_genome(weight[:, : Z if inputs == "z" else None], bias)
    genome = clone(replace(settings, inputs=inputs), memory, latents, len(expected))
    np.testing.assert_allclose(genome, expected, atol=2e-3)


@pytest.mark.parametrize(("inputs", "size"), [("zh", H), ("zch", 2 * H)])
def test_cloning_on_components_recovers_the_c_on_components(
    settings, memory, tiny_ridge, inputs, size
):
    settings = replace(settings, inputs=inputs)
    pca = WhitenedPCA(np.full(size, 0.05), np.linalg.qr(rng().standard_normal((size, 2)))[0] * 4)
    weight, bias = rng().normal(0, 0.3, (2, Z + 2)), np.array([0.1, -0.2])
    expected = expected_genome(weight, bias)
    latents = episodes_of(memory, *pca.fold_into(weight, bias))
    genome = clone(settings, memory, latents, len(expected), pca)
    np.testing.assert_allclose(genome, expected, atol=2e-3)


def test_actions_that_no_tanh_reaches_are_clipped(settings, memory):
    latents = episodes_of(memory, np.zeros((2, Z + H)), np.array([100.0, -100.0]))
    genome = clone(settings, memory, latents, 2 * (Z + H + 1))
    assert np.isfinite(genome).all()
    np.testing.assert_allclose(np.tanh(genome[-2:]), [0.98, -0.98], atol=0.01)


def test_without_demonstrations_the_search_starts_at_zeros(settings, memory):
    start = fit_linear_policy(settings, memory, None, None, 7)
    np.testing.assert_array_equal(start, np.zeros(7))


def test_the_best_episodes_end_at_the_peak_of_their_return(latents):
    sequences = best_episodes(latents, COUNT)
    assert sequences.first_step.tolist() == latents.first_step[:-1][BEST].tolist()
    assert sequences.steps.tolist() == [60 - AFTER_PEAK, 4, 50 - AFTER_PEAK]
    assert len(best_episodes(latents, 100)) == 4  # all of the round that are not held out


def test_the_state_before_a_step_is_that_after_the_previous_one():
    states = np.arange(1, 7, dtype=np.float32)[:, None]  # of three sequences: 3, 2 and 1 steps
    before = states_before(states, np.array([3, 2, 1]))
    assert before[:, 0].tolist() == [0, 0, 0, 1, 2, 4]


def test_components_are_fitted_to_states_in_episodes_that_are_not_held_out(
    settings, memory, latents
):
    assert fit_pca(replace(settings, pca_components=0), memory, latents, rng()) is None
    pca = fit_pca(replace(settings, pca_components=2), memory, latents, rng())
    sequences = whole_episodes(latents, ~HELD_OUT)
    states = memory.states(sequences.sample(np.arange(5), rng()))
    x = (states - pca.mean_) @ pca.components_
    np.testing.assert_allclose(x.T @ x / len(x), np.eye(2), atol=1e-3)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-3)


def test_components_of_c_and_h_together_may_be_more_than_h_has(settings, memory, latents):
    pca = fit_pca(replace(settings, inputs="zch", pca_components=H + 1), memory, latents, rng())
    assert pca.components_.shape == (2 * H, H + 1)
    sequences = whole_episodes(latents, ~HELD_OUT).sample(np.arange(5), rng())
    h = memory.states(sequences)
    c_and_h = memory.states(sequences, with_c=True)
    np.testing.assert_array_equal(c_and_h[:, H:], h)
    z, action = sequences.z[:1], sequences.actions[:1]
    _, c = memory.step(z, action, *np.zeros((2, 1, H), np.float32))
    np.testing.assert_allclose(c_and_h[0, :H], c[0], atol=1e-6)
    x = pca.transform(c_and_h)
    np.testing.assert_allclose(x.T @ x / len(x), np.eye(H + 1), atol=1e-3)


def test_more_components_than_h_has_are_refused(settings, memory, latents):
    words = r"^evolve_c\.pca_components: they vary in 5 directions, and 6"
    with pytest.raises(ParamsError, match=words):
        fit_pca(replace(settings, pca_components=6), memory, latents, rng())


def test_the_components_are_fitted_to_some_of_many_episodes(settings, memory, latents, monkeypatch):
    monkeypatch.setattr(behaviour_cloning, "PCA_STEPS", 50)
    of_some = fit_pca(replace(settings, pca_components=2), memory, latents, rng())
    monkeypatch.setattr(behaviour_cloning, "PCA_STEPS", 10**6)
    of_all = fit_pca(replace(settings, pca_components=2), memory, latents, rng())
    assert not np.allclose(of_some.mean_, of_all.mean_, atol=1e-4)
