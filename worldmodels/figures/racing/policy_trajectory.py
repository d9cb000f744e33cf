"""policy_trajectory.png: the path of C in an episode, and its actions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.matplotlib_defaults import Figure, LineCollection
from worldmodels.figures.common.road import draw_track
from worldmodels.figures.common.style import BLUE, ORANGE, new_figure


def trajectory_figure(
    track: Track,
    states: NDArray[np.float64],
    actions: NDArray[np.float32],
    total_reward: float,
) -> Figure:
    """States (L + 1, 4) on the track, coloured by step, and actions (L, 2)."""
    figure = new_figure(11, 4.9)
    road = figure.add_axes((0.05, 0.1, 0.41, 0.82))
    draw_track(road, track)
    points = states[:, :2]
    trail = LineCollection(
        list(np.stack([points[:-1], points[1:]], axis=1)),
        cmap="viridis",
        array=np.arange(len(actions)),
        linewidth=2,
    )
    road.add_collection(trail)
    road.plot(*points[0], "o", color=BLUE, markersize=7, markeredgecolor="white", label="start")
    road.plot(*points[-1], "s", color=ORANGE, markersize=7, markeredgecolor="white", label="end")
    road.legend(loc="center")
    road.set(
        title=f"C returns {total_reward:+.1f} in {len(actions)} steps",
        xlabel="x (world units)",
        ylabel="y (world units)",
    )
    figure.colorbar(trail, cax=figure.add_axes((0.47, 0.1, 0.012, 0.82)), label="step")

    for number, (name, colour) in enumerate((("steer", BLUE), ("throttle", ORANGE))):
        axes = figure.add_axes((0.595, 0.56 - 0.46 * number, 0.395, 0.36))
        axes.axhline(0, color="#BBBBBB", linewidth=0.8)
        axes.plot(np.arange(1, len(actions) + 1), actions[:, number], color=colour)
        axes.set(
            title=("Steer (+1: full left)", "Throttle (+1: full)")[number],
            xlabel="step" if number else "",
            ylabel=name,
            ylim=(-1.1, 1.1),
        )
    return figure
