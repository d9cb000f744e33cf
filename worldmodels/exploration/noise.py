"""C with exploration noise on its parameters (Plappert et al. 2018) and on its actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.controller.controller import Controllers, Layer
from worldmodels.nn.parameters import Array

CORRELATION = 0.8  # of one step's action noise with the next's, where episodes are collected
PEDAL = 1  # the number of the action: throttle, or gas and brake


class ExplorationNoise(NamedTuple):
    """The noise of a behaviour policy; standard deviations are the largest, each episode draws its
    own.
    """

    deterministic_share: float  # of the episodes, which have no noise
    parameters: float  # standard deviation on weights and biases
    actions: float  # standard deviation on actions, before the tanh
    throttle_bias: float  # on the pedal, before the tanh; up to half as much the other way


class AR1Noise:
    """Autoregressive noise of N rows, step by step: n <- k n + sqrt(1 - k^2) e, with e ~ N(0, 1).

    What is added to the actions before the tanh is `std` times n, whose variance tends to 1, and
    the bias. Each step draws for all rows, also for those that have ended, so that the noise of an
    episode does not depend on when another one ended.

    Args:
        std: (N, 1), of each row.
        bias: (N, A), of each row.
        rng: draws e.
        correlation: k.
    """

    def __init__(
        self,
        std: NDArray[np.float64],
        bias: NDArray[np.float64],
        rng: np.random.Generator,
        correlation: float = CORRELATION,
    ) -> None:
        self.draws: list[NDArray[np.float64]] = []  # e of each step so far, (N, A)
        self._std = std
        self._bias = bias
        self._rng = rng
        self._correlation = correlation
        self._noise = np.zeros_like(bias)

    def step(self) -> NDArray[np.float64]:
        """(N, A), of the next step."""
        e = self._rng.standard_normal(self._noise.shape)
        self.draws.append(e)
        fresh = np.sqrt(1 - self._correlation**2)
        self._noise = self._correlation * self._noise + fresh * e
        return self._std * self._noise + self._bias


class NoisyControllers(Controllers):
    """Controllers whose actions have noise, one controller a row.

    Args:
        layers: as for all controllers.
        noise: of all rows that there were at the start.
        rows: (N,), which of them the controllers act in.
    """

    def __init__(
        self, layers: Sequence[Layer], noise: AR1Noise, rows: NDArray[np.intp] | None = None
    ) -> None:
        super().__init__(layers)
        self.noise = noise
        self._rows: NDArray[np.intp] = np.arange(len(self)) if rows is None else rows

    @classmethod
    def with_parameter_noise(
        cls,
        controllers: Controllers,
        num_envs: int,
        noise: ExplorationNoise,
        rng: np.random.Generator,
    ) -> NoisyControllers:
        """The first controller, once for each row, with noise on its parameters and actions.

        Each row draws the standard deviations of its noise evenly below the largest, and its bias
        of the pedal from U(-bias / 2, bias). Rows without noise are spread evenly among the others.
        """
        share = noise.deterministic_share
        without = np.diff(np.ceil(np.arange(num_envs + 1) * share)) > 0
        amount = np.where(without, 0.0, 1.0)[:, None]  # (N, 1)
        parameter_std = rng.uniform(0, noise.parameters, (num_envs, 1)) * amount
        action_std = rng.uniform(0, noise.actions, (num_envs, 1)) * amount
        bias = np.zeros((num_envs, controllers.actions))
        pedal = rng.uniform(-noise.throttle_bias / 2, noise.throttle_bias, (num_envs, 1))
        bias[:, PEDAL : PEDAL + 1] = pedal * amount  # nothing, if an action is one number
        layers = []
        for weight, layer_bias in controllers.repeated(num_envs).layers:
            weight_delta = parameter_std[:, :, None] * rng.standard_normal(weight.shape)
            bias_delta = parameter_std * rng.standard_normal(layer_bias.shape)
            layers.append(
                Layer(
                    weight + weight_delta.astype(np.float32),
                    layer_bias + bias_delta.astype(np.float32),
                )
            )
        return cls(layers, AR1Noise(action_std, bias, rng))

    @classmethod
    def with_action_noise(
        cls,
        controllers: Controllers,
        num_envs: int,
        std: float,
        correlation: float,
        rng: np.random.Generator,
    ) -> NoisyControllers:
        """The first controller, once for each row, with noise on its actions alone."""
        stds = np.full((num_envs, 1), std)
        bias = np.zeros((num_envs, controllers.actions))
        layers = controllers.repeated(num_envs).layers
        return cls(layers, AR1Noise(stds, bias, rng, correlation))

    def rows(self, numbers: NDArray[np.intp]) -> NoisyControllers:
        """The batch of these controllers, in this order."""
        return NoisyControllers(super().rows(numbers).layers, self.noise, self._rows[numbers])

    def act(self, features: Array) -> Array:
        """features (N, F), one row a controller, to actions (N, A) in (-1, 1)."""
        noise = self.noise.step()[self._rows].astype(np.float32)
        *first, last = self.layers
        noisy = last._replace(bias=last.bias + noise)  # before the tanh it is one of the biases
        return Controllers([*first, noisy]).act(features)
