"""C with exploration noise on its parameters and actions."""

from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from worldmodels.agent.agent import Agent
from worldmodels.controller.controller import Controllers
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.exploration.behaviour_policy import BehaviourPolicy, make_behaviour_policy
from worldmodels.exploration.noise import PEDAL, ExplorationNoise, NoisyControllers
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.pipeline.errors import ParamsError
from worldmodels.rollout.loop import rollout
from worldmodels.vision.autoencoder import Autoencoder

NO_NOISE = ExplorationNoise(deterministic_share=0.0, parameters=0.0, actions=0.0, throttle_bias=0.0)
STRONG_NOISE = ExplorationNoise(
    deterministic_share=0.25, parameters=0.5, actions=1.0, throttle_bias=0.4
)
SIZES = {"linear": (12, 2), "hidden": (12, 3, 2)}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def controller(kind: str = "linear") -> Controllers:
    count = {"linear": 26, "hidden": 47}[kind]
    return Controllers.from_genomes(rng(2).normal(0, 0.2, (1, count)), SIZES[kind])


def noisy_controllers(
    rows: int, noise: ExplorationNoise = STRONG_NOISE, kind: str = "linear"
) -> NoisyControllers:
    return NoisyControllers.with_parameter_noise(controller(kind), rows, noise, rng())


@pytest.mark.parametrize("kind", SIZES)
def test_every_fourth_row_acts_like_c_if_a_quarter_is_deterministic(kind):
    features = rng(1).standard_normal((12, 12)).astype(np.float32)
    noisy = noisy_controllers(12, kind=kind)
    actions = controller(kind).repeated(12).act(features)
    for _ in range(3):
        unchanged = (noisy.act(features) == actions).all(axis=1)
        assert unchanged.tolist() == [True, False, False, False] * 3


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.1, 10), (0.25, 25), (1.0, 100)])
def test_the_deterministic_share_is_exact(share, expected):
    features = rng(1).standard_normal((100, 12)).astype(np.float32)
    actions = controller().repeated(100).act(features)
    noisy = noisy_controllers(100, STRONG_NOISE._replace(deterministic_share=share))
    assert (noisy.act(features) == actions).all(axis=1).sum() == expected


def before_tanh(noisy: NoisyControllers, steps: int) -> np.ndarray:
    """(steps, rows, 2), for features of zeros."""
    features = np.zeros((len(noisy), 12), np.float32)
    return np.arctanh([noisy.act(features).astype(float) for _ in range(steps)])


def test_action_noise_has_the_standard_deviation_of_its_row_and_is_correlated_in_time():
    x = before_tanh(noisy_controllers(400, NO_NOISE._replace(actions=0.5)), 300)[50:]
    std = x.std(axis=0)  # of each row
    assert std.max() < 0.5 * 1.25
    assert std.mean() == pytest.approx(0.25, abs=0.03)  # of U(0, 0.5)
    np.testing.assert_allclose(std[:, 0], std[:, 1], atol=0.2)  # one for both actions
    scaled = (x - x.mean(axis=0)) / std
    assert (scaled[1:] * scaled[:-1]).mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("dropped", [[], [1, 4]])
def test_the_recorded_draws_are_the_noise_of_the_actions(dropped):
    std, correlation, bias = 0.7, 0.6, controller().arrays(0)["layer1.bias"]
    noisy = NoisyControllers.with_action_noise(controller(), 6, std, correlation, rng())
    first = before_tanh(noisy, 2)
    rows = np.setdiff1d(np.arange(6), dropped)
    last = before_tanh(noisy.rows(rows), 3)
    draws = np.stack(noisy.noise.draws)
    assert draws.shape == (5, 6, 2)  # of all rows, also of those that are dropped
    noise, expected = np.zeros((6, 2)), []
    for e in draws:
        noise = correlation * noise + np.sqrt(1 - correlation**2) * e
        expected.append(std * noise)
    np.testing.assert_allclose(first - bias, expected[:2], atol=1e-4)
    np.testing.assert_allclose(last - bias, np.array(expected[2:])[:, rows], atol=1e-4)


