"""An agent that drives again to collect: every car with noise of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import Agent
from worldmodels.agent.loading import load_agent
from worldmodels.controller.controller import Controllers
from worldmodels.exploration.noise import Noise, NoisyControllers
from worldmodels.interfaces import Array, Memory, Vision
from worldmodels.pipeline.config.params import Collect
from worldmodels.pipeline.runner import Run
from worldmodels.rollout.task import Grounds


class NoisyAgent:
    """`Agent`, but every car is driven by a C of its own, as `NoisyControllers` draws it.

    Args:
        vision: V.
        memory: M.
        controllers: C, one.
        noise: how much of it.
        rng: where the noise comes from.
    """

    def __init__(
        self,
        vision: Vision,
        memory: Memory,
        controllers: Controllers,
        noise: Noise,
        rng: np.random.Generator,
    ) -> None:
        self._vision = vision
        self._memory = memory
        self._controllers = controllers
        self._noise = noise
        self._rng = rng

    def reset(self, num_cars: int) -> None:
        """Begin episodes of `num_cars` cars, with other noise each time."""
        drivers = NoisyControllers.drawn(self._controllers, num_cars, self._noise, self._rng)
        self._agent = Agent(self._vision, self._memory, drivers)
        self._agent.reset(num_cars)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows of the batch only."""
        self._agent.keep(rows)

    def act(self, observations: Array) -> Array:
        """Actions (N, A) for what N cars see."""
        return self._agent.act(observations)


def noisy_agent(
    run: Run, settings: Collect, grounds: Grounds[Any]
) -> Callable[[np.random.Generator], NoisyAgent]:
    """What makes the agent in the files for "v", "m" and "c", given where its noise comes from.

    Raises:
        UserError: a file is missing or damaged, or they do not fit.
    """
    agent = load_agent([run.paths[name] for name in "vmc"], grounds)
    noise = Noise(settings.noiseless, settings.weight_noise, settings.action_noise, settings.push)
    return partial(NoisyAgent, *agent, noise)
