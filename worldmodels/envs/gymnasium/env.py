"""Many episodes of any Gymnasium environment with pictures, as a vector environment."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

Info = dict[str, NDArray[Any]]
Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]


class GymnasiumEnv:
    """A batch of episodes, each in a Gymnasium environment of its own; Gymnasium's vector API.

    Action space: (num_envs, A), clipped to [-1, 1]: see `to_action`. An action is repeated for
        `frame_skip` frames.
    Observation space: (num_envs, *view) float32, multiples of 1 / 255 in [0, 1]: area means of
        what the environment renders, or observes if that is a picture.
    Rewards: the sum over the frames of a step.
    Starting state: that of the environment's reset with the row's seed.
    Episode end: terminated and truncated as the environment says; also truncated after
        `max_steps`. No auto-reset: a row that has ended keeps its state and flags, its reward is 0.
    Info: `lap_fraction`, which is 0: there is no track.

    Args:
        make: makes one environment.
        renders: whether pictures are what it renders, and not what it observes.
        seeds: row i starts from seeds[i % len(seeds)].
        num_envs: rows of every array.
        max_steps: steps after which an episode is truncated.
        view: height, width and channels (1 or 3) of an observation.
        inverted: whether white becomes black, and so on.
        frame_skip: frames in a step.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        renders: bool,
        seeds: Sequence[int],
        num_envs: int,
        max_steps: int,
        view: tuple[int, int, int],
        inverted: bool = False,
        frame_skip: int = 1,
    ) -> None:
        self.num_envs, self.max_steps = num_envs, max_steps
        self._renders, self._seeds = renders, seeds
        self._view, self._inverted, self._frame_skip = view, inverted, frame_skip
        self._all = [make() for _ in range(num_envs)]
        self._space = self._all[0].action_space
        weakref.finalize(self, _close, self._all)  # when nobody uses this batch any more

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Info]:
        """Start an episode in every row: observations, info. The rows' seeds decide, not `seed`.

        Raises:
            ValueError: there is an option; none is known.
        """
        if options:
            raise ValueError(f"reset has no options; found {', '.join(map(repr, options))}")
        self._envs = [*self._all]  # of the rows that are kept
        self._steps = 0
        self._terminated = np.zeros(self.num_envs, np.bool_)
        self._truncated = np.zeros(self.num_envs, np.bool_)
        self._observations = np.empty((self.num_envs, *self._view), np.float32)
        for row, env in enumerate(self._envs):
            observed, _ = env.reset(seed=self._seeds[row % len(self._seeds)])
            self._observations[row] = self._picture(env, observed)
        return self._observations, self._info()

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch, until the next reset."""
        self._envs = [self._envs[row] for row in rows]
        self._terminated, self._truncated = self._terminated[rows], self._truncated[rows]
        self._observations = self._observations[rows]

    def step(self, actions: ArrayLike) -> Step:
        """One step: observations, rewards, terminations, truncations, info.

        Raises:
            ValueError: the actions are not (rows, A) numbers.
        """
        numbers = np.asarray(actions, np.float64)
        if numbers.shape != (len(self._envs), action_size(self._space)):
            raise ValueError(
                f"actions must have shape ({len(self._envs)}, {action_size(self._space)}); "
                f"found {numbers.shape}"
            )
        rewards = np.zeros(len(self._envs))
        self._observations = self._observations.copy()  # earlier ones belong to the caller
        self._steps += 1
        for row in np.flatnonzero(~(self._terminated | self._truncated)).tolist():
            env, action = self._envs[row], to_action(self._space, numbers[row])
            for _ in range(self._frame_skip):
                observed, reward, terminated, truncated, _ = env.step(action)
                rewards[row] += reward
                if terminated or truncated:
                    break
            self._observations[row] = self._picture(env, observed)
            self._terminated[row] = terminated
            self._truncated[row] = truncated or self._steps >= self.max_steps
        ends = self._terminated.copy(), self._truncated.copy()
        return self._observations, rewards, *ends, self._info()

    def _picture(self, env: Any, observed: NDArray[Any]) -> NDArray[np.float32]:
        """(height, width, channels) in [0, 1]: what the environment shows now."""
        frame = np.squeeze(env.render() if self._renders else observed)  # (H, W) or (H, W, 3)
        height, width, channels = self._view
        picture = Image.fromarray(frame).convert("RGB" if channels == 3 else "L")
        picture = picture.resize((width, height), Image.Resampling.BOX)
        pixels = np.asarray(picture).reshape(self._view)
        shown = 255 - pixels if self._inverted else pixels
        return shown.astype(np.float32) / np.float32(255)

    def _info(self) -> Info:
        return {"lap_fraction": np.zeros(len(self._envs))}


def action_size(space: Any) -> int:
    """A, the numbers of an action: of a Discrete space one for each action, of a Box its size."""
    return int(space.n) if hasattr(space, "n") else math.prod(space.shape)


def to_action(space: Any, numbers: NDArray[np.float64]) -> Any:
    """An action of the space from A numbers, which are clipped to [-1, 1].

    Of a Discrete space it is the action with the greatest number. In a Box -1 is the lower bound
    and 1 the upper one.
    """
    if hasattr(space, "n"):
        return int(space.start + numbers.argmax())
    share = (np.clip(numbers, -1, 1).reshape(space.shape) + 1) / 2
    return (space.low + share * (space.high - space.low)).astype(space.dtype)


def _close(envs: Iterable[Any]) -> None:
    for env in envs:
        env.close()