def test_the_throttle_bias_is_on_the_pedal_alone_and_mostly_forwards():
    noisy = noisy_controllers(1000, NO_NOISE._replace(throttle_bias=0.4))
    bias = before_tanh(noisy, 2) - controller().arrays(0)["layer1.bias"]
    np.testing.assert_allclose(bias[0], bias[1])
    np.testing.assert_allclose(bias[0, :, 1 - PEDAL], 0, atol=1e-6)
    pedal = bias[0, :, PEDAL]
    assert -0.2 <= pedal.min() < -0.19
    assert 0.39 < pedal.max() <= 0.4 + 1e-6


def test_parameter_noise_has_the_standard_deviation_of_its_row():
    noisy = noisy_controllers(300, NO_NOISE._replace(parameters=0.5))
    weight = controller().arrays(0)["layer1.weight"]
    noise = np.array([noisy.arrays(row)["layer1.weight"] - weight for row in range(300)])
    std = noise.std(axis=(1, 2))
    assert std.max() < 0.75
    assert std.mean() == pytest.approx(0.25, abs=0.03)
    assert std.min() < 0.02


def test_the_noise_of_a_row_does_not_depend_on_when_another_ended():
    features = rng(1).standard_normal((5, 12)).astype(np.float32)

    def last_actions(rows: list[int]) -> np.ndarray:
        noisy = noisy_controllers(5)
        noisy.act(features)
        noisy = noisy.rows(np.array(rows))
        noisy.act(features[rows])
        return noisy.act(features[rows])

    np.testing.assert_allclose(
        last_actions([0, 1, 2, 3, 4])[[1, 4]], last_actions([1, 4]), rtol=1e-6
    )


def test_deterministic_episodes_are_those_of_the_agent_and_each_batch_has_new_noise():
    vision = Autoencoder.initial(256, 20, 5, rng())
    memory = DeterministicLSTM.initial(5, 2, 7, rng(1))
    expected = rollout(RacingEnv(num_envs=4), Agent(vision, memory, controller()))
    for share, same in ((1.0, 4), (0.25, 1)):
        noise = STRONG_NOISE._replace(deterministic_share=share)
        policy = BehaviourPolicy(vision, memory, controller(), noise, rng())
        stats = rollout(RacingEnv(num_envs=4), policy)
        assert (stats.returns == expected.returns).sum() == same
    second = rollout(RacingEnv(num_envs=4), policy)
    assert (second.returns != stats.returns).sum() == 3


def test_an_action_of_one_number_has_no_pedal():
    c = Controllers.from_genomes(np.zeros((1, 4)), (3, 1))
    noise, rng = NO_NOISE._replace(throttle_bias=0.4), np.random.default_rng(0)
    noisy = NoisyControllers.with_parameter_noise(c, 5, noise, rng)
    np.testing.assert_array_equal(noisy.act(np.ones((5, 3), np.float32)), np.zeros((5, 1)))


def test_a_bias_on_the_pedal_is_refused_where_there_is_none(quick):
    settings = msgspec.structs.replace(quick.collect, throttle_bias=0.2)
    with pytest.raises(ParamsError, match=r"^collect\.throttle_bias: must be 0 .*; found 0\.2$"):
        make_behaviour_policy(None, settings, SimpleNamespace(has_track=False))


def test_strong_noise_pushes_one_way_for_some_steps():
    """So it does for Doom what the random policy does by holding its actions."""
    c = Controllers.from_genomes(np.zeros((1, 4)), (3, 1))
    noise = NO_NOISE._replace(actions=4.0)
    noisy = NoisyControllers.with_parameter_noise(c, 200, noise, np.random.default_rng(0))
    features = np.zeros((200, 3), np.float32)
    pushes = np.trunc(3 * np.stack([noisy.act(features)[:, 0] for _ in range(100)]))
    steps_a_push = pushes.size / (np.diff(np.sign(pushes), axis=0) != 0).sum()
    assert 3 < steps_a_push < 5
    assert (pushes != 0).mean() > 0.7
