"""A trained agent for any loop: observations of the original environment in, its actions out."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.agent.loading import AgentParts
from worldmodels.dream.starts import StartStates
from worldmodels.pipeline.config.env_params import EnvParams
from worldmodels.pretrained.adapters import Adapter, Array
from worldmodels.pretrained.batches import unbatch
from worldmodels.pretrained.dream import Dream, Policy, dream
from worldmodels.pretrained.history import History
from worldmodels.pretrained.models import (
    PretrainedController,
    PretrainedMemory,
    PretrainedVision,
    frames,
)

NOTHING_YET = "there is no z, h or action before the first act(observation) of an episode"


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
        self.env_kwargs = dict(adapter.env_kwargs)
        self.frame_skip = adapter.frame_skip
        self.parts = parts
        self.vision = PretrainedVision(parts.vision, adapter)
        self.memory = PretrainedMemory(parts.memory)
        self.controller = PretrainedController(
            parts.controllers, self.memory.z_size, self.memory.hidden_size
        )
        self._adapter = adapter
        self.reset()

    def __repr__(self) -> str:
        version = "" if self.version is None else f", version={self.version!r}"
        return f"PretrainedAgent({str(self.folder)!r}, environment={self.environment!r}{version})"

    def reset(self, where: ArrayLike | None = None) -> None:
        """Start an episode, or one in each row of a batch.

        Args:
            where: (N,) booleans: the rows that start, such as Gymnasium's `terminated | truncated`;
                None: all, and `act` may then be given another number of rows.

        Raises:
            ValueError: `where` has another number of rows than the last observations, or holds
                something else.
        """
        if where is None:
            self._rows = 0  # not known before the first observation
            return
        started = np.asarray(where)
        if not self._rows or started.shape != (self._rows,) or started.dtype != np.bool_:
            rows = self._rows or "no"
            raise ValueError(
                f"where should be booleans, one for each row of the observations so far ({rows} "
                f"rows); found {started.dtype} {started.shape}"
            )
        self._h[started] = self._c[started] = 0
        self._frames_left[started] = 0
        self._acted[started] = False
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
            before = "a single observation" if self._single else f"a batch of {self._rows}"
            now = "a single one" if single else f"a batch of {len(rows)}"
            raise ValueError(
                f"the last observation was {before}, this is {now}; call reset() first"
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

        It is zeros in rows that have been reset.

        Raises:
            ValueError: there is none before `act`.
        """
        if not self._rows:
            raise ValueError(NOTHING_YET)
        return unbatch(self._h.copy(), self._single)

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
        steps: int | None = None,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> Dream:
        """What M imagines from an observation on, or from the last frame that the agent acted on.

        From an observation, M starts with a state of zeros, as at the start of an episode. From the
        agent's last frame, M has first seen the episode up to it. The dream ends where M says so;
        an M that predicts neither rewards nor ends (`memory.predicts_reward_done`) dreams on, and
        its rewards are NaN. In a batch each row has noise of its own.

        Args:
            observation: where it starts; None: at the agent's last frame.
            actions: (steps, A), or (steps, N, A) of a batch: C's actions; None: `controller` acts.
            controller: takes z (N, Z) and h (N, H), and returns actions (N, A), with N = 1 where
                there is no batch; None: C.
            steps: the longest dream, 100 if it is None; as many as there are actions.
            temperature: 1 as learned, above 1 more random, towards 0 (1e-6, say) deterministic.
            seed: of its noise.

        Raises:
            ValueError: arguments do not fit each other, or there is no last frame.
        """
        if actions is not None and (steps is not None or controller is not None):
            raise ValueError("a dream takes actions, or else steps and a controller, not both")
        steps = _whole("steps", 100 if steps is None else steps, 1)
        seed = _whole("seed", seed, 0)
        if not isinstance(temperature, Real) or not 1e-9 <= temperature <= 1e9:
            raise ValueError(f"temperature should be from 1e-9 to 1e9; found {temperature!r}")
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
            temperature=float(temperature),
            with_c=controller is None and self.controller.takes_c,
            single=single,
        )

    def _checked(self) -> PretrainedAgent:
        """Itself.

        Raises:
            ValueError: a row has not acted since its last `reset`.
        """
        if not self._rows or not self._acted.all():
            raise ValueError(NOTHING_YET)
        return self

    def _start(self, rows: int, single: bool) -> None:
        self._rows, self._single = rows, single
        self._z = np.zeros((rows, self.memory.z_size), np.float32)
        self._h = np.zeros((rows, self.memory.hidden_size), np.float32)
        self._c = np.zeros_like(self._h)
        self._actions = np.zeros((rows, self.memory.action_size), np.float32)
        self._frames_left = np.zeros(rows, np.int64)  # that the action is still repeated for
        self._acted = np.zeros(rows, np.bool_)  # in the present episode
        self._history = History(rows, self.env_params.max_steps * self.frame_skip)

    def _decide(
        self, rows: NDArray[np.uint8], which: slice | NDArray[np.bool_], due: NDArray[np.bool_]
    ) -> None:
        """Choose the actions of some rows, and step M."""
        z = self.parts.vision.encode(self._adapter.view(rows))
        h, c = self._h[which], self._c[which]
        actions = self.controller(z, h, c)
        self._z[which], self._actions[which] = z, actions
        self._h[which], self._c[which] = self.parts.memory.step(z, actions, h, c)
        self._frames_left[which] = self.frame_skip
        self._acted[which] = True
        self._history.append(self._z, self._actions, due)


def _whole(name: str, value: int, least: int) -> int:
    """A whole number of at least `least`.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} should be a whole number from {least} on; found {value!r}")
    return int(value)
