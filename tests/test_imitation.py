"""Where the search for C begins after a first round: at what C did without noise before."""

import msgspec
import numpy as np
import pytest

from stages import imitation
from stages.artifacts import Latents
from stages.control.basis import Basis
from stages.errors import ParamsError
from stages.imitation import first_genome, fitted_basis, states_before
from stages.memory.lstm import DeterministicLSTM

replace = msgspec.structs.replace
Z, H = 3, 5
LENGTHS = np.array([40, 60, 35, 4, 50, 60])
ROUND = np.array([0, 1, 1, 1, 1, 1])
NOISELESS = np.array([True, True, False, True, True, True])
HELD_OUT = np.array([False, False, False, False, False, True])
IMITATED = (ROUND == 1) & NOISELESS & ~HELD_OUT


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def memory() -> DeterministicLSTM:
    return DeterministicLSTM.initial(Z, 2, H, rng())


def driven(memory, weight, bias, rounds=ROUND, noiseless=NOISELESS) -> Latents:
    """Episodes whose z is noise; in those that are to be imitated a C (2, Z + H) drives by z and
    h, in the others who knows what.
    """
    draw = rng()
    mean = draw.standard_normal((int(LENGTHS.sum()) + len(LENGTHS), Z)).astype(np.float32)
    actions = draw.uniform(-1, 1, (int(LENGTHS.sum()), 2)).astype(np.float32)
    frame = step = 0
    for length, imitated in zip(LENGTHS, IMITATED, strict=True):
        h, c = np.zeros((2, 1, H), np.float32)
        for now in range(step, step + length):
            z = mean[frame + now - step][None]
            if imitated:
                actions[now] = np.tanh(np.concatenate([z, h], axis=1) @ weight.T + bias)
            h, c = memory.step(z, actions[now][None], h, c)
        frame, step = frame + length + 1, step + length
    return Latents(
        lengths=LENGTHS,
        terminated=HELD_OUT & False,
        held_out=HELD_OUT,
        round=rounds,
        noiseless=noiseless,
        mean=mean,
        logvar=np.zeros_like(mean),  # which nothing is drawn by
        actions=actions,
        rewards=np.zeros(len(actions)),
    )


def genome(weight, bias):
    return np.concatenate([weight.ravel(), bias])


@pytest.fixture
def settings(quick):
    return replace(quick.evolve_c, inputs="zh", hidden=0)


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
    found = first_genome(settings, memory, latents, None, len(expected), rng())
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_on_components_of_h_what_is_found_is_the_c_on_components(settings, memory, exact):
    basis = Basis(np.full(H, 0.05), np.linalg.qr(rng().standard_normal((H, 2)))[0] * 4)
    weight, bias = rng().normal(0, 0.3, (2, Z + 2)), np.array([0.1, -0.2])
    latents = driven(memory, *basis.unfolded(weight, bias))
    found = first_genome(settings, memory, latents, basis, len(genome(weight, bias)), rng())
    np.testing.assert_allclose(found, genome(weight, bias), atol=2e-3)


def test_what_no_tanh_reaches_is_imitated_as_far_as_it_goes(settings, memory):
    latents = driven(memory, np.zeros((2, Z + H)), np.array([100.0, -100.0]))
    found = first_genome(settings, memory, latents, None, 2 * (Z + H + 1), rng())
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.tanh(found[-2:]), [0.98, -0.98], atol=0.01)


def test_after_random_policies_the_search_begins_at_nothing(settings, memory):
    latents = driven(memory, np.ones((2, Z + H)), np.ones(2), rounds=0 * ROUND)
    hidden = replace(settings, hidden=4)
    for each in (settings, hidden):
        assert not first_genome(each, memory, latents, None, 7, rng()).any()


def test_a_hidden_layer_and_a_round_that_is_all_noise_are_refused(settings, memory):
    weight, bias = np.zeros((2, Z + H)), np.zeros(2)
    hidden = replace(settings, hidden=4)
    with pytest.raises(ParamsError, match=r"^evolve_c\.hidden: must be 0 .*; found 4$"):
        first_genome(hidden, memory, driven(memory, weight, bias), None, 18, rng())
    noisy = driven(memory, weight, bias, noiseless=NOISELESS & (HELD_OUT | (ROUND == 0)))
    with pytest.raises(ParamsError, match=r"^collect\.noiseless: in round 1 .* set it above 0$"):
        first_genome(settings, memory, noisy, None, 18, rng())


def test_a_state_before_a_step_is_that_after_the_one_before():
    states = np.arange(1, 7, dtype=np.float32)[:, None]  # of three sequences: 3, 2 and 1 steps
    before = states_before(states, np.array([3, 2, 1]))
    assert before[:, 0].tolist() == [0, 0, 0, 1, 2, 4]


def test_a_basis_is_of_what_m_lives_through_in_episodes_that_are_not_held_out(settings, memory):
    latents = driven(memory, np.zeros((2, Z + H)), np.zeros(2))
    assert fitted_basis(replace(settings, components=0), memory, latents, rng()) is None
    basis = fitted_basis(replace(settings, components=2), memory, latents, rng())
    pieces = imitation.whole_episodes(latents, ~HELD_OUT)
    seen = (memory.states(pieces.sampled(np.arange(5), rng())) - basis.mean) @ basis.directions
    np.testing.assert_allclose(seen.T @ seen / len(seen), np.eye(2), atol=1e-3)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-3)


def test_more_components_than_h_has_are_refused(settings, memory):
    latents = driven(memory, np.zeros((2, Z + H)), np.zeros(2))
    with pytest.raises(ParamsError, match=r"^evolve_c\.components: h varies in 5 directions, and"):
        fitted_basis(replace(settings, components=6), memory, latents, rng())


def test_some_of_many_episodes_are_enough_for_a_basis(settings, memory, monkeypatch):
    monkeypatch.setattr(imitation, "BASIS_STEPS", 50)
    latents = driven(memory, np.zeros((2, Z + H)), np.zeros(2))
    some = fitted_basis(replace(settings, components=2), memory, latents, rng())
    monkeypatch.setattr(imitation, "BASIS_STEPS", 10**6)
    whole = fitted_basis(replace(settings, components=2), memory, latents, rng())
    assert not np.allclose(some.mean, whole.mean, atol=1e-4)
