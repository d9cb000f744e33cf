"""C with noise on its weights and its actions, to see more of a world than it would by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.controller.controller import Controllers, Layer
from worldmodels.nn.parameters import Array

SMOOTHING = 0.8  # share of the last step's noise on an action that is kept, if nothing is said
PEDAL = 1  # the number of the action: throttle, or gas and brake


class Noise(NamedTuple):
    """How much of it there is."""

    noiseless: float  # share of the cars that have none
    weights: float  # the strongest on weights and biases, as a standard deviation
    actions: float  # the strongest on actions, before the tanh, likewise
    push: float  # the strongest on the pedal, before the tanh; half of it the other way


class Disturbance:
    """What is added to the actions of all cars before the tanh, step by step.

    An action's noise is n <- k n + sqrt(1 - k^2) e, e ~ N(0, 1), of variance 1 in the long run,
    times a strength; the push on the pedal stays the same. Each step draws for all cars, driving or
    not, so that one car's noise does not hang on when another one's drive ended.

    Args:
        strength: (N, 1), of each car's noise.
        push: (N, A), of each car.
        rng: where the noise comes from.
        smoothing: k.
    """

    def __init__(
        self,
        strength: NDArray[np.float64],
        push: NDArray[np.float64],
        rng: np.random.Generator,
        smoothing: float = SMOOTHING,
    ) -> None:
        self._strength = strength
        self._push = push
        self._rng = rng
        self._smoothing = smoothing
        self._noise = np.zeros_like(push)

    def step(self) -> NDArray[np.float64]:
        """(N, A), of the next step."""
        drawn = self._rng.standard_normal(self._noise.shape)
        fresh = np.sqrt(1 - self._smoothing**2)
        self._noise = self._smoothing * self._noise + fresh * drawn
        return self._strength * self._noise + self._push


class NoisyControllers(Controllers):
    """A batch of controllers, one a car, whose actions are disturbed.

    Args:
        layers: as for all controllers.
        disturbance: of all cars that there were at the start.
        cars: (N,), which of them the controllers drive.
    """

    def __init__(
        self, layers: Sequence[Layer], disturbance: Disturbance, cars: NDArray[np.intp]
    ) -> None:
        super().__init__(layers)
        self._disturbance = disturbance
        self._cars = cars

    @classmethod
    def drawn(
        cls, controllers: Controllers, cars: int, noise: Noise, rng: np.random.Generator
    ) -> NoisyControllers:
        """The first of some controllers, once for each of so many cars, with its own noise.

        A car's weights and biases are each off by ~ N(0, (u weights)^2), the strength of the noise
        on its actions is u' actions, with u, u' ~ U(0, 1); its push is ~ U(-push / 2, push). Cars
        without noise are spread evenly among the others.
        """
        calm = np.diff(np.ceil(np.arange(cars + 1) * noise.noiseless)) > 0
        amount = np.where(calm, 0.0, 1.0)[:, None]  # (N, 1)
        off = rng.uniform(0, noise.weights, (cars, 1)) * amount
        strength = rng.uniform(0, noise.actions, (cars, 1)) * amount
        push = np.zeros((cars, controllers.actions))
        push[:, PEDAL] = rng.uniform(-noise.push / 2, noise.push, cars) * amount[:, 0]
        layers = []
        for weight, bias in controllers.rows(np.zeros(cars, np.intp))._layers:
            weight_off = off[:, :, None] * rng.standard_normal(weight.shape)
            bias_off = off * rng.standard_normal(bias.shape)
            layers.append(
                Layer(weight + weight_off.astype(np.float32), bias + bias_off.astype(np.float32))
            )
        return cls(layers, Disturbance(strength, push, rng), np.arange(cars))

    @classmethod
    def shaken(
        cls,
        controllers: Controllers,
        cars: int,
        strength: float,
        smoothing: float,
        rng: np.random.Generator,
    ) -> NoisyControllers:
        """The first of some controllers, once for each of so many cars, with the same noise on the
        actions of all of them and no other.
        """
        layers = controllers.rows(np.zeros(cars, np.intp))._layers
        alike = np.full((cars, 1), strength)
        still = np.zeros((cars, controllers.actions))
        return cls(layers, Disturbance(alike, still, rng, smoothing), np.arange(cars))

    def rows(self, numbers: NDArray[np.intp]) -> NoisyControllers:
        """The batch of these controllers, in this order."""
        layers = super().rows(numbers)._layers
        return NoisyControllers(layers, self._disturbance, self._cars[numbers])

    def act(self, features: Array) -> Array:
        """features (N, F), one row a controller, to actions (N, A) in (-1, 1)."""
        shift = self._disturbance.step()[self._cars].astype(np.float32)
        *first, last = self._layers
        shifted = last._replace(bias=last.bias + shift)  # before the tanh it is one of the biases
        return Controllers([*first, shifted]).act(features)
