"""C with noise, which collects for the next round."""

import numpy as np
import pytest

from worldmodels.agent.agent import Agent
from worldmodels.controller.controller import Controllers
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.exploration.behaviour_policy import BehaviourPolicy
from worldmodels.exploration.noise import PEDAL, ExplorationNoise, NoisyControllers
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.rollout.loop import rollout
from worldmodels.vision.autoencoder import Autoencoder

LOUD = ExplorationNoise(noiseless=0.25, weights=0.5, actions=1.0, push=0.4)
SIZES = {"linear": (12, 2), "hidden": (12, 3, 2)}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def controller(kind: str = "linear") -> Controllers:
    count = {"linear": 26, "hidden": 47}[kind]
    return Controllers.from_genomes(rng(2).normal(0, 0.2, (1, count)), SIZES[kind])


def drawn(cars: int, noise: ExplorationNoise = LOUD, kind: str = "linear") -> NoisyControllers:
    return NoisyControllers.drawn(controller(kind), cars, noise, rng())


@pytest.mark.parametrize("kind", SIZES)
def test_cars_without_noise_drive_as_c_and_are_every_fourth(kind):
    features = rng(1).standard_normal((12, 12)).astype(np.float32)
    drivers, own = drawn(12, kind=kind), controller(kind).rows(np.zeros(12, int)).act(features)
    for _ in range(3):
        calm = (drivers.act(features) == own).all(axis=1)
        assert calm.tolist() == [True, False, False, False] * 3


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.1, 10), (0.25, 25), (1.0, 100)])
def test_the_share_without_noise_is_as_asked_for(share, expected):
    features = rng(1).standard_normal((100, 12)).astype(np.float32)
    own = controller().rows(np.zeros(100, int)).act(features)
    drivers = drawn(100, LOUD._replace(noiseless=share))
    assert (drivers.act(features) == own).all(axis=1).sum() == expected


def before_tanh(drivers: NoisyControllers, steps: int, cars: int) -> np.ndarray:
    """(steps, cars, 2), where nothing is seen."""
    seen = np.zeros((cars, 12), np.float32)
    return np.arctanh([drivers.act(seen).astype(float) for _ in range(steps)])


def test_noise_on_actions_is_as_strong_as_it_is_drawn_and_smooth():
    noise = ExplorationNoise(0.0, 0.0, 0.5, 0.0)
    x = before_tanh(drawn(400, noise), 300, 400)[50:]
    strength = x.std(axis=0)  # of each car
    assert strength.max() < 0.5 * 1.25
    assert strength.mean() == pytest.approx(0.25, abs=0.03)  # of U(0, 0.5)
    np.testing.assert_allclose(strength[:, 0], strength[:, 1], atol=0.2)  # a car has one
    centred = (x - x.mean(axis=0)) / strength
    assert (centred[1:] * centred[:-1]).mean() == pytest.approx(0.8, abs=0.02)


def test_the_push_is_on_the_pedal_alone_and_rather_forwards():
    noise = ExplorationNoise(0.0, 0.0, 0.0, 0.4)
    bias = controller().arrays(0)["layer1.bias"]
    push = before_tanh(drawn(1000, noise), 2, 1000) - bias
    np.testing.assert_allclose(push[0], push[1])
    np.testing.assert_allclose(push[0, :, 1 - PEDAL], 0, atol=1e-6)
    pedal = push[0, :, PEDAL]
    assert -0.2 <= pedal.min() < -0.19
    assert 0.39 < pedal.max() <= 0.4 + 1e-6


def test_noise_on_the_weights_is_of_a_strength_of_each_cars_own():
    drivers = drawn(300, ExplorationNoise(0.0, 0.5, 0.0, 0.0))
    own = controller().arrays(0)["layer1.weight"]
    off = np.array([drivers.arrays(car)["layer1.weight"] - own for car in range(300)])
    spread = off.std(axis=(1, 2))
    assert spread.max() < 0.75
    assert spread.mean() == pytest.approx(0.25, abs=0.03)
    assert spread.min() < 0.02


def test_one_cars_noise_does_not_hang_on_when_another_ended():
    seen = rng(1).standard_normal((5, 12)).astype(np.float32)

    def last(rows: list[int]) -> np.ndarray:
        drivers = drawn(5)
        drivers.act(seen)
        drivers = drivers.rows(np.array(rows))
        drivers.act(seen[rows])
        return drivers.act(seen[rows])

    np.testing.assert_allclose(last([0, 1, 2, 3, 4])[[1, 4]], last([1, 4]), rtol=1e-6)


def test_an_agent_without_noise_drives_as_it_would_by_itself_and_with_noise_it_does_not():
    vision = Autoencoder.initial(256, 20, 5, rng())
    memory = DeterministicLSTM.initial(5, 2, 7, rng(1))
    own = rollout(RacingEnv(num_envs=4), Agent(vision, memory, controller()))
    for share, same in ((1.0, 4), (0.25, 1)):
        agent = BehaviourPolicy(vision, memory, controller(), LOUD._replace(noiseless=share), rng())
        outcome = rollout(RacingEnv(num_envs=4), agent)
        assert (outcome.returns == own.returns).sum() == same
    first = rollout(RacingEnv(num_envs=4), agent)  # a second batch has noise of its own
    assert (first.returns != outcome.returns).sum() == 3
