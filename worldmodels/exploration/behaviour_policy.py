"""The behaviour policy that later rounds collect episodes with: an agent with exploration noise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import Agent
from worldmodels.agent.loading import load_agent
from worldmodels.controller.controller import Controllers
from worldmodels.exploration.noise import ExplorationNoise, NoisyControllers
from worldmodels.interfaces import Array, Memory, Vision
from worldmodels.pipeline.config.params import Collect
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.runner import StageContext
from worldmodels.rollout.task import Task


class BehaviourPolicy:
    """`Agent` with noise, drawn anew for each episode by `NoisyControllers`.

    Args:
        vision: V.
        memory: M.
        controllers: C, one.
        noise: how much.
        rng: draws it.
    """

    def __init__(
        self,
        vision: Vision,
        memory: Memory,
        controllers: Controllers,
        noise: ExplorationNoise,
        rng: np.random.Generator,
    ) -> None:
        self._vision = vision
        self._memory = memory
        self._controllers = controllers
        self._noise = noise
        self._rng = rng

    def reset(self, num_envs: int) -> None:
        """Start that many episodes, with new noise."""
        noisy = NoisyControllers.with_parameter_noise(
            self._controllers, num_envs, self._noise, self._rng
        )
        self._agent = Agent(self._vision, self._memory, noisy)
        self._agent.reset(num_envs)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._agent.keep(rows)

    def act(self, observations: Array) -> Array:
        """Actions (N, A) for N observations."""
        return self._agent.act(observations)


def make_behaviour_policy(
    run: StageContext, settings: Collect, task: Task[Any]
) -> Callable[[np.random.Generator], BehaviourPolicy]:
    """A factory of the behaviour policy of the agent in the files v, m and c.

    Raises:
        UserError: a file is missing or damaged, or they do not fit.
        ParamsError: there is a bias on the pedal, but no pedal.
    """
    if settings.throttle_bias and not task.has_track:
        raise ParamsError(
            "collect.throttle_bias: must be 0 in env.kind: doom or gymnasium, where no action is "
            f"a pedal; found {settings.throttle_bias:g}"
        )
    agent = load_agent([run.paths[name] for name in "vmc"], task, run.params.c_stage)
    noise = ExplorationNoise(
        settings.deterministic_share,
        settings.parameter_noise,
        settings.action_noise,
        settings.throttle_bias,
    )
    return partial(BehaviourPolicy, *agent, noise)
