"""A trained agent for any loop: observations of the original environment in, its actions out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.agent.loading import AgentParts
from worldmodels.dream.starts import StartStates
from worldmodels.pipeline.config.env_params import EnvParams
from worldmodels.pretrained.adapters import Adapter, Array
from worldmodels.pretrained.dream import Dream, Policy, dream
from worldmodels.pretrained.history import History
from worldmodels.pretrained.models import (
    PretrainedController,
    PretrainedMemory,
    PretrainedVision,
    frames,
    unbatch,
)


class PretrainedAgent:
    """V, M and C, and all that lies between them and the environment that they were trained in.

    `act` takes what `gymnasium.make(agent.environment, **agent.env_kwargs)` gives, and returns what
    its `step` takes. Cropping, averaging, the repetition of an action over several frames and M's
    state are inside. So call `act` once a frame, and `reset` at the start of each episode.
    `worldmodels.load` makes agents.

    Example:
        >>> import worldmodels
        >>> agent = worldmodels.load("carracing/released")
        >>> agent.reset()
        >>> agent.act(np.zeros((96, 96, 3), np.uint8)).shape  # steer, gas, brake
        (3,)
        >>> agent.z.shape, agent.h.shape
        ((32,), (192,))
        >>> agent.dream(steps=20).pictures.shape[1:]
        (28, 32, 3)

    Args:
        folder: that it comes from.
        version: of a released agent.
        env_params: the section `env` of the params that it was trained with.
        adapter: of that environment.
        parts: V, M and C.
    """

    def __init__(
        self,
        folder: Path,
        version: str | None,
        env_params: EnvParams,
        adapter: Adapter,
        parts: AgentParts,
    ) -> None:
        self.folder = folder
        self.version = version
        self.env_params = env_params
        self.environment = adapter.environment
        self.env_kwargs = adapter.env_kwargs
        self.frame_skip = adapter.frame_skip
        self.parts = parts
        self.vision = PretrainedVision(parts.vision, adapter)
        self.memory = PretrainedMemory(parts.memory)
        self.controller = PretrainedController(parts.controllers)
        self._adapter = adapter
        self.reset()

    def __repr__(self) -> str:
        version = "" if self.version is None else f", version={self.version!r}"
        return f"PretrainedAgent({str(self.folder)!r}, environment={self.environment!r}{version})"

    def reset(self, where: ArrayLike | None = None) -> None:
        """Start an episode, or one in each row of a batch.

        Args:
            where: (N,) booleans: the rows that start; None: all, and `act` may then be given
                another number of rows.

        Raises:
            ValueError: `where` has another number of rows than the last observations.
        """
        if where is None:
            self._rows = 0  # not known before the first observation
            return
        started = np.asarray(where, np.bool_)
        if started.shape != (self._rows,):
            raise ValueError(
                f"where should have {self._rows} rows, like the observations; found {started.shape}"
            )
        self._h[started] = self._c[started] = 0
        self._frames_left[started] = 0
        self._history.start(started)

    def act(self, observation: ArrayLike) -> Array:
        """The environment's action, given its observation: bytes, one or a batch of them.

        Raises:
            ValueError: the observation is of another shape or type, or there are more or fewer
                of them than since the last `reset`.
        """
        rows, single = frames(observation, self._adapter)
        if not self._rows:
            self._start(len(rows), single)
        if (len(rows), single) != (self._rows, self._single):
            raise ValueError(
                f"the episode has {self._rows} rows of observations, now there are {len(rows)}; "
                "call reset() first"
            )
        due = self._frames_left == 0
        if due.all():  # without copies, as most often
            self._decide(rows, slice(None), due)
        elif due.any():
            self._decide(rows[due], due, due)
        self._frames_left -= 1
        return unbatch(self._adapter.controls(self._actions), single)

    @property
    def z(self) -> Array:
        """z (Z,) of the last frame at which an action was chosen, or (N, Z) of a batch.

        Raises:
            ValueError: there is none before `act`.
        """
        return unbatch(self._checked()._z.copy(), self._single)

    @property
    def h(self) -> Array:
        """M's state h (H,) after the last action, or (N, H): C's input at the next.

        Raises:
            ValueError: there is none before `act`.
        """
        return unbatch(self._checked()._h.copy(), self._single)

    @property
    def action(self) -> Array:
        """C's last action (A,), or (N, A), which M takes: in CarRacing steer and pedal.

        Raises:
            ValueError: there is none before `act`.
        """
        return unbatch(self._checked()._actions.copy(), self._single)

    def dream(
        self,
        observation: ArrayLike | None = None,
        *,
        actions: ArrayLike | None = None,
        controller: Policy | None = None,
        steps: int = 100,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> Dream:
        """What M imagines from an observation on, or from the last frame that the agent acted on.

        From an observation, M starts with a state of zeros, as at the start of an episode. From the
        agent's last frame, M has first seen the episode up to it. The dream ends where M says so.

        Args:
            observation: where it starts; None: at the agent's last frame.
            actions: (steps, A), or (steps, N, A) of a batch: C's actions; None: `controller` acts.
            controller: takes z and h and returns the action, all of them batches; None: C.
            steps: the longest dream, without `actions`.
            temperature: 1 as learned, above 1 more random, towards 0 deterministic.
            seed: of its noise.

        Raises:
            ValueError: arguments do not fit each other, or there is no last frame.
        """
        if observation is None:
            start_states = StartStates(self._checked()._z, self._history.context(), seed)
            single = self._single
        else:
            rows, single = frames(observation, self._adapter)
            start_states = StartStates(self.vision.encode(rows), None, seed)
        policy = self.controller if controller is None else controller
        return dream(
            self.vision,
            self.parts.memory,
            start_states,
            actions=actions,
            policy=policy,
            steps=steps,
            temperature=temperature,
            single=single,
        )

    def _checked(self) -> PretrainedAgent:
        """Itself.

        Raises:
            ValueError: it has not acted since the last `reset`.
        """
        if not self._rows:
            raise ValueError("there is no z or h before the first act(observation) of an episode")
        return self

    def _start(self, rows: int, single: bool) -> None:
        self._rows, self._single = rows, single
        self._z = np.zeros((rows, self.memory.z_size), np.float32)
        self._h = np.zeros((rows, self.memory.hidden_size), np.float32)
        self._c = np.zeros_like(self._h)
        self._actions = np.zeros((rows, self.memory.action_size), np.float32)
        self._frames_left = np.zeros(rows, np.int64)  # that the action is still repeated for
        self._history = History(rows, self.env_params.max_steps * self.frame_skip)

    def _decide(
        self, rows: NDArray[np.uint8], which: slice | NDArray[np.bool_], due: NDArray[np.bool_]
    ) -> None:
        """Choose the actions of some rows, and step M."""
        z = self.parts.vision.encode(self._adapter.view(rows))
        h, c = self._h[which], self._c[which]
        actions = self.controller(z, h)
        self._z[which], self._actions[which] = z, actions
        self._h[which], self._c[which] = self.parts.memory.step(z, actions, h, c)
        self._frames_left[which] = self.frame_skip
        self._history.append(self._z, self._actions, due)
