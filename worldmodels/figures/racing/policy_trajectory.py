"""policy_trajectory.png: C's first lap, coloured by what varies most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure, LineCollection
from worldmodels.figures.common.road import draw_track
from worldmodels.figures.common.style import INK, LABEL_SIZE, new_figure

SPEED_RANGE = 1.6  # world units / step
STEERING_RANGE = 2.0  # from full right to full left
LABEL_EVERY = 10  # steps
NEAR = 3.0  # world units: of the start, whose label is there
WIDE = 4  # line widths, points


def laps(states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Laps since the start (L + 1,), of states (L + 1, 4) on a track around the origin."""
    x, y = states[:, 0], states[:, 1]
    angle = np.unwrap(np.arctan2(y, x))
    since_start: NDArray[np.float64] = (angle - angle[0]) / (2 * np.pi)
    return since_start


def first_lap(states: NDArray[np.float64]) -> int | None:
    """The number of steps of the first lap; None if there is no whole one."""
    whole = np.flatnonzero(laps(states) >= 1)
    return int(whole[0]) if whole.size else None


def trajectory_figure(
    track: Track,
    states: NDArray[np.float64],
    actions: NDArray[np.float32],
    distances: NDArray[np.float64],
    driven: float,
) -> Figure:
    """The first lap of an episode of C, or all of it if there is no whole lap.

    Args:
        track: of the episode.
        states: (L + 1, 4).
        actions: (L, 2).
        distances: from the centreline, (L + 1,).
        driven: laps of the episode.
    """
    lap = first_lap(states)
    steps = lap or len(actions)
    points, speed, steering = states[: steps + 1, :2], states[1 : steps + 1, 3], actions[:steps, 0]
    figure = new_figure(6.4, 5.5)
    road = figure.add_axes((0.02, 0.02, 0.8, 0.87))
    draw_track(road, track)
    values: NDArray[Any]
    if np.std(steering) / STEERING_RANGE > np.std(speed) / SPEED_RANGE:
        values, name, colours = steering, "steering (-1: full right, +1: full left)", "PuOr"
        limits = (-1.0, 1.0)
    else:
        values, name, colours = speed, "speed (world units / step)", "viridis"
        limits = (0.0, max(SPEED_RANGE, float(speed.max())))
    segments = list(np.stack([points[:-1], points[1:]], axis=1))
    road.add_collection(LineCollection(segments, color=INK, linewidth=WIDE + 1.6))
    trail = LineCollection(segments, cmap=colours, array=values, clim=limits, linewidth=WIDE)
    road.add_collection(trail)
    bar = figure.colorbar(trail, cax=figure.add_axes((0.85, 0.12, 0.025, 0.67)), label=name)
    bar.outline.set_visible(False)
    _label_steps(road, points)
    road.set(xticks=[], yticks=[])
    widest = float(distances[: steps + 1].max()) / track.half_width
    for y, size, weight, text in (
        (0.985, 10, "bold", _finding(lap, driven, len(actions))),
        (
            0.94,
            9,
            "normal",
            f"at most {widest:.2f} half-widths from the middle of the road (1: its edge); "
            "numbers are steps",
        ),
    ):
        figure.text(0.02, y, text, va="top", fontsize=size, fontweight=weight)
    return figure


def _finding(lap: int | None, driven: float, steps: int) -> str:
    if lap:
        return f"C drives its first lap in {lap} steps, and {driven:.2f} laps in {steps}"
    return f"C drives {driven:.2f} of a lap in {steps} steps: no whole one"


def _label_steps(axes: Axes, points: NDArray[np.float64]) -> None:
    """Mark the start and every LABEL_EVERY steps, with their numbers beside the road."""
    start = points[0]
    for step in range(0, len(points), LABEL_EVERY):
        x, y = points[step]
        if step and np.hypot(x - start[0], y - start[1]) < NEAR:
            continue
        axes.plot(x, y, "o", color="white", markersize=4, markeredgecolor=INK)
        outwards = 1 + 2.6 / max(float(np.hypot(x, y)), 1.0)
        text = f"{step}" if step else "start"
        where = (
            float(np.clip(x * outwards, -11.3, 11.3)),
            float(np.clip(y * outwards, -11.5, 11.5)),
        )
        axes.text(*where, text, ha="center", va="center", fontsize=LABEL_SIZE + 0.5)
