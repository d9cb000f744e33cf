"""A planner's return on a track: a beam search that knows the track, the car and the rewards.

It is the upper bound that controllers, which see only what is around them, are compared with.
`python -m benchmarks.planner` prints its return on the reference stub's track, where a search of
25,000 beams had reached 120.27.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.env import (
    DRAG,
    LAP_REWARD,
    MAX_SPEED,
    OFF_ROAD_COST,
    THRUST,
    TURN,
    RacingEnv,
)
from worldmodels.envs.racing.track import Track

Array = NDArray[np.float64]

BEAM_WIDTH = 1500
PRESELECTED = 20  # the best of that many times BEAM_WIDTH are sorted into cells
STEERING = np.linspace(-1, 1, 21)
THROTTLE = np.array([-1.0, 0.0, 1.0])
CELL, ANGLE, SPEED = 0.1, 0.05, 0.1  # world units, radians, world units / step: a beam in each
NEIGHBOURS = np.arange(-12, 13)  # samples around a car's polar angle, where its nearest lies


class Beams(NamedTuple):
    """The state of each beam's car, (beams,) each."""

    x: Array
    y: Array
    theta: Array
    speed: Array
    sample: NDArray[np.intp]  # of the centreline, the nearest
    total_reward: Array

    def take(self, rows: NDArray[np.intp]) -> Beams:
        """These beams."""
        x, y, theta, speed, sample, reward = self
        return Beams(x[rows], y[rows], theta[rows], speed[rows], sample[rows], reward[rows])


def plan(track: Track, steps: int) -> float:
    """The return of the best actions that the search finds, as `RacingEnv` counts it.

    Raises:
        ValueError: every beam has left the track.
    """
    steering, throttle = (axis.ravel() for axis in np.meshgrid(STEERING, THROTTLE))
    (x, y), zero = track.centreline[0], np.zeros(1)
    beams = Beams(
        np.array([x]), np.array([y]), np.array([track.heading]), zero, np.zeros(1, np.intp), zero
    )
    parents, choices = [], []
    for _ in range(steps):
        expanded, priority = _expand(beams, steering, throttle, track)
        kept = _best_of_each_cell(expanded, priority)
        parents.append(kept // len(steering))
        choices.append(kept % len(steering))
        beams = expanded.take(kept)
    beam = int(beams.total_reward.argmax())
    actions = []
    for parent, choice in zip(reversed(parents), reversed(choices), strict=True):
        actions.append((steering[choice[beam]], throttle[choice[beam]]))
        beam = parent[beam]
    return env_return(track, np.array(actions[::-1]))


def env_return(track: Track, actions: Array) -> float:
    """The return of these actions (steps, 2) in the environment itself."""
    env = RacingEnv([track], 1, len(actions))
    env.reset()
    return float(sum(env.step(action[None])[1][0] for action in actions))


def _expand(beams: Beams, steering: Array, throttle: Array, track: Track) -> tuple[Beams, Array]:
    """Every beam after every action, and its priority; (beams * actions,) each.

    The priority is the total reward, and the reward of the way since the nearest sample, which
    the environment pays only at the next one; -inf for a car that has left the track.
    """
    speed = np.clip(beams.speed[:, None] * (1 - DRAG) + THRUST * throttle, 0, MAX_SPEED)
    theta = beams.theta[:, None] + TURN * steering * speed
    x = (beams.x[:, None] + speed * np.cos(theta)).ravel()
    y = (beams.y[:, None] + speed * np.sin(theta)).ravel()
    count = track.samples
    at = np.arctan2(y, x) / (2 * np.pi) * count  # the car's polar angle, in samples
    near = (np.rint(at).astype(np.intp)[:, None] + NEIGHBOURS) % count
    square = np.square(x[:, None] - track.centreline[near, 0])
    square += np.square(y[:, None] - track.centreline[near, 1])
    rows, nearest = np.arange(len(x)), square.argmin(axis=1)
    sample, distance = near[rows, nearest], np.sqrt(square[rows, nearest])
    before = np.repeat(beams.sample, len(steering))
    progress = _shorter_way(sample - before, count) / count
    beyond = np.maximum(distance - track.half_width, 0)
    reward = LAP_REWARD * progress
    total_reward = np.repeat(beams.total_reward, len(steering)) + reward - OFF_ROAD_COST * beyond
    priority = total_reward + LAP_REWARD * _shorter_way(at - sample, count) / count
    priority[distance > 2 * track.half_width] = -np.inf
    return Beams(x, y, theta.ravel(), speed.ravel(), sample, total_reward), priority


def _shorter_way(samples: NDArray[Any], count: int) -> Array:
    """A difference in samples, the shorter way round the loop."""
    way: Array = (samples + count / 2) % count - count / 2
    return way


def _best_of_each_cell(beams: Beams, priority: Array) -> NDArray[np.intp]:
    """The beams of the highest priority, one of each cell, so that they stay diverse."""
    order = np.argsort(-priority)
    order = order[np.isfinite(priority[order])][: PRESELECTED * BEAM_WIDTH]
    if not order.size:
        raise ValueError("every beam has left the track")
    cells = np.stack(
        [
            np.floor(values[order] / size)
            for values, size in (
                (beams.x, CELL),
                (beams.y, CELL),
                (beams.theta, ANGLE),
                (beams.speed, SPEED),
            )
        ],
        axis=1,
    )
    _, first = np.unique(cells, axis=0, return_index=True)
    kept: NDArray[np.intp] = order[np.sort(first)[:BEAM_WIDTH]]
    return kept


def main() -> None:
    """Print the return."""
    print(f"the planner's return on the reference stub's track: {plan(Track(), 120):+.2f}")


if __name__ == "__main__":
    main()
