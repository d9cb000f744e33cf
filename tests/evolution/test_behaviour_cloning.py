"""Where the search for C begins: at what was done in the best episodes of the last round."""

import msgspec
import numpy as np
import pytest

from worldmodels.controller.pca import WhitenedPCA
from worldmodels.evolution import behaviour_cloning as imitation
from worldmodels.evolution.behaviour_cloning import (
    best_demonstrations,
    best_episodes,
    fit_linear_policy,
    fit_pca,
)
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.sequences import states_before
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import Latents

replace = msgspec.structs.replace
Z, H = 3, 5
LENGTHS = np.array([40, 60, 35, 4, 50, 60])
ROUND = np.array([0, 1, 1, 1, 1, 1])
BEST = 3  # that are imitated, of those of round 1 which are not held out
HELD_OUT = np.array([False, False, False, False, False, True])
GAIN = np.array([9.0, 2.0, 1.0, 4.0, 3.0, 8.0])  # the return of each episode
IMITATED = np.array([False, True, False, True, True, False])
WANDERED = 5  # steps of the longer episodes after all was gained


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def memory() -> DeterministicLSTM:
    return DeterministicLSTM.initial(Z, 2, H, rng())


def driven(memory, weight, bias) -> Latents:
    """Episodes whose z is noise; in those that are to be imitated a C (2, Z + H) drives by z and
    h, until all is gained; in the others, and then, who knows what.
    """
    draw = rng()
    mean = draw.standard_normal((int(LENGTHS.sum()) + len(LENGTHS), Z)).astype(np.float32)
    actions = draw.uniform(-1, 1, (int(LENGTHS.sum()), 2)).astype(np.float32)
    rewards = np.zeros(len(actions))
    frame = step = 0
    for length, gain, imitated in zip(LENGTHS, GAIN, IMITATED, strict=True):
        driven_on = step + length - (WANDERED if length > 2 * WANDERED else 0)
        rewards[step:driven_on] = (gain + 1) / (driven_on - step)
        rewards[driven_on : step + length] = -1 / WANDERED
        if driven_on == step + length:
            rewards[step:driven_on] = gain / length
        h, c = np.zeros((2, 1, H), np.float32)
        for now in range(step, step + length):
            z = mean[frame + now - step][None]
            if imitated and now < driven_on:
                actions[now] = np.tanh(np.concatenate([z, h], axis=1) @ weight.T + bias)
            h, c = memory.step(z, actions[now][None], h, c)
        frame, step = frame + length + 1, step + length
    return Latents(
        lengths=LENGTHS,
        terminated=HELD_OUT & False,
        held_out=HELD_OUT,
        round=ROUND,
        mean=mean,
        logvar=np.zeros_like(mean),  # which nothing is drawn by
        actions=actions,
        rewards=rewards,
    )


def genome(weight, bias):
    return np.concatenate([weight.ravel(), bias])


@pytest.fixture
def settings(quick):
    return replace(quick.evolve_c, inputs="zh", hidden=0, imitated=BEST)


@pytest.fixture
def exact(monkeypatch):
    monkeypatch.setattr(imitation, "RIDGE", 1e-9)


@pytest.mark.parametrize("inputs", ["z", "zh"])
def test_the_c_that_drove_is_found_again(settings, memory, exact, inputs):
    weight, bias = rng().normal(0, 0.3, (2, Z + H)), np.array([0.1, -0.2])
    if inputs == "z":
        weight[:, Z:] = 0
    latents = driven(memory, weight, bias)
    expected = genome(weight[:, : Z if inputs == "z" else None], bias)
    settings = replace(settings, inputs=inputs)
    found = fit_linear_policy(
        settings, memory, best_demonstrations(latents, BEST, rng()), None, len(expected)
    )
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_on_components_of_h_what_is_found_is_the_c_on_components(settings, memory, exact):
    basis = WhitenedPCA(np.full(H, 0.05), np.linalg.qr(rng().standard_normal((H, 2)))[0] * 4)
    weight, bias = rng().normal(0, 0.3, (2, Z + 2)), np.array([0.1, -0.2])
    latents = driven(memory, *basis.fold_into(weight, bias))
    found = fit_linear_policy(
        settings,
        memory,
        best_demonstrations(latents, BEST, rng()),
        basis,
        len(genome(weight, bias)),
    )
    np.testing.assert_allclose(found, genome(weight, bias), atol=2e-3)


def test_what_no_tanh_reaches_is_imitated_as_far_as_it_goes(settings, memory):
    latents = driven(memory, np.zeros((2, Z + H)), np.array([100.0, -100.0]))
    found = fit_linear_policy(
        settings, memory, best_demonstrations(latents, BEST, rng()), None, 2 * (Z + H + 1)
    )
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.tanh(found[-2:]), [0.98, -0.98], atol=0.01)


def test_the_search_may_begin_at_nothing(settings, memory):
    nothing = fit_linear_policy(settings, memory, None, None, 7)
    np.testing.assert_array_equal(nothing, np.zeros(7))


def test_the_best_episodes_are_imitated_up_to_where_their_return_was_highest(memory):
    latents = driven(memory, np.zeros((2, Z + H)), np.zeros(2))
    sequences = best_episodes(latents, BEST)
    assert sequences.first_step.tolist() == latents.first_step[:-1][IMITATED].tolist()
    assert sequences.steps.tolist() == [60 - WANDERED, 4, 50 - WANDERED]
    assert len(best_episodes(latents, 100)) == 4  # as many as there are


def test_a_state_before_a_step_is_that_after_the_one_before():
    states = np.arange(1, 7, dtype=np.float32)[:, None]  # of three sequences: 3, 2 and 1 steps
    before = states_before(states, np.array([3, 2, 1]))
    assert before[:, 0].tolist() == [0, 0, 0, 1, 2, 4]


def test_a_basis_is_of_what_m_lives_through_in_episodes_that_are_not_held_out(settings, memory):
    latents = driven(memory, np.zeros((2, Z + H)), np.zeros(2))
    assert fit_pca(replace(settings, components=0), memory, latents, rng()) is None
    basis = fit_pca(replace(settings, components=2), memory, latents, rng())
    sequences = imitation.whole_episodes(latents, ~HELD_OUT)
    seen = (memory.states(sequences.sample(np.arange(5), rng())) - basis.mean) @ basis.components_
    np.testing.assert_allclose(seen.T @ seen / len(seen), np.eye(2), atol=1e-3)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-3)


def test_more_components_than_h_has_are_refused(settings, memory):
    latents = driven(memory, np.zeros((2, Z + H)), np.zeros(2))
    with pytest.raises(ParamsError, match=r"^evolve_c\.components: they vary in 5 directions, and"):
        fit_pca(replace(settings, components=6), memory, latents, rng())


def test_some_of_many_episodes_are_enough_for_a_basis(settings, memory, monkeypatch):
    monkeypatch.setattr(imitation, "BASIS_STEPS", 50)
    latents = driven(memory, np.zeros((2, Z + H)), np.zeros(2))
    some = fit_pca(replace(settings, components=2), memory, latents, rng())
    monkeypatch.setattr(imitation, "BASIS_STEPS", 10**6)
    whole = fit_pca(replace(settings, components=2), memory, latents, rng())
    assert not np.allclose(some.mean, whole.mean, atol=1e-4)
