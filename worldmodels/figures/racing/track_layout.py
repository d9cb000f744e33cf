"""track_layout.png: the track of all episodes, or tracks from C's worst to its best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.road import closed, draw_track
from worldmodels.figures.common.style import (
    CONTROLLER,
    ENVIRONMENT,
    INK,
    LABEL_SIZE,
    WIDTH,
    new_figure,
)

COLUMNS = 4
MAX_TRACKS = 8


class Drive(NamedTuple):
    """An episode of C."""

    track: Track
    path: NDArray[np.float64]  # (L + 1, 2), world units
    total_reward: float


def track_figure(drives: Sequence[Drive], count: int) -> Figure:
    """Each distinct track from above, with its start; of several, also how C drives on them.

    Args:
        drives: of C, at most MAX_TRACKS are shown; from the lowest return to the highest.
        count: tracks of which these are some.
    """
    if len({drive.track for drive in drives}) == 1:
        return _single_track(drives[0].track)
    rows = -(-len(drives) // COLUMNS)
    height = 2.05 * rows + 0.55
    figure = new_figure(WIDTH, height)
    for number, drive in enumerate(drives):
        row, column = divmod(number, COLUMNS)
        bottom = (height - 0.8 - 2.05 * row - 1.78) / height
        axes = figure.add_axes((column / COLUMNS + 0.005, bottom, 0.99 / COLUMNS, 1.75 / height))
        draw_track(axes, drive.track)
        axes.plot(*drive.path.T, color=CONTROLLER, linewidth=1.2)
        axes.plot(*drive.path[0], "o", color=INK, markersize=4)
        axes.set(xticks=[], yticks=[])
        axes.set_title(
            f"{drive.total_reward:+.1f} (a lap: {drive.track.length:.0f} long)",
            fontsize=LABEL_SIZE + 0.5,
            fontweight="normal",
        )
    worst, best = drives[0].total_reward, drives[-1].total_reward
    for y, size, weight, text in (
        (0.08, 10, "bold", f"On {count} tracks C returns from {worst:+.1f} to {best:+.1f}"),
        (
            0.28,
            9,
            "normal",
            f"{len(drives)} of them, from C's worst to its best; the line is C's"
            " way from the dot on, lengths are in world units",
        ),
    ):
        figure.text(0.012, 1 - y / height, text, va="top", fontsize=size, fontweight=weight)
    return figure


def _single_track(track: Track) -> Figure:
    figure = new_figure(5.4, 5.2)
    axes = figure.add_axes((0.11, 0.1, 0.86, 0.83))
    draw_track(axes, track)
    axes.plot(*closed(track.centreline).T, color=ENVIRONMENT, linewidth=1, linestyle="--")
    axes.set(
        title=f"All episodes: one track, {track.length:.1f} long, {2 * track.half_width:.1f} wide",
        xlabel="x (world units)",
        ylabel="y (world units)",
    )
    _draw_start(axes, track)
    middle = track.centreline[len(track.centreline) // 2]
    _name(axes, "centreline", middle, (0.72 * middle[0], 0.72 * middle[1]), ENVIRONMENT)
    return figure


def _draw_start(axes: Axes, track: Track) -> None:
    """An arrow from the start in its heading, with a name."""
    x, y = track.centreline[0]
    axes.annotate(
        "",
        (x + 2.4 * np.cos(track.heading), y + 2.4 * np.sin(track.heading)),
        (x, y),
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 2, "shrinkA": 0, "shrinkB": 0},
    )
    axes.plot(x, y, "o", color=INK, markersize=7)
    _name(axes, "start", (x, y), (0.68 * x, 0.68 * y), INK)


def _name(
    axes: Axes,
    text: str,
    place: Sequence[float] | NDArray[np.float64],
    where: tuple[float, float],
    colour: str,
) -> None:
    """Write a name inside the loop, with a line to what it names."""
    line = {"arrowstyle": "-", "color": colour, "linewidth": 0.8}
    axes.annotate(
        text, tuple(place), where, ha="center", va="center", color=colour, arrowprops=line
    )
