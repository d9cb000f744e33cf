"""ViZDoom's Take Cover, the second environment of the paper, as a vector environment.

It needs requirements-doom.txt.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.envs.doom.engine import Camera, require_vizdoom
from worldmodels.envs.doom.game import Game

Info = dict[str, NDArray[Any]]
Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]
THRESHOLD = 1 / 3  # of the action, beyond which the player moves
VIEWS = {  # cameras, by height and width of an observation
    # The band of the horizon, in which all monsters and fireballs are: means of 2 x 2 pixels.
    (28, 80): Camera("RES_160X120", 36, 92, 28, 80),
    # The paper's: the screen above the player's weapon, squeezed.
    (64, 64): Camera("RES_640X480", 0, 400, 64, 64),
}
# Nothing is drawn: the games are the same, and several times as fast.
BLIND = Camera("RES_160X120", 0, 0, 0, 0)


class DoomEnv:
    """A vector environment of games, each in an engine of its own; Gymnasium's vector API.

    The player stands in a room; monsters at its far wall, ever more of them, throw fireballs. The
    rules are the paper's: skill 4, and an episode begins at tic 14 of the game. A second has 35
    tics. Observations are as the game draws them, without a status bar, and without the red light
    that is lit when the player is hurt; the paper's authors inverted theirs.

    Action space: (num_envs, 1): above 1/3 the player moves to the right, below -1/3 to the left,
        between them not at all; for `frame_skip` tics.
    Observation space: (num_envs, height, width, 3) float32, multiples of 1 / 255 in [0, 1]: area
        means of the rows of the screen that the camera shows. With BLIND there are no pixels.
    Rewards: 1 for every tic of a step, the one of the player's death included.
    Starting state: that of the row's seed, in any engine.
    Episode end: terminated when the player dies, truncated after `max_steps`. A step ends with the
        player's death. The game then shows nothing, so the observation is still the one before. No
        auto-reset: a row that has ended keeps its state and flags, its reward is 0.
    Info: `health` (of the player, 100 at first; 0 or less at death; not with BLIND), `tics` (of the
        step, 0 at first and of rows that have ended), `lap_fraction` (which is 0: there is no
        track).

    Args:
        seeds: row i starts from seeds[i % len(seeds)].
        num_envs: rows of every array.
        max_steps: steps after which an episode is truncated; the paper's 2,100 tics are 525 steps
            of 4.
        camera: what is shown: one of VIEWS; or BLIND, for policies that look at nothing.
        frame_skip: tics in a step.
        failure: the exception that is raised if engines are lost again and again.

    Raises:
        ImportError: ViZDoom is not installed, or this is not Linux.
        ValueError: there is no seed, row, step or tic.
    """

    action_size = 1

    def __init__(
        self,
        seeds: Sequence[int],
        num_envs: int = 1,
        max_steps: int = 525,
        camera: Camera = VIEWS[28, 80],
        frame_skip: int = 4,
        failure: type[Exception] = RuntimeError,
    ) -> None:
        if not len(seeds) or min(num_envs, max_steps, frame_skip) < 1:
            raise ValueError(
                "an environment needs at least one seed, row, step and tic a step, "
                f"not {len(seeds)}, {num_envs}, {max_steps} and {frame_skip}"
            )
        require_vizdoom()
        self.num_envs = num_envs
        self.max_steps = max_steps
        self.observation_shape = (camera.height, camera.width, 3)
        self._seeds = [int(seed) for seed in seeds]
        self._camera, self._frame_skip, self._failure = camera, frame_skip, failure
        self._games: list[Game] = []  # of the rows that are kept; always the same list
        weakref.finalize(self, _end, self._games)  # when nobody uses this batch any more

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Info]:
        """Start an episode in every row: observations, info. The rows' seeds decide, not `seed`.

        Raises:
            ValueError: there is an option; none is known.
        """
        if options:
            raise ValueError(f"reset has no options; found {', '.join(map(repr, options))}")
        self.keep(np.zeros(0, np.intp))
        rows = range(self.num_envs)
        seeds = [self._seeds[row % len(self._seeds)] for row in rows]
        self._games += [Game(self._camera, number, self._failure) for number in seeds]
        self._terminated = np.zeros(self.num_envs, np.bool_)
        self._steps = 0
        self._health = np.zeros(self.num_envs, np.int64)
        self._observations = np.zeros((self.num_envs, *self.observation_shape), np.float32)
        tics = self._receive(rows)
        return self._observations, self._info(tics)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch, until the next reset."""
        _end(self._games[row] for row in set(range(len(self._games))) - set(rows.tolist()))
        self._games[:] = [self._games[row] for row in rows]
        if self._games:
            self._terminated, self._health = self._terminated[rows], self._health[rows]
            self._observations = self._observations[rows]

    def step(self, actions: ArrayLike) -> Step:
        """One step of `frame_skip` tics, or fewer if the player dies.

        Returns observations, rewards, terminations, truncations, info.

        Raises:
            ValueError: the actions are not (rows, 1) numbers, or one of them is NaN.
            Exception: the one of `failure`, in a sentence: several engines were lost in a row.
        """
        directions = self._directions(actions)
        active = np.flatnonzero(~self._terminated & (self._steps < self.max_steps)).tolist()
        self._observations = self._observations.copy()  # earlier ones belong to the caller
        self._health = self._health.copy()
        for row in active:  # all engines work at once
            self._games[row].move(directions[row], self._frame_skip)
        tics = self._receive(active)
        self._steps += 1
        truncated = ~self._terminated & (self._steps >= self.max_steps)
        ends = self._terminated.copy(), truncated
        return self._observations, tics.astype(np.float64), *ends, self._info(tics)

    def _receive(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """Take the answers of these rows' games; the tics that they took, of every row."""
        tics = np.zeros(len(self._games), np.int64)
        for row in rows:
            answer = self._games[row].answer()
            tics[row], self._terminated[row] = answer.tics, answer.dead
            if answer.health is not None:
                self._health[row] = answer.health
            if answer.observation is not None:
                pixels = np.frombuffer(answer.observation, np.uint8)
                self._observations[row] = pixels.reshape(self.observation_shape)
                self._observations[row] /= np.float32(255)
        return tics

    def _directions(self, actions: ArrayLike) -> list[int]:
        """-1, 0 or 1 of each row: left, still or right."""
        action = np.asarray(actions, np.float64)
        if action.shape != (len(self._games), self.action_size):
            raise ValueError(
                f"actions must have shape ({len(self._games)}, {self.action_size}): one row a "
                f"game, one number; found {action.shape}"
            )
        if np.isnan(action).any():
            raise ValueError(
                "actions must be numbers in [-1, 1]; "
                f"found NaN for game {np.argwhere(np.isnan(action))[0, 0]}"
            )
        moves: list[int] = directions(action).tolist()
        return moves

    def _info(self, tics: NDArray[np.int64]) -> Info:
        health = {} if self._camera == BLIND else {"health": self._health}
        return {"lap_fraction": np.zeros(len(self._games)), **health, "tics": tics}


def directions(actions: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """-1, 0 or 1 of actions (N, 1): the player moves to the left, not at all, or to the right."""
    moves: NDArray[np.int64] = (actions > THRESHOLD).astype(np.int64) - (actions < -THRESHOLD)
    return moves[:, 0]


def _end(games: Iterable[Game]) -> None:
    for game in games:
        game.end()
